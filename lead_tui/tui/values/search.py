"""Where in a plain value a text stands, in keys and in values. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lead_tui.tui.values.words import BRANCHES, scalar

MOST_SEARCHED = 500_000
"""Values that are looked at."""

Key = str | int
Keys = tuple[Key, ...]


def find(value: Any, needle: str, *, limit: int = 1_000) -> tuple[list[Keys], bool]:
    """Where keys or values hold this text, in order, whatever its case; and was everything looked at?"""
    wanted = needle.casefold()
    found: list[Keys] = []
    if not wanted:
        return [], True
    for number, (place, each) in enumerate(_walk(value)):
        if len(found) == limit or number == MOST_SEARCHED:
            return found, False
        if _holds(place.key, each, wanted):
            found.append(place.path())
    return found, True


class _Place:
    """Where a value stands, without a path for each value that is passed by."""

    __slots__ = ("key", "over")

    def __init__(self, over: "_Place | None", key: Key) -> None:
        self.over = over
        self.key = key

    def path(self) -> Keys:
        keys: list[Key] = []
        place: _Place | None = self
        while place is not None and place.over is not None:
            keys.append(place.key)
            place = place.over
        return tuple(reversed(keys))


def _walk(value: Any) -> Iterator[tuple[_Place, Any]]:
    """Every value with its place, parents first, in order."""
    pending: list[Iterator[tuple[_Place, Any]]] = [iter([(_Place(None, ""), value)])]
    while pending:
        for place, each in pending[-1]:
            yield place, each
            if isinstance(each, BRANCHES):
                pending.append(_below(place, each))
                break
        else:
            pending.pop()


def _below(place: _Place, value: Mapping[Key, Any] | Sequence[Any]) -> Iterator[tuple[_Place, Any]]:
    items: Iterable[tuple[Key, Any]] = value.items() if isinstance(value, Mapping) else enumerate(value)
    return ((_Place(place, key), each) for key, each in items)


def _holds(key: Key, value: Any, wanted: str) -> bool:
    if isinstance(key, str) and wanted in key.casefold():
        return True
    if isinstance(value, str):
        return wanted in value.casefold()
    if isinstance(value, BRANCHES):
        return False
    return wanted in scalar(value, 100)[0].casefold()
