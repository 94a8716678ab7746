from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_tui.journal.base import Journal
from lead_tui.journal.memory import MemoryJournal
from lead_tui.journal.sqlite import SqliteJournal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


@pytest.fixture
def sqlite(path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal.open(path)
    yield journal
    journal.close()


@pytest.fixture(params=["memory", "sqlite", "sqlite-full"])
def journal(request: pytest.FixtureRequest, path: Path) -> Iterator[Journal]:
    journals = {
        "memory": MemoryJournal,
        "sqlite": lambda: SqliteJournal.open(path),
        "sqlite-full": lambda: SqliteJournal.open(path, durability="full"),
    }
    journal = journals[request.param]()
    yield journal
    journal.close()
