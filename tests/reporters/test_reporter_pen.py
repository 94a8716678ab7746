"""Readers that are slow, that leave, that fail: none of them touches a run."""

import asyncio
import errno
import io
import os
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lead_tui.core import events as ev
from lead_tui.errors import UsageError
from lead_tui.observers.hub import Hub, Item
from lead_tui.reporters import StreamReporter, Target, make, registry
from lead_tui.reporters.pen import BEHIND, Pen
from lead_tui.reporters.running import Running
from lead_tui.reporters.streams import Stream
from lead_tui.runner.result import Result
from tests.reporters.reporter_samples import STORY, WAITING, feed, report, result, tell


class Held(io.StringIO):
    """A terminal that somebody holds with Ctrl-S until `free` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.reached = threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        assert self.free.wait(30)
        return super().write(text)


class Broken(io.StringIO):
    """A file whose writes fail with this error."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self._code = code

    def write(self, text: str) -> int:
        raise OSError(self._code, os.strerror(self._code))


async def test_a_held_terminal_does_not_hold_the_run():
    """While the terminal takes nothing the loop goes on; freed, all events are there."""
    stream = Held()
    reporter = make("jsonl", stdout=stream, stderr=io.StringIO())
    hub = Hub()
    hub.attach(reporter)
    hub.publish(STORY[:5])
    await asyncio.to_thread(stream.reached.wait, 30)
    hub.publish(STORY[5:])
    await hub.close(patience=0)
    stream.free.set()
    await asyncio.to_thread(reporter.finish, result(), 0)
    assert stream.getvalue().count("\n") == len(STORY)


async def test_a_reader_that_is_slow_loses_notes_before_events():
    """Once the pen is far behind only events are handed to it."""
    stream = Held()
    reporter = make("jsonl", stdout=stream, stderr=io.StringIO())
    items = tell(*(each for _ in range(BEHIND + 500) for each in (ev.Log(text="x"), ev.TaskReady(task="a"))))
    for item in items:
        await reporter.on_batch([item])
    stream.free.set()
    await asyncio.to_thread(reporter.finish, result(), 0)
    assert stream.getvalue().count('"task_ready"') == BEHIND + 500
    assert BEHIND // 4 < stream.getvalue().count('"type":"log"') < BEHIND + 500


