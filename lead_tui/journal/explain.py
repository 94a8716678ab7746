"""What went wrong with the file, in words that say what to do."""

from pathlib import Path
from types import TracebackType

import apsw

from lead_tui.errors import JournalError

_ADVICE: dict[type[apsw.Error], str] = {
    apsw.FullError: "the disk is full: free some space, then go on with `leadtui resume`",
    apsw.ReadOnlyError: "it cannot be written: check the permissions of the file and its folder",
    apsw.PermissionsError: "access is denied: check the permissions of the file and its folder",
    apsw.NotADBError: "this file is no journal: name another one with --db",
    apsw.CorruptError: "the file is damaged: keep a copy and try `sqlite3 FILE .recover`",
    apsw.BusyError: "another process keeps it locked: try again, or end that process",
    apsw.LockedError: "another process keeps it locked: try again, or end that process",
    apsw.IOError: "the disk cannot be read or written: the folder must be on a local one",
    apsw.CantOpenError: "it cannot be opened: check that the folder exists and can be written",
}


def explain(error: apsw.Error | OSError, path: Path) -> JournalError:
    if isinstance(error, OSError):
        return JournalError(f"journal {path}: {error.strerror or error}: name another place with --db")
    advice = next((text for kind, text in _ADVICE.items() if isinstance(error, kind)), "")
    return JournalError(f"journal {path}: {advice} ({error})" if advice else f"journal {path}: {error}")


class explained:  # noqa: N801 - reads as a word after `with`; a generator would cost three times as much
    """Within it every error of SQLite and of the system leaves as a JournalError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, apsw.Error | OSError):
            raise explain(error, self._path) from error
