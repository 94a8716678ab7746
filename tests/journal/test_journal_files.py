"""Where files of runs belong: beside a journal on disk, in a place that ends with the process without one."""

import subprocess
import sys
from pathlib import Path

import pytest

from lead_tui.journal.sqlite import SqliteJournal


def test_files_lie_beside_the_journal(sqlite: SqliteJournal, path: Path) -> None:
    """A folder for each run, in one that is named after the journal; asking for it makes nothing."""
    assert sqlite.files("r1") == path.parent / "journal.db.files" / "r1"
    assert not sqlite.files("r1").parent.exists()


@pytest.mark.parametrize("kept", [False, True])
def test_files_of_a_run_in_memory(kept: bool, tmp_path: Path) -> None:
    """They outlive the journal, for whoever has a result of it, and the process only if that is wished."""
    code = f"""
from lead_tui.journal.memory import MemoryJournal
journal = MemoryJournal(keep_files={kept})
place = journal.files("r1")
assert place.parent == journal.files("r2").parent
assert place.parent.stat().st_mode & 0o777 == 0o700
place.mkdir()
journal.close()
del journal
(place / "picture.png").write_bytes(b"x")
print(place)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    place = Path(done.stdout.strip())
    assert place.parent.parent == tmp_path
    assert [*tmp_path.iterdir()] == ([place.parent] if kept else [])
