"""No secret in any sink: events, notes, journal files, reports, logs, results, the command line's output."""

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lead_tui.core.commands import Cancel, Reject
from lead_tui.core.events import Tokens
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.flow.loader import environment_for
from lead_tui.journal.open import open_journal
from lead_tui.observers.hub import Observer
from lead_tui.observers.logging import LogObserver, configure_logging
from lead_tui.reporters import registry
from lead_tui.runner.engine import Engine, load_file
from tests.security import canary
from tests.security.canary import SECRETS, VARIABLES, forms, leaks

STREAMS = ("text", "json", "jsonl", "github")
FILES = ("junit", "html")


class Careless(Observer):
    """Raises with all that it sees."""

    async def on_event(self, event: Any) -> None:
        raise RuntimeError(f"I saw {event!r}")

    async def on_note(self, note: Any) -> None:
        raise RuntimeError(f"I saw {note!r}")


@dataclass
class Sinks:
    """All that a run wrote, by the name of where it wrote it."""

    folder: Path
    written: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, content: object) -> None:
        text = content if isinstance(content, bytes) else str(content).encode("utf-8", "replace")
        self.written[name] = self.written.get(name, b"") + text

    def add_journal(self, when: str) -> None:
        for path in sorted(self.folder.glob("journal.db*")):
            self.add(f"{path.name} {when}", path.read_bytes())


def environment() -> dict[str, str]:
    return {**os.environ, **VARIABLES}


@pytest.fixture(scope="module")
def sinks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sinks]:
    """One run of the careless flow with everyone looking on, taken up once."""
    sinks = Sinks(tmp_path_factory.mktemp("canary"))
    log = io.StringIO()
    handler, root = logging.StreamHandler(log), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with canary.echo_server() as url:
            flow = canary.write_flow(sinks.folder, url)
            asyncio.run(_run(flow, sinks))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    sinks.add("logging", log.getvalue())
    yield sinks


async def _run(flow: Path, sinks: Sinks) -> None:
    variables = environment()
    document = load_file(flow, variables)
    sinks.add("document", document)
    engine = Engine(open_journal(sinks.folder / "journal.db"))
    streams = {name: (io.StringIO(), io.StringIO()) for name in STREAMS}
    reporters = [registry.make(name, stdout=out, stderr=err) for name, (out, err) in streams.items()]
    reporters += [registry.report_file(f"{name}={sinks.folder / name}") for name in FILES]
    logs = {as_json: io.StringIO() for as_json in (True, False)}
    observers = [*reporters, Careless()]
    observers += [
        LogObserver(configure_logging(log, level="debug", as_json=as_json)) for as_json, log in logs.items()
    ]
    inputs = resolve_inputs(document.workflow, canary.INPUTS)
    run = await engine.start(
        document, inputs, environment=variables, run_id="run", observers=observers, park_when_waiting=True
    )
    result = await run.wait()
    assert result.status == "waiting"
    for reporter in reporters:
        reporter.finish(result, 5)
    sinks.add_journal("waiting")
    again = await engine.take_up(
        "run", Reject(gate=result.waiting_for[0]["gate"], why=canary.TOKEN), Cancel(why=canary.TOKEN),
        secrets=canary.INPUTS, environment=variables, park_when_waiting=True,
    )  # fmt: skip
    last = await again.wait()
    sinks.add("result", f"{result!r}\n{json.dumps(result.results)}\n{last!r}")
    sinks.add("state", f"{again.state.tasks}")
    sinks.add("record", engine.journal.record("run"))
    sinks.add("events", [event for page in engine.journal.read("run") for event in page])
    sinks.add("notes", list(engine.journal.notes("run")))
    tokens = [note for note in engine.journal.notes("run") if isinstance(note, Tokens)]
    sinks.add("streamed text", "".join(each.text for each in tokens))
    sinks.add("inbox", engine.journal.inbox("run", pending_only=False))
    sinks.add_journal("ended")
    engine.journal.close()
    sinks.add_journal("closed")
    for name, (out, err) in streams.items():
        sinks.add(f"--output {name}", out.getvalue() + err.getvalue())
    for name in FILES:
        sinks.add(f"--report {name}", (sinks.folder / name).read_bytes())
    for as_json, log in logs.items():
        sinks.add(f"log json={as_json}", log.getvalue())


