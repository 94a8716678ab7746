"""The feeds of the runs that are shown or driven here; each run has one, for however many screens."""

from collections.abc import Callable, Iterable, Iterator

from lead_tui.core.plan import Plan
from lead_tui.tui.feed import Feed
from lead_tui.tui.model import RunModel
from lead_tui.tui.runs import Runs


class Feeds:
    def __init__(self, runs: Runs, wake: Callable[[], None]) -> None:
        self._runs = runs
        self._wake = wake
        self._open: dict[str, Feed] = {}

    def __iter__(self) -> Iterator[Feed]:
        return iter(list(self._open.values()))

    def of(self, run_id: str) -> Feed:
        """The feed of a run of the journal. Raises RunNotFound."""
        feed = self._open.get(run_id)
        if feed is None:
            record = self._runs.record(run_id)
            feed = self.begin(record.plan, run_id, record.source)
        return feed

    def begin(self, plan: Plan, run_id: str, source: str) -> Feed:
        """A feed for a run that may not be in the journal yet."""
        feed = self._open[run_id] = Feed(RunModel(plan, run_id, source=source), self._runs, self._wake)
        feed.start()
        return feed

    def look(self, run_id: str) -> None:
        """The run is driven here from now on."""
        if run_id in self._open:
            self._open[run_id].look()

    def release(self, shown: Iterable[object]) -> None:
        """Follow no longer what no screen shows and is not driven here; `shown`: models of screens."""
        models = {id(model) for model in shown}
        for run_id, feed in list(self._open.items()):
            if id(feed.model) not in models and not self._runs.is_driven(run_id):
                feed.stop()
                del self._open[run_id]

    def replay(self, run_id: str, plan: Plan, source: str) -> Feed:
        """A feed of its own, which the live one knows nothing of."""
        return Feed(RunModel(plan, run_id, source=source), self._runs, self._wake)

    def close(self) -> None:
        for feed in self._open.values():
            feed.stop()
        self._open.clear()
