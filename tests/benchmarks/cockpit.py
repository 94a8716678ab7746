"""What a person at the cockpit waits for, and what watching costs: the real program in a real pty."""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from tests.benchmarks.figures import Figures, ratio
from tests.benchmarks.terminal import Terminal

NOTES = (
    "The engine runs in the same process. Aims: first frame below 0.5 s; a key on the screen within 50 ms;\n"
    "30 frames a second at 50,000 events/s, 200x60; idle below 2 % of a core; watching below 1.5x headless."
)
TASKS = 10_000
EVENTS_A_TRY = 4
"""attempt_started, attempt_failed, retry_scheduled, task_ready."""


def measure(quick: bool) -> Figures:
    figures = Figures(("what", "median", "p95", "worst"), NOTES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "steps.py").write_text(STEPS, encoding="utf-8")
        figures.rows += _first_frame(folder, 5 if quick else 15)
        figures.rows.append(_idle(folder, 4 if quick else 10))
        figures.rows.append(_keys(folder, 5_000, 20 if quick else 60))
        seconds = 5 if quick else 12
        figures.rows += _frames(folder, retrying(5_000), "5,000 events/s", b"", seconds)
        figures.rows += _frames(folder, talking(50_000), "50,000 log lines/s, log of all", b"4A", seconds)
        figures.rows += _watching(folder, 10_000 if quick else 50_000)
    return figures


# the flows


def retrying(events_a_second: int) -> dict[str, Any]:
    """Tasks that fail and try again for ever, so that about this many events a second happen."""
    delay = 2 * TASKS * EVENTS_A_TRY / events_a_second  # drawn between 0 and this, so that the load is even
    retry = {"max_attempts": 1000, "initial_delay": delay, "max_delay": delay, "jitter": True}
    agent = {"name": "dead", "type": "mock", "failure_rate": 1.0, "retry_config": retry}
    return _flow("retrying", agent, TASKS)


STEPS = """
import asyncio, random

async def talk(lines, context):
    pause = 25 / lines
    await asyncio.sleep(random.random() * pause)
    while True:
        for number in range(25):
            context.log(f"line {number} of what it does")
        await asyncio.sleep(pause)
"""


def talking(notes_a_second: int) -> dict[str, Any]:
    """Tasks that never end and say this much together."""
    flow = _flow("talking", {"name": "python", "type": "python"}, TASKS)
    for task in flow["tasks"]:
        task |= {"action": "steps:talk", "parameters": {"lines": notes_a_second / TASKS}}
    return flow


def _flow(name: str, agent: dict[str, Any], tasks: int) -> dict[str, Any]:
    return {
        "name": name,
        "parallel_execution": True,
        "max_parallel": 10_000,
        "agents": [agent],
        "tasks": [
            {"name": f"t{number:05}", "agent_name": agent["name"], "action": "x"} for number in range(tasks)
        ],
    }


def _written(folder: Path, flow: dict[str, Any]) -> Path:
    path = folder / f"{flow['name']}.json"
    path.write_text(json.dumps(flow), encoding="utf-8")
    return path


def _cockpit(folder: Path, flow: Path, *words: str, width: int = 120, height: int = 40) -> Terminal:
    return Terminal(
        [sys.executable, "-m", "lead_tui", "run", str(flow), "--db", str(folder / "runs.db"), *words],
        width=width,
        height=height,
        environment=_environment(folder),
    )


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": str(folder)}


# what is measured


def _first_frame(folder: Path, rounds: int) -> list[tuple[str, ...]]:
    """Beside its floor: the libraries that no such program can do without, imported and nothing more."""
    path = _written(folder, _flow("small", {"name": "m", "type": "mock", "latency": 5}, 8))
    times, floor = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app, pydantic.main, yaml, typer"], check=True)
        floor.append(time.perf_counter() - started)
        with _cockpit(folder, path) as terminal:
            times.append(terminal.until(b"t00000", terminal.started, 20) - terminal.started)
    return [
        _row("first frame of `leadtui run`, ms", times),
        _row("  floor: importing its libraries alone, ms", floor),
        ("  times the floor", ratio(median(times), median(floor)), "", ""),
    ]


