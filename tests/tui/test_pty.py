"""What agents say never acts on the terminal: the real program in a pty, and every byte that it writes."""

import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from lead_tui.cli.session import existing

PATIENCE = 30.0
HELD = 3_500
"""Bytes that a terminal of Linux has ready at most before it lets nobody write, nearly."""
HOSTILE = (
    "\x1b[31mRED \x1b]52;c;SE9TVElMRQ==\x07 \x1b]0;TITLE\x07 \x1bc \x1b[6n \x1b[21t \x1b[2J \x1bP$q\x1b\\ "
    "\x9b6n \x9d0;C1\x9c \u202eevil\u202c \u2066iso\u2069 \u200b\ufeff \x00 \x07 \x08\x08 \x7f \r over \x0e "
    "[/x] [@click=app.quit]CLICK[/] [bold]B[/bold] {markup} \\[ [link=https://x]L[/link] "
)
STEPS = f"""
HOSTILE = {HOSTILE!r}

def result():
    rows = [{{HOSTILE: 1}}, {{HOSTILE: HOSTILE}}]
    return {{"text": HOSTILE, HOSTILE: [HOSTILE, {{"deep": HOSTILE}}], "rows": rows}}

def failure():
    raise ValueError(HOSTILE)

def flood():
    return "LONG" + HOSTILE * 8000
"""
ESCAPES = re.compile(  # what the cockpit itself asks for, and the reporter after it
    rb"\x1b(?:\[[0-9;:?<>=$]*[HmhlupKA]|\]22;[a-z-]*\x07|\]9;leadtui: [^\x00-\x1f\x7f]*\x07)"
)
FORBIDDEN = re.compile(
    rb"[\x00\x08\x0e\x0f\x7f]"
    rb"|\xc2[\x80-\x9f]"  # C1
    rb"|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf"  # bidi and what cannot be seen
)


