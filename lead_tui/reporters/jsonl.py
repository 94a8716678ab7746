"""`--output jsonl`: each event and note as a line of JSON on stdout as it happens; nothing else there."""

from collections.abc import Sequence

from lead_tui.observers.hub import Item
from lead_tui.reporters.base import StreamReporter, Target
from lead_tui.reporters.progress import Lines
from lead_tui.reporters.result_text import summary
from lead_tui.reporters.streams import Stream
from lead_tui.runner.result import Result
from lead_tui.text.wire import escaped, event_text


class JsonlReporter(StreamReporter):
    """Flushed per batch; the summary stands on stderr."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._stdout = Stream(target.stdout)

    def show(self, batch: Sequence[Item]) -> None:
        encoding = self._stdout.encoding
        self._stdout.write("".join(f"{escaped(event_text(item), encoding)}\n" for item in batch))
        self._stdout.flush()

    def conclude(self, result: Result, exit_code: int) -> None:
        Lines(self.target).end(summary(result, exit_code))