def _idle(folder: Path, seconds: float) -> tuple[str, ...]:
    flow = _flow("asks", {"name": "human", "type": "human"}, 1)
    flow["tasks"][0] |= {"action": "approve", "parameters": {"message": "go on?"}}
    with _cockpit(folder, _written(folder, flow)) as terminal:
        terminal.until(b"needs you", terminal.started, 20)
        process = psutil.Process(terminal.process.pid)
        time.sleep(2)
        before = process.cpu_times()
        time.sleep(seconds)
        after = process.cpu_times()
    used = (after.user + after.system - before.user - before.system) / seconds
    return ("idle at a gate, % of a core", f"{used * 100:.1f}", "", "")


def _keys(folder: Path, events_a_second: int, presses: int) -> tuple[str, ...]:
    flow = _written(folder, retrying(events_a_second))
    times = []
    with _cockpit(folder, flow) as terminal:
        terminal.until(b"t00000", terminal.started, 60)
        time.sleep(12)  # all have begun and the load is even
        for number in range(presses):
            at = terminal.press(b"j")
            times.append(terminal.until(f"Log: t{number + 1:05}".encode(), at, 20) - at)
            time.sleep(0.15)
    return _row(f"key to screen, {TASKS:,} tasks, {events_a_second:,} events/s, ms", times)


def _frames(
    folder: Path, flow: dict[str, Any], load: str, keys: bytes, seconds: float
) -> list[tuple[str, ...]]:
    with _cockpit(folder, _written(folder, flow), width=200, height=60) as terminal:
        terminal.until(b"t00000", terminal.started, 60)
        time.sleep(2)
        for key in keys:
            terminal.press(bytes([key]))
        time.sleep(10)  # all have begun and the load is even
        process = psutil.Process(terminal.process.pid)
        start, before = time.perf_counter(), process.cpu_times()
        time.sleep(seconds)
        end, after = time.perf_counter(), process.cpu_times()
        frames = terminal.frames(start, end)
    gaps = [later - earlier for earlier, later in pairwise(frames)]
    used = (after.user + after.system - before.user - before.system) / seconds
    return [
        (f"frames a second, 200x60, {TASKS:,} tasks, {load}", f"{len(frames) / (end - start):.1f}", "", ""),
        _row("  time between two frames, ms", gaps or [seconds]),
        ("  all of the process, % of a core", f"{used * 100:.0f}", "", ""),
    ]


def _watching(folder: Path, tasks: int) -> list[tuple[str, ...]]:
    """From run_started to run_completed, by the journal; they take turns."""
    headless, watched = [], []
    for number in range(3):
        for times, words, run_id in ((headless, [], "unseen"), (watched, ["--cockpit"], "seen")):
            path = folder / f"watched-{number}-{run_id}.db"
            command = [sys.executable, "-m", "tests.benchmarks.watched", str(tasks), str(path), *words]
            with Terminal(command, width=120, height=40, environment=_environment(folder)) as terminal:
                terminal.wait()
            times.append(_seconds(path, run_id))
    return [
        (f"{tasks:,} no-op tasks headless, s", f"{min(headless):.2f}", "", f"{max(headless):.2f}"),
        ("the same in the cockpit, s", f"{min(watched):.2f}", "", f"{max(watched):.2f}"),
        ("watching costs", ratio(min(watched), min(headless)), "", ""),
    ]


def _seconds(path: Path, run_id: str) -> float:
    from lead_tui.core.events import RunCompleted, RunStarted
    from lead_tui.journal.open import open_journal

    journal = open_journal(str(path), "normal", True)
    try:
        found: dict[type, datetime] = {
            type(event): event.ts
            for page in journal.read(run_id)
            for event in page
            if isinstance(event, RunStarted | RunCompleted)
        }
    finally:
        journal.close()
    return (found[RunCompleted] - found[RunStarted]).total_seconds()


def _row(what: str, seconds: list[float]) -> tuple[str, ...]:
    times = sorted(each * 1000 for each in seconds)
    return (
        what,
        f"{times[len(times) // 2]:.0f}",
        f"{times[int(len(times) * 0.95)]:.0f}",
        f"{times[-1]:.0f}",
    )
