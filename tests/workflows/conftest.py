"""The program in a process of its own, on a journal of the test's own, as a newcomer starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """What one command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def root() -> Path:
    """The repository, where the README is."""
    return ROOT


@pytest.fixture
def leadtui(tmp_path: Path) -> Callable[..., Said]:
    """Run the program in the repository's folder; keywords are environment variables."""
    own = {
        "HOME": str(tmp_path),
        "LEADTUI_DB": str(tmp_path / "journal.db"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "NO_COLOR": "1",
    }
    removed = {"STRATEGY", "SHOP_TOKEN"}
    inherited = {name: value for name, value in os.environ.items() if name not in removed}

    def call(*words: object, **variables: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "lead_tui", *map(str, words)],
            cwd=ROOT, env={**inherited, **own, **variables}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def run(leadtui: Callable[..., Said]) -> Callable[..., Said]:
    """`leadtui run workflows/NAME.yaml ... --output json`."""

    def call(name: str, *words: object, **variables: str) -> Said:
        return leadtui("run", f"workflows/{name}.yaml", "--output", "json", *words, **variables)

    return call


@pytest.fixture
def events(leadtui: Callable[..., Said]) -> Callable[[], list[dict[str, Any]]]:
    """The events of the newest run."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in leadtui("events", "last").out.splitlines()]

    return read
