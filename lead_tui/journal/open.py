"""A journal from its address: what `--db` and the settings hold."""

from pathlib import Path

from lead_tui.errors import UsageError
from lead_tui.journal.base import Durability, Journal

IN_MEMORY = frozenset({"memory:", ":memory:", "sqlite://", "sqlite:///:memory:"})


def open_journal(address: str | Path, durability: Durability = "normal", read_only: bool = False) -> Journal:
    """`address`: a path, `sqlite:///PATH` (four slashes for an absolute one), or `memory:`.

    Raises UsageError for another scheme, JournalError for a file that cannot be used.
    """
    if str(address) in IN_MEMORY:
        from lead_tui.journal.memory import MemoryJournal

        return MemoryJournal()
    from lead_tui.journal.sqlite import SqliteJournal

    return SqliteJournal.open(_path(address), durability, read_only)


def _path(address: str | Path) -> Path:
    if isinstance(address, Path) or "://" not in address:
        if not str(address).strip():
            raise UsageError("the journal's address is empty: give a path, sqlite:///PATH or memory:")
        return Path(address)
    # the rest of a foreign address may hold a password
    scheme, _, rest = address.partition("://")
    if scheme != "sqlite" or not rest.startswith("/") or rest == "/":
        raise UsageError(f"no journal at a {scheme}:// address: give a path, sqlite:///PATH or memory:")
    return Path(rest[1:])