class Program:
    """leadtui on a terminal that answers nothing; `said` is all that it wrote."""

    def __init__(self, folder: Path, *words: str) -> None:
        environment = {
            "HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "LEADTUI_DB": str(folder / "journal.db"), "XDG_CONFIG_HOME": str(folder / "config"),
        }  # fmt: skip
        self.said = b""
        self._reads = threading.Event()
        self._reads.set()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, "-m", "lead_tui", *words], environment)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            self._reads.wait()
            try:
                data = os.read(self._terminal, 1 << 16)
            except OSError:  # nobody has it open any more
                return
            if not data:
                return
            self.said += data

    def hold(self, keys: str) -> None:
        """Read nothing more, and press these until the terminal takes no more either."""
        self._reads.clear()

        def full() -> bool:
            self.press(keys)
            waiting = fcntl.ioctl(self._terminal, termios.FIONREAD, b"\0" * 4)
            return bool(struct.unpack("i", waiting)[0] > HELD)

        self.wait(full, "an end of what it takes", every=0.1)

    def press(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def until(self, text: str, since: int = 0) -> None:
        self.wait(lambda: text.encode() in self.said[since:], text)

    def drawn(self, keys: str) -> None:
        """Press these, and wait until that was drawn and the screen is quiet."""
        before = len(self.said)
        self.press(keys)
        self.wait(lambda: len(self.said) > before, f"something drawn after {keys!r}")
        size = 0

        def quiet() -> bool:
            nonlocal size
            size, was = len(self.said), size
            return size == was

        self.wait(quiet, "quiet", every=0.08)

    def wait(self, seen: Callable[[], bool], what: str, every: float = 0.02) -> None:
        deadline = time.monotonic() + PATIENCE
        while not seen():
            assert self._reader.is_alive(), f"it ended: ...{self.said[-2000:]!r}"
            assert time.monotonic() < deadline, f"no {what}: ...{self.said[-2000:]!r}"
            time.sleep(every)  # the one place where a test waits for another process

    def end(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._reads.set()
        self._reader.join(PATIENCE)
        os.close(self._terminal)
        self.pid = 0
        return code


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    started: list[Program] = []

    def start(*words: str) -> Program:
        started.append(Program(tmp_path, *words))
        return started[-1]

    yield start
    for each in started:
        if each.pid:
            os.kill(each.pid, signal.SIGKILL)
            os.waitpid(each.pid, 0)


@pytest.fixture
def flow(tmp_path: Path) -> str:
    """Agents that say it in every place where agents can say something."""
    (tmp_path / "steps.py").write_text(STEPS)
    said = HOSTILE.encode() + b" \xff\xfe \xc3( \xed\xa0\x80 BYTES\n"
    (tmp_path / "said").write_bytes(said * 3 + b"x" * 1_000_000 + said)

    def shell(name: str, command: str, **rest: object) -> dict[str, object]:
        return {
            "name": name, "agent_name": "shell", "action": "run", "parameters": {"command": command}, **rest
        }  # fmt: skip

    def call(name: str, **rest: object) -> dict[str, object]:
        return {"name": name, "agent_name": "python", "action": f"steps:{name}", **rest}

    ask = {"message": "{{ tasks.result.result.text }}", "show": "{{ tasks.result.result }}"}
    tasks = [
        shell("lines", "cat said"),
        shell("complaint", "cat said >&2; exit 3", continue_on_failure=True),
        call("result"),
        call("failure", continue_on_failure=True),
        call("flood"),
        {
            "name": "ask", "agent_name": "human", "action": "approve", "parameters": ask,
            "depends_on": ["lines", "complaint", "result", "failure", "flood"],
        },
    ]  # fmt: skip
    data = {"name": "flow", "parallel_execution": True, "tasks": tasks}
    (tmp_path / "flow.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    return "flow.yaml"


def click(column: int, row: int) -> str:
    return f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"


def test_no_byte_of_an_agent_reaches_the_terminal(program, flow):
    """In every view, on a task's own screen, at a gate and in the summary: it is shown, and does nothing."""
    run = program("run", flow)
    run.until("needs you")
    for view in "23451":
        run.drawn(view)
    for row in range(2, 39, 3):  # a click on `[@click=...]` would act
        run.press(click(70, row) + click(20, row))
    run.drawn("1")
    run.press("4")
    run.drawn("G")
    run.drawn("1")
    for _ in range(5):
        run.drawn("\r")
        run.drawn("\x1b")
        run.drawn("j")
    run.drawn("a")
    run.drawn("\r")
    assert os.waitpid(run.pid, os.WNOHANG) == (0, 0), "it ended by itself"
    assert run.end() == 143
    assert run.said.count("␛[31mRED".encode()) > 5, "it was shown"
    rest = ESCAPES.sub(b"", run.said)
    assert b"\x1b[31mRED" not in run.said
    assert b"\x1b" not in rest, _around(rest, rb"\x1b")
    assert not FORBIDDEN.search(rest), _around(rest, FORBIDDEN.pattern)
    assert b"Traceback" not in rest


def _around(text: bytes, pattern: bytes) -> bytes:
    found = re.search(pattern, text)
    return text[max(found.start() - 100, 0) : found.end() + 100] if found else b""


def test_a_terminal_that_does_not_read(program, tmp_path):
    """TERM: the run is cancelled with its cleanup, its end is stored, the process does not wait for ever."""

    def shell(name: str, command: str) -> dict[str, object]:
        return {"name": name, "agent_name": "shell", "action": "run", "parameters": {"command": command}}

    data = {"name": "flow", "tasks": [shell("nap", "sleep 60")], "finally": [shell("clean", "touch cleaned")]}
    (tmp_path / "flow.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    run = program("run", "flow.yaml")
    run.until("RUNNING")
    run.hold("12345")
    assert run.end() == 143
    assert (tmp_path / "cleaned").exists()
    with existing(str(tmp_path / "journal.db"), read_only=True) as engine:
        row = engine.journal.row(engine.journal.find("last"))
    assert (row.status, row.owner) == ("cancelled", None)
