"""The real program on a real terminal (tmux): what it shows, how it leaves, and that it gives all back."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from lead_tui.cli.session import existing

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
PATIENCE = 30.0
LEADTUI = f"{shlex.quote(sys.executable)} -m lead_tui"


class Terminal:
    """A shell in a tmux of its own; each test has its own home and journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = Path(tempfile.mkdtemp(prefix="ck")) / "s"
        self.code: int | None = None

    def open(self, columns: int = 80, rows: int = 24) -> None:
        environment = {
            "HOME": str(self.folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "TERM": "screen-256color",
            "LEADTUI_DB": str(self.folder / "journal.db"), "XDG_CONFIG_HOME": str(self.folder / "config"),
            "PS1": "$ ", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        words = [f"{name}={value}" for name, value in environment.items()]
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "-c", self.folder,
            "env", "-i", *words, "bash", "--norc", "--noprofile",
        )  # fmt: skip
        self.until("$")
        self._settings = self.settings()

    def tmux(self, *words: object) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), *map(str, words)],
            env={name: value for name, value in os.environ.items() if name != "TMUX"},
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        if self._socket.exists():
            subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], capture_output=True, check=False)
        shutil.rmtree(self._socket.parent)

    def type(self, line: str) -> None:
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def run(self, words: str) -> None:
        """Run the program, and tell its exit code when it has ended."""
        self.type(f"clear; (echo $BASHPID > pid; exec {words}); echo CODE $?.")

    def leadtui(self, *words: object) -> None:
        self.run(f"{LEADTUI} {shlex.join(map(str, words))}")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    @property
    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-J")

    def facts(self, *names: str) -> list[str]:
        """What tmux knows of the terminal: its modes."""
        return self.tmux("display-message", "-p", " ".join(f"#{{{name}}}" for name in names)).split()

    def until(self, what: str | Callable[[], bool]) -> str:
        """Wait for a text on the screen, or for anything else; the screen."""
        seen = (lambda: what in self.screen) if isinstance(what, str) else what
        wait_until(seen, lambda: f"{what!r} never came:\n{self.screen}")
        return self.screen

    def ended(self) -> int:
        """Wait for the end of the program; its exit code."""
        screen = self.until(lambda: re.search(r"CODE \d+\.", self.screen) is not None)
        return int(re.findall(r"CODE (\d+)\.", screen)[-1])

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def is_as_before(self) -> bool:
        """No alternate screen, a cursor, no mouse, and the settings that it had."""
        modes = self.facts("alternate_on", "mouse_any_flag", "cursor_flag")
        return self.settings() == self._settings and modes == ["0", "0", "1"]

    def settings(self) -> str:
        path = self.folder / "settings"
        path.unlink(missing_ok=True)
        self.type("stty -g > part; mv part settings")
        self.until(path.exists)
        return path.read_text()


def wait_until(seen: Callable[[], bool], complaint: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.02)  # the one place where a test waits for another process


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path)
    found.open()
    yield found
    found.close()


