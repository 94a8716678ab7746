"""The command line in this process and in others, each test on a journal of its own."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import yaml
from typer.testing import CliRunner

from lead_tui.cli.app import application
from lead_tui.testing import ModelServer


@dataclass(frozen=True)
class Said:
    """What one command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, journal and settings file that belong to the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADTUI_DB", str(tmp_path / "journal.db"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def leadtui() -> Callable[..., Said]:
    """Call the program in this process."""

    def call(*words: object) -> Said:
        result = CliRunner().invoke(application(), [str(word) for word in words], prog_name="leadtui")
        return Said(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def flow(tmp_path: Path) -> Callable[..., Path]:
    """Write a flow of these tasks; each is a map with at least a name, and a shell command or an agent."""

    def write(*tasks: dict[str, Any], file: str = "flow.yaml", **settings: Any) -> Path:
        finally_ = [_task(each) for each in settings.pop("finally_", ())]
        data = {"name": "flow", **settings, "tasks": [_task(each) for each in tasks]}
        if finally_:
            data["finally"] = finally_
        path = tmp_path / file
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return path

    return write


def _task(task: dict[str, Any]) -> dict[str, Any]:
    if "sh" not in task:
        return {"action": "run", **task}
    rest = {key: value for key, value in task.items() if key != "sh"}
    return {"agent_name": "shell", "action": "run", "parameters": {"command": task["sh"]}, **rest}


class Program:
    """The program in a process of its own."""

    def __init__(self, words: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lead_tui", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.err = ""

    @property
    def stderr(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr

    def until(self, text: str) -> str:
        """Read stderr until a line has this text; the line."""
        for line in self.stderr:
            self.err += line
            if text in line:
                return line
        raise AssertionError(f"{text!r} never came:\n{self.err}")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> Said:
        out, err = self.process.communicate(timeout=30)
        return Said(self.process.returncode, out, self.err + err)


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Start programs; those that are left are killed at the end."""
    started: list[Program] = []

    def start(*words: object) -> Program:
        started.append(Program([str(word) for word in words]))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModelServer]]:
    """A scripted model beside the test, in a thread: the command has a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    started: list[ModelServer] = []

    def on_the_loop(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    def start(script: Any) -> ModelServer:
        server = ModelServer(script)
        on_the_loop(server.__aenter__())
        started.append(server)
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        return server

    yield start
    for each in started:
        on_the_loop(each.__aexit__(None, None, None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


@pytest.fixture
def calls(own_place):
    """How often a server was called that writes its calls down in `calls`."""
    return lambda: len((own_place / "calls").read_text().splitlines())


@pytest.fixture
def gate(leadtui):
    """The only open gate of the run `w1`, as `show` tells it."""

    def only():
        (found,) = leadtui("show", "w1", "--json").json["waiting_for"]
        return found

    return only