@pytest.mark.parametrize(
    "sink",
    ["document", "journal.db waiting", "journal.db-wal waiting", "journal.db-shm waiting", "journal.db ended",
     "journal.db-wal ended", "journal.db closed", "result", "state", "record", "events", "notes", "inbox",
     "streamed text",
     *(f"--output {name}" for name in STREAMS), *(f"--report {name}" for name in FILES),
     "log json=True", "log json=False", "logging"],
)  # fmt: skip
def test_no_sink_of_a_run_holds_a_secret(sinks: Sinks, sink: str) -> None:
    """Searched byte by byte, in every form a secret may take."""
    assert sinks.written[sink]
    assert leaks(sinks.written[sink]) == []


def test_every_sink_is_searched(sinks: Sinks) -> None:
    """Nothing that a run wrote is left out of the test above, whatever it is called."""
    assert [(name, leaks(content)) for name, content in sinks.written.items() if leaks(content)] == []


def test_the_flow_tried_to_leak(sinks: Sinks) -> None:
    """Masks stand where secrets would: in results, errors, logs, streamed tokens and headers."""
    events = sinks.written["--output jsonl"].decode()
    facts = [json.loads(line) for line in events.splitlines() if line.startswith("{")]
    ended = [each for each in facts if each["type"] in ("attempt_completed", "attempt_failed")]
    silent = [each["task"] for each in ended if "***" not in json.dumps(each)]
    assert len(ended) > 60
    assert len(silent) < 15, silent
    assert sinks.written["notes"].count(b"***") > 20
    assert b"I saw" in sinks.written["logging"]


@pytest.mark.parametrize("secret", SECRETS)
def test_the_search_finds_what_it_looks_for(secret: str) -> None:
    """A canary that nobody could hear would prove nothing."""
    for form in forms(secret).values():
        assert leaks(f"x{form}x")
    assert not leaks("cnry")


# the command line, in processes of its own


def leadtui(folder: Path, *words: str) -> tuple[int, str]:
    settings = {"LEADTUI_DB": str(folder / "journal.db"), "LEADTUI_DEBUG": "1", "PYTHONASYNCIODEBUG": "1"}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "lead_tui", *words],
        cwd=folder, env={**os.environ, **VARIABLES, **settings, "XDG_CONFIG_HOME": str(folder)},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.fixture(scope="module")
def run_by_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("command")
    with canary.echo_server() as url:
        canary.write_flow(folder, url)
        code, said = leadtui(
            folder, "run", "flow.yaml", "--inputs", "inputs.json", "--run-id", "run",
            "--report", "junit=junit.xml", "--report", "html=report.html",
        )  # fmt: skip
        assert code == 5, said
        yield folder, said


def test_a_run_by_command_says_and_stores_no_secret(run_by_command: tuple[Path, str]) -> None:
    """What it prints in debug mode, its journal and its reports."""
    folder, said = run_by_command
    assert leaks(said) == []
    for path in folder.iterdir():
        if path.is_file() and path.name != "inputs.json":
            assert leaks(path.read_bytes()) == [], path


@pytest.mark.parametrize(
    "words",
    ["show run", "show run --json", "events run --notes", "logs run", "why run t0", "plan flow.yaml",
     "plan flow.yaml --json", "validate flow.yaml", "test-agent flow.yaml basic -p endpoint=error",
     "test-agent flow.yaml leaky --action config --json", "resume run", "runs --json"],
)  # fmt: skip
def test_no_command_says_a_secret(run_by_command: tuple[Path, str], words: str) -> None:
    """Whatever looks at the run or at its flow afterwards."""
    code, said = leadtui(run_by_command[0], *words.split())
    assert code in (0, 1, 3, 5), said
    assert said
    assert leaks(said) == []


def test_a_killed_run_leaves_no_secret(tmp_path: Path) -> None:
    """kill -9 while commands say it; the journal as the dead process left it."""
    with canary.echo_server() as url:
        canary.write_flow(tmp_path, url)
        process = subprocess.Popen(
            [sys.executable, "-m", "lead_tui", "run", "flow.yaml", "--inputs=inputs.json", "--output=jsonl"],
            cwd=tmp_path, env={**environment(), "LEADTUI_DB": str(tmp_path / "journal.db")},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        said = b"".join(process.stdout.readline() for _ in range(120))
        process.kill()
        said += process.communicate()[0]
    assert leaks(said) == []
    written = {path.name: path.read_bytes() for path in tmp_path.glob("journal.db*")}
    assert len(written["journal.db-wal"]) > 1000
    assert [(name, leaks(content)) for name, content in written.items() if leaks(content)] == []


def test_the_environment_file_is_secret_too(tmp_path: Path) -> None:
    """`.env` gives the same secrets as the process's environment does."""
    (tmp_path / ".env").write_text("CNRY_ENV='cnry-dotenv'\n")
    assert environment_for(tmp_path, base={})["CNRY_ENV"] == "cnry-dotenv"