@pytest.fixture
def flow(tmp_path: Path) -> Callable[..., str]:
    """A flow of shell tasks, by name and command."""

    def write(finally_: dict[str, str] | None = None, **commands: str) -> str:
        def task(name: str, command: str) -> dict[str, object]:
            if command == "ask":
                parameters = {"message": "Go on?"}
                return {"name": name, "agent_name": "human", "action": "approve", "parameters": parameters}
            if command.startswith("call "):
                return {"name": name, "agent_name": "python", "action": command[5:]}
            return {"name": name, "agent_name": "shell", "action": "run", "parameters": {"command": command}}

        data = {"name": "flow", "tasks": [task(*each) for each in commands.items()]}
        if finally_:
            data["finally"] = [task(*each) for each in finally_.items()]
        (tmp_path / "flow.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
        return "flow.yaml"

    return write


def status(folder: Path) -> str:
    with existing(str(folder / "journal.db"), read_only=True) as engine:
        return str(engine.journal.row(engine.journal.find("last")).status)


def test_a_run_that_ends_under_the_screen(terminal, flow):
    """It stays when the run has ended; `q` leaves at once, with the result below the shell's line."""
    terminal.leadtui("run", flow(greet="echo hello there", part="echo again"))
    shown = terminal.until("COMPLETED")
    assert "greet" in shown
    assert terminal.facts("alternate_on") == ["1"]
    for key in ("2", "3", "4", "5", "1"):
        terminal.press(key)
    terminal.press("q")
    assert terminal.ended() == 0
    assert "✓ greet  hello there" in terminal.screen
    assert "✓ flow completed in" in terminal.screen
    assert terminal.is_as_before()


def test_any_size(terminal, flow):
    """Down to one cell and back it neither crashes nor leaves."""
    terminal.leadtui("run", flow(nap="sleep 60"))
    terminal.until("RUNNING")
    for columns, rows in ((200, 60), (20, 5), (1, 1), (2, 30), (120, 2), (80, 24)):
        terminal.tmux("resize-window", "-x", columns, "-y", rows)
        wait_until(
            lambda size=[str(columns), str(rows)]: terminal.facts("pane_width", "pane_height") == size,
            lambda: "the size never changed",
        )
        terminal.press("Down")
    terminal.until("TASK")
    terminal.until("nap")
    terminal.signal(signal.SIGTERM)
    assert terminal.ended() == 143


def test_term_cancels_and_gives_the_terminal_back(terminal, flow, tmp_path):
    """The screen closes, the cleanup runs, the exit code is the signal's, the last line goes on."""
    terminal.leadtui("run", flow(nap="echo napping; sleep 60", finally_={"clean": "touch cleaned"}))
    terminal.until("napping")
    terminal.signal(signal.SIGTERM)
    assert terminal.ended() == 143
    assert "leadtui retry" in terminal.screen
    assert (tmp_path / "cleaned").exists()
    assert status(tmp_path) == "cancelled"
    assert terminal.is_as_before()


def test_hup_parks(terminal, flow, tmp_path):
    """No cleanup: the work is not lost, and `resume` is named."""
    terminal.leadtui("run", flow(nap="echo napping; sleep 60", finally_={"clean": "touch cleaned"}))
    terminal.until("napping")
    terminal.signal(signal.SIGHUP)
    assert terminal.ended() == 129
    assert "leadtui resume" in terminal.screen
    assert not (tmp_path / "cleaned").exists()
    assert status(tmp_path) == "interrupted"
    assert terminal.is_as_before()


def test_a_terminal_that_goes_away(terminal, flow, tmp_path):
    """Its run is parked and nothing hangs, although every write fails."""
    terminal.leadtui("run", flow(nap="echo napping; sleep 60"))
    terminal.until("napping")
    pid = terminal.pid
    terminal.tmux("kill-server")
    wait_until(lambda: not Path(f"/proc/{pid}/exe").exists(), lambda: "it is still there")
    with existing(str(tmp_path / "journal.db"), read_only=True) as engine:
        row = engine.journal.row(engine.journal.find("last"))
    assert row.status == "interrupted"
    assert row.owner is None, "given back, not lost"


def test_detached_it_goes_on_in_this_terminal(terminal, flow):
    """`q`, then `d`: a line says so, the rest is told as without a screen, the exit code is the run's."""
    terminal.leadtui("run", flow(nap="while ! test -e go; do sleep 0.1; done", then="echo well done; exit 3"))
    terminal.until("RUNNING")
    terminal.press("q")
    terminal.until("Leave the cockpit?")
    terminal.press("d")
    terminal.until("the screen is closed; flow goes on here")
    assert terminal.facts("alternate_on") == ["0"]
    (terminal.folder / "go").touch()
    assert terminal.ended() == 1
    assert "✗ failed" in terminal.screen
    assert "leadtui retry" in terminal.screen


def test_a_second_q_cancels(terminal, flow):
    """Within two seconds it is a wish, not a question; the end is that of a cancelled run."""
    terminal.leadtui("run", flow(nap="sleep 60"))
    terminal.until("RUNNING")
    terminal.press("q", "q")
    assert terminal.ended() == 130
    assert "■ flow cancelled" in terminal.screen
    assert terminal.is_as_before()


def test_a_gate_that_nobody_answers(terminal, flow):
    """Under the screen it waits; parked, the command ends with 5 and names what goes on."""
    terminal.leadtui("run", flow(ask="ask"))
    terminal.until("NEEDS YOU")
    terminal.signal(signal.SIGINT)
    terminal.until("Leave the cockpit?")
    terminal.press("p")
    assert terminal.ended() == 5
    assert "leadtui approve" in terminal.screen
    assert "to go on: leadtui resume" in terminal.screen
    terminal.leadtui("resume", "last")
    terminal.until("NEEDS YOU")
    terminal.press("q")
    terminal.until("Leave the cockpit?")
    terminal.press("d")
    assert terminal.ended() == 5


def test_a_journal_that_is_deleted_at_a_gate(terminal, flow, tmp_path):
    """The gate can be answered, but what follows is stored nowhere: that is said, and the exit code is 8."""
    folder = tmp_path / "kept"
    terminal.leadtui("run", flow(ask="ask"), "--db", folder / "journal.db")
    terminal.until("NEEDS YOU")
    shutil.rmtree(folder)
    terminal.press("a")
    terminal.until("reject")
    terminal.press("y")
    told = ("was deleted or replaced", "NOT STORED")  # for some seconds, and as long as the run is looked at
    terminal.until(lambda: any(each in terminal.screen for each in told))
    terminal.press("q")
    assert terminal.ended() == 8
    assert "was deleted or replaced" in terminal.screen
    assert terminal.is_as_before()


BLOCKS = """
import time

def block():
    time.sleep(60)

async def hold():
    open("blocking", "w").close()
    time.sleep(60)
"""


def test_whoever_insists_gets_out(terminal, flow, tmp_path):
    """An agent that blocks the loop cannot hold the terminal: the third Ctrl-C leaves, all given back."""
    (tmp_path / "steps.py").write_text(BLOCKS)
    terminal.leadtui("run", flow(stuck="call steps:hold"), "--run-id", "r1")
    terminal.until((tmp_path / "blocking").exists)
    terminal.press("C-c", "C-c", "C-c")
    assert terminal.ended() == 130
    assert "left in the middle: leadtui resume r1" in terminal.screen
    assert terminal.is_as_before()


CRASHES = """
import asyncio, sys
from pathlib import Path
from textual.widgets import Static
from lead_tui.cli import cockpit, failure, leaving, session
from lead_tui.cli.driving import Watching
from lead_tui.core.compile import compile_plan
from lead_tui.tui.screens.run import RunScreen

class Broken(Static):
    def render(self):
        secret = "hunter2"
        raise RuntimeError(secret)

def on_key(self, event):
    if event.key == "b":
        self.mount(Broken())

RunScreen.on_key = on_key
document, environment = session.load_flow(Path("flow.yaml"))
plan = compile_plan(document.workflow, document.graph)
with session.engine(None) as engine:
    async def start(observers):
        return await engine.start(document, {}, environment=environment, run_id="r1", observers=observers)
    code = leaving.in_loop(cockpit.launch(engine, start, "r1", plan, document.source, Watching()))
leaving.leave(code)
"""


def test_a_screen_that_crashes(terminal, flow, tmp_path):
    """The terminal is given back, the run goes on to its end, then the mistake is told, without values."""
    (tmp_path / "crash.py").write_text(CRASHES)
    flow(nap="while ! test -e go; do sleep 0.1; done; echo well done")
    terminal.run(f"{shlex.quote(sys.executable)} crash.py")
    terminal.until("RUNNING")
    terminal.press("b")
    terminal.until("the screen failed; flow goes on here")
    (tmp_path / "go").touch()
    assert terminal.ended() == 70
    assert "well done" in terminal.screen
    assert "leadtui failed by a mistake of its own (RuntimeError)" in terminal.screen
    assert "hunter2" not in terminal.screen
    assert status(tmp_path) == "completed"
    assert terminal.is_as_before()


def test_suspended_and_continued(terminal, flow):
    """Ctrl-Z gives the terminal to the shell, `fg` brings the screen back; a CONT without a stop is none."""
    terminal.leadtui("run", flow(nap="sleep 60"))
    terminal.until("RUNNING")
    terminal.press("C-z")
    terminal.until("Stopped")
    assert terminal.facts("alternate_on") == ["0"]
    terminal.type("fg")
    terminal.until("RUNNING")
    terminal.signal(signal.SIGCONT)
    terminal.signal(signal.SIGTERM)
    terminal.until("flow cancelled")
    assert terminal.is_as_before()


def test_nothing_is_opened_for_a_flow_that_is_wrong(terminal, tmp_path):
    """Its message stands below the shell's line, as ever."""
    (tmp_path / "flow.yaml").write_text("name: flow\ntasks: []\n")
    terminal.leadtui("run", "flow.yaml")
    assert terminal.ended() == 3
    assert "flow.yaml:2" in terminal.screen


def test_home(terminal, flow):
    """`leadtui` alone: the flows found here; `q` leaves with 0."""
    flow(greet="echo hello")
    terminal.leadtui()
    terminal.until("flow.yaml")
    assert terminal.facts("alternate_on") == ["1"]
    terminal.press("q")
    assert terminal.ended() == 0
    assert terminal.is_as_before()


def test_a_run_of_another_process(terminal, flow, tmp_path):
    """It is watched and left without a question, and goes on; a replay of it starts where it is told to."""
    flow(nap="echo napping; touch begun; while ! test -e go; do sleep 0.1; done")
    other = subprocess.Popen(
        [sys.executable, "-m", "lead_tui", "run", "flow.yaml", "--no-ui", "--run-id", "r1"],
        cwd=tmp_path, env={**os.environ, "LEADTUI_DB": str(tmp_path / "journal.db")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until((tmp_path / "begun").exists, lambda: "it never began")
    terminal.leadtui("watch", "last")
    terminal.until("napping")
    terminal.press("q")
    assert terminal.ended() == 0
    assert "Leave the cockpit?" not in terminal.screen
    assert "… flow running in" in terminal.screen
    assert "it goes on; to watch it: leadtui watch r1" in terminal.screen
    assert other.poll() is None
    (tmp_path / "go").touch()
    assert other.wait(PATIENCE) == 0
    terminal.leadtui("watch", "r1", "--at", "3")
    terminal.until("REPLAY")
    terminal.press("q")
    assert terminal.ended() == 0


def test_plain_lines(terminal, flow, tmp_path):
    """`s` leaves the full screen for lines that come as they are said, and brings it back; TERM ends both."""
    terminal.leadtui(
        "run", flow(nap="echo first; while ! test -e go; do sleep 0.1; done; echo then; sleep 60")
    )
    terminal.until("RUNNING")
    terminal.press("s")
    terminal.until("s brings the screen back")
    assert terminal.facts("alternate_on") == ["0"]
    (tmp_path / "go").touch()
    terminal.until("then")
    terminal.press("s")
    terminal.until("TASK")
    assert terminal.facts("alternate_on") == ["1"]
    terminal.press("s")
    terminal.until("s brings the screen back")
    terminal.signal(signal.SIGTERM)
    assert terminal.ended() == 143
    assert "■ flow cancelled" in terminal.screen
    assert terminal.screen.count("then") == 1
    assert terminal.is_as_before()


PAST = """
import os, subprocess, sys

def write():
    os.write(1, b"RAW one\\x1b[31m\\n")
    os.write(2, b"RAW two\\n")
    subprocess.run("echo RAW three; cat; echo RAW four >&2", shell=True, check=True)
    print("RAW five", file=sys.__stdout__)
    return sys.__stdin__.read()
"""


def test_what_is_written_past_the_screen(terminal, flow, tmp_path):
    """It neither reaches the screen nor takes a key; the first of it is told when the screen is closed."""
    (tmp_path / "steps.py").write_text(PAST)
    terminal.leadtui("run", flow(past="call steps:write"))
    terminal.until("COMPLETED")
    assert "RAW" not in terminal.screen
    terminal.press("q")
    assert terminal.ended() == 0
    assert "written past the screen" in terminal.screen
    for word in ("one␛[31m", "two", "three", "four", "five"):
        assert f"| RAW {word}" in terminal.screen
    assert terminal.is_as_before()


DIES = """
import os, signal

def at_once():
    os.write(2, b"LAST WORDS\\n")
    os._exit(0)

def fault():
    os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.mark.parametrize("in_plain_lines", [False, True])
@pytest.mark.parametrize("in_subshell", [True, False])
@pytest.mark.parametrize("function", ["at_once", "fault"])
def test_an_agent_that_ends_the_process(function, in_subshell, in_plain_lines, terminal, flow, tmp_path):
    """The terminal is given back: settings, cursor, mouse, the shell's screen. Who can says what is left."""
    (tmp_path / "steps.py").write_text(DIES)
    flow(wait="while ! test -e go; do sleep 0.1; done", die=f"call steps:{function}")
    if in_subshell:
        terminal.leadtui("run", "flow.yaml", "--run-id", "r1")
    else:  # a shell that edits its next line at once takes the settings that it finds for its own
        terminal.type(f"clear; {LEADTUI} run flow.yaml --run-id r1; echo CODE $?.")
    terminal.until("RUNNING")
    if in_plain_lines:
        terminal.press("s")
        terminal.until("s brings the screen back")
    (tmp_path / "go").touch()
    if function == "fault":
        terminal.until("leadtui ended without a word")
    else:  # else the shell may have said so on the screen that is left
        assert terminal.ended() == 1
        told = "error: an agent ended this process (status 0)\nleft in the middle: leadtui resume r1\n"
        assert told in terminal.screen
        assert "LAST WORDS" in terminal.screen
    assert terminal.is_as_before()
