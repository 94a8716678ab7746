"""What a person wants, as messages that travel from any widget up to the app, which alone acts on them."""

from pathlib import Path

from textual.message import Message

from lead_tui.core.commands import AnyCommand


class Intent(Message):
    """The root of all intents; the app's handler is named after the class."""


class OpenRun(Intent):
    """Show this run; `replay` with the scrubber, from its first event on."""

    def __init__(self, run_id: str, *, replay: bool = False) -> None:
        super().__init__()
        self.run_id = run_id
        self.replay = replay


class OpenTask(Intent):
    """Show all of one task of a run."""

    def __init__(self, run_id: str, task: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.task = task


class PrepareFlow(Intent):
    """Ask for the inputs of this flow, then run it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class EditFlow(Intent):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class TestAgents(Intent):
    """Make single calls to this flow's agents."""

    __test__ = False  # no test, whatever its name says to a collector

    def __init__(self, path: Path, agent: str = "") -> None:
        super().__init__()
        self.path = path
        self.agent = agent


class Steer(Intent):
    """Send this command to a run; `done` is what to say once it is accepted."""

    def __init__(self, run_id: str, command: AnyCommand, done: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.command = command
        self.done = done


class ResumeRun(Intent):
    """End a pause, or take up a run that nobody drives."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id
