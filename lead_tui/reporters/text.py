"""`--output text`: progress on stderr, at the end the result on stdout and the summary on stderr."""

import shutil
from collections.abc import Sequence

from lead_tui.observers.hub import Item
from lead_tui.reporters.base import StreamReporter, Target
from lead_tui.reporters.progress import Lines, progress
from lead_tui.reporters.result_text import result_body, summary
from lead_tui.reporters.streams import Stream
from lead_tui.runner.result import Result


class TextReporter(StreamReporter):
    """For people. What others derive from it change is `body`: what stands on stdout."""

    def __init__(self, target: Target) -> None:
        self.progress = self.make_progress(target)
        self.stdout = Stream(target.stdout)
        super().__init__(target, idle_every=self.progress.idle_every)

    def make_progress(self, target: Target) -> Lines:
        return progress(target)

    def show(self, batch: Sequence[Item]) -> None:
        self.progress.show(batch)

    def idle(self) -> None:
        self.progress.idle()

    def let_go(self) -> None:
        self.progress.let_go()

    def conclude(self, result: Result, exit_code: int) -> None:
        """The result first: on a terminal both stand below each other, and the summary is read last."""
        body = self.body(result, exit_code)
        try:
            if body:
                if self.stdout.isatty():
                    self.stdout.line("")
                self.stdout.line(body)
            self.stdout.flush()
        finally:
            self.progress.end(summary(result, exit_code))

    def body(self, result: Result, exit_code: int) -> str:
        width = shutil.get_terminal_size().columns if self.stdout.isatty() else 200
        return result_body(result, width)
