"""kill -9 at random moments: what is stored stays, what completed runs once, what is unsure is said."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lead_tui.core.state import COMPLETED, INTERRUPTED, RUN_ENDED, RUNNING, RunState
from lead_tui.journal.open import open_journal
from lead_tui.runner.engine import Engine

EFFECTS = '''
import asyncio, os

async def touch(name: str, context):
    """The side effect: one line in a file that outlives any process."""
    witness = os.open(context.folder / "witness", os.O_WRONLY | os.O_APPEND)
    os.write(witness, f"did {name}\\n".encode())
    os.close(witness)
    await asyncio.sleep((hash(name) % 5) / 1000)
    return {"name": name}
'''
LAYERS, WIDTH = 6, 4

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's pidfd")


def write_flow(folder: Path) -> Path:
    tasks = [
        {
            "name": f"t{layer}-{place}",
            "agent_name": "python",
            "action": "effects:touch",
            "parameters": {"name": f"t{layer}-{place}"},
            "idempotent": (layer + place) % 3 != 0,
            "depends_on": [f"t{layer - 1}-{place}", f"t{layer - 1}-{(place + 1) % WIDTH}"] if layer else [],
        }
        for layer in range(LAYERS)
        for place in range(WIDTH)
    ]
    flow = {"name": "mortal", "parallel_execution": True, "max_parallel": 3, "tasks": tasks}
    (folder / "flow.json").write_text(json.dumps(flow))
    (folder / "effects.py").write_text(EFFECTS)
    (folder / "witness").touch()
    return folder / "flow.json"


class Killer:
    """Starts, kills and takes up one run after another; checks the promises after each death."""

    def __init__(self, folder: Path, kills: int, seed: int) -> None:
        self.folder = folder
        self.wanted = kills
        self.flow = write_flow(folder)
        self.db = str(folder / "journal.db")
        self.draw = random.Random(seed)
        self.nursery = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("nursery.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        self.seen = 0
        self.kills: Counter[str] = Counter()
        self.interrupted = 0

    def close(self) -> None:
        self.nursery.stdin.close()
        self.nursery.wait(10)
        self.nursery.stdout.close()

    def live(self, run_id: str, mode: str) -> int:
        """One life: gives the exit code, -9 for a violent end."""
        lifetime = self.draw.uniform(0.005, 0.09) if self.kills.total() < self.wanted else 60
        order = {"db": self.db, "flow": str(self.flow), "run_id": run_id, "mode": mode, "lifetime": lifetime}
        self.nursery.stdin.write(json.dumps(order) + "\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())

    def witnessed(self) -> list[list[str]]:
        """What the witness noted since the last call."""
        lines = (self.folder / "witness").read_text().splitlines()
        fresh, self.seen = lines[self.seen :], len(lines)
        return [line.split() for line in fresh]

    def stored(self, run_id: str) -> RunState:
        journal = open_journal(self.db)
        try:
            return Engine(journal).fold(run_id)[0]
        finally:
            journal.close()

    def one_run(self, run_id: str) -> None:
        """One run to its end, through as many deaths as it takes."""
        before: RunState | None = None
        effects: Counter[str] = Counter()
        while before is None or before.status not in RUN_ENDED:
            mode = "start" if before is None else "retry" if before.status == "waiting" else "resume"
            code = self.live(run_id, mode)
            assert code in {0, -9}, f"the process ended with {code}"
            notes = self.witnessed()
            did = Counter(name for word, name in notes if word == "did")
            effects += did
            after = self.stored(run_id) if self.exists(run_id) else None
            self.kills[mode if after is not None else "before anything was stored"] += code == -9
            if after is None:
                assert not notes, "something happened and nothing is stored"
                continue
            told = [int(seq) for word, seq in notes if word == "ack"]
            assert max(told, default=0) <= after.seq, "a fact was acknowledged and is lost"
            if before is not None:
                self.compare(before, after, did, mode)
            before = after
        assert before.status == "completed"
        for task in before.tasks.values():
            assert 1 <= effects[task.name] <= task.attempt, "every effect has its recorded attempt"

    def compare(self, before: RunState, after: RunState, did: Counter[str], mode: str) -> None:
        """What this life did with what the one before had left."""
        for task in before.tasks.values():
            if task.status is COMPLETED:
                assert not did[task.name], f"{task.name} had completed and ran again"
                assert after.tasks[task.name].result == task.result, "a stored result has changed"
            if task.status is RUNNING and not task.plan.idempotent and mode == "resume":
                assert not did[task.name], f"{task.name} may have been executed and ran again"
                if after.seq > before.seq:
                    assert after.tasks[task.name].status is INTERRUPTED
                    self.interrupted += 1

    def exists(self, run_id: str) -> bool:
        journal = open_journal(self.db)
        try:
            return any(row.id == run_id for row in journal.runs(limit=1))
        finally:
            journal.close()


def kill_often(folder: Path, kills: int, seed: int) -> Killer:
    killer = Killer(folder, kills, seed)
    try:
        number = 0
        while killer.kills.total() < kills:
            number += 1
            killer.one_run(f"run{number}")
    finally:
        killer.close()
    kinds = ", ".join(f"{count} {kind}" for kind, count in killer.kills.items())
    print(f"{killer.kills.total()} kills in {number} runs ({kinds}), {killer.interrupted} interrupted")
    return killer


def test_sixty_kills(tmp_path):
    """Killed sixty times at random moments, every run still ends, with every promise kept each time."""
    killer = kill_often(tmp_path, 60, seed=random.randrange(10**6))
    assert killer.kills["resume"], "no resumed run was killed: the test has lost its teeth"
    assert killer.interrupted, "no call in flight was interrupted: the test has lost its teeth"


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_thousand_kills(tmp_path):
    """The same, a thousand times: `pytest -m slow tests/crash`."""
    kill_often(tmp_path, 1000, seed=random.randrange(10**6))