@pytest.mark.parametrize("output", ["text", "json", "jsonl", "github"])
def test_a_reader_that_leaves_ends_its_stream_alone(output: str):
    """`| head`: stdout is gone, the run is told to its end on stderr, and nothing raises."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as stdout:
        _, err = report(output, stdout=stdout, outcome=WAITING)
    assert "nightly waiting in 13.0s" in err


def test_a_closed_stdout_is_a_reader_that_left():
    """A program that closed its stdout gets no exception from a reporter."""
    stdout = io.StringIO()
    stdout.close()
    report("text", stdout=stdout)


def test_a_full_disk_is_told_at_the_end_and_not_before():
    """Other errors are raised by `finish`, once, and `close` after it is silent."""
    reporter = make("jsonl", stdout=Broken(errno.ENOSPC), stderr=io.StringIO())
    feed(reporter, STORY)
    with pytest.raises(OSError, match="No space left"):
        reporter.finish(result(), 0)
    reporter.close()
    reporter = make("jsonl", stdout=Broken(errno.ENOSPC), stderr=io.StringIO())
    feed(reporter, STORY)
    reporter.close()


def test_a_stream_without_an_own_file_may_break_too():
    """A reader in the same process that is gone ends the stream without an error."""
    stream = Stream(Broken(errno.EPIPE))
    stream.line("x")
    stream.flush()
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()

    class Unflushable(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError(errno.EPIPE, "gone")

    stream = Stream(Unflushable())
    stream.flush()
    stream.line("dropped")
    assert stream.encoding == "utf-8"


def test_silence_is_noticed_again_and_again():
    """Without jobs the pen calls `idle`, and it ends at once when it is closed."""
    twice = threading.Event()
    calls: list[int] = []

    def idle() -> None:
        calls.append(1)
        if len(calls) == 2:
            twice.set()

    pen = Pen(idle, 0.001, lambda problem: None)
    pen.do(lambda: None)
    assert twice.wait(30)
    pen.close()
    pen.close()
    pen.do(twice.clear)
    pen.wait()
    assert twice.is_set(), "nothing happens after close"


class Shouting(StreamReporter):
    """What a package may bring: it writes one word per batch."""

    def show(self, batch: Sequence[Item]) -> None:
        self.target.stdout.write("LOUD ")

    def conclude(self, result: Result, exit_code: int) -> None:
        self.target.stdout.write(f"{result.status.upper()} {exit_code}")


class Point:
    """An entry point whose loading gives this, or raises it."""

    def __init__(self, loaded: object) -> None:
        self._loaded = loaded

    def load(self) -> object:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


def test_a_package_may_bring_a_reporter(monkeypatch: pytest.MonkeyPatch):
    """One entry point is enough; one that cannot be imported is an error for who names it alone."""
    points = {"loud": Point(Shouting), "broken": Point(ImportError("no module")), "odd": Point(42)}
    monkeypatch.setattr(registry, "_entry_points", lambda: points)
    out, err = report("loud", outcome=result(), exit_code=0)
    assert (out, err) == ("LOUD COMPLETED 0", "")
    with pytest.raises(UsageError, match="'broken' cannot be loaded: ImportError: no module"):
        make("broken", stdout=io.StringIO(), stderr=io.StringIO())
    with pytest.raises(UsageError, match="there is no 'odd'; known are loud"):
        make("odd", stdout=io.StringIO(), stderr=io.StringIO())
    with pytest.raises(UsageError, match="known are"):
        registry.report_file("loud=x")


@pytest.mark.parametrize("again", [False, True])
def test_a_reporter_that_fails_goes_quiet(again: bool, caplog: pytest.LogCaptureFixture):
    """A bug in a plugin's reporter is logged once; it gives the terminal back and is not called any more."""
    called: list[str] = []

    class Buggy(Shouting):
        def show(self, batch: Sequence[Item]) -> None:
            called.append("show")
            raise ValueError("bug")

        def let_go(self) -> None:
            called.append("let go")
            if again:
                raise ValueError("bug")

    stdout = io.StringIO()
    reporter = Buggy(Target(stdout, io.StringIO()))
    feed(reporter, STORY)
    feed(reporter, STORY)
    reporter.finish(result(), 0)
    reporter.close()
    assert called == ["show", "let go"]
    assert stdout.getvalue() == ""
    assert caplog.messages == ["reporter Buggy failed and says nothing more: ValueError: bug"]


async def test_a_report_that_could_not_gather_is_not_written(tmp_path: Path):
    """What went wrong is logged by who called, once, and raised by `finish`: half a report is none."""
    reporter = registry.report_file(f"junit={tmp_path / 'report.xml'}")
    with pytest.raises(TypeError):
        await reporter.on_batch([ev.Log(task="a", text=None)])  # type: ignore[arg-type]
    await reporter.on_batch([ev.Log(task="a", text=None)])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        reporter.finish(result(), 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("done", "total", "part"),
    [
        (1, 4, 0.25), (9, 4, 1.0), (-1, 4, 0.0), (10**400, 10**400, 1.0), (1.0, float("inf"), 0.0),
        (1, None, None), (1, 0, None), (1, "ten", None), ("one", 10, None), (float("nan"), 10, None),
        (10**400, 3.0, None), (1, Decimal(10), None),
    ],
)  # fmt: skip
def test_a_part_is_shown_if_there_is_one(done: Any, total: Any, part: float | None):
    """Whatever an agent calls its progress: a number between 0 and 1, or none; its text is text."""
    running = Running(1)
    said = ev.Progress(done=done, total=total, text=Odd(), task="a")  # type: ignore[arg-type]
    for item in tell(ev.AttemptStarted(task="a", attempt=1), said):
        running.see(item)
    assert running.tasks["a"].part == part
    assert running.tasks["a"].text == "odd␛"


class Odd:
    """No text, but what it says of itself has a character that a terminal obeys."""

    def __str__(self) -> str:
        return "odd\x1b"
