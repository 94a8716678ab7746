"""Which values of a document are secret, and how the document is stored without them.

Secret is every value in an agent's `authentication`, the default of a `secret` input, and what a variable
gives to a header or to an `env` map. What is stored keeps `${NAME}` and has `***` for the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lead_tui.errors import MissingSecret
from lead_tui.flow.diagnostics import Path, Problems
from lead_tui.flow.variables import Use, holds_variable, mask_defaults

MASK = "***"
_PUBLIC = frozenset(("type", "header"))
_OPEN_DEFAULT = f":-{MASK}}}"


def warn_of_literals(raw: dict[str, Any], problems: Problems) -> None:
    for path, value in _places(raw):
        if value != MASK and not (isinstance(value, str) and holds_variable(value)):
            where = ".".join(map(str, path))
            problems.add(
                path, "literal-secret", f"{where} holds a secret in plain text",
                "write ${NAME} and set the variable", severity="warning",
            )  # fmt: skip


def masked(raw: dict[str, Any]) -> dict[str, Any]:
    """The document as it may be stored."""
    return _with_places(raw, lambda _, value: _mask(value))


def restored(
    raw: dict[str, Any], original: dict[str, Any] | None, environment: Mapping[str, str]
) -> dict[str, Any]:
    """`raw` with the values behind `***` taken from the original document.

    Raises MissingSecret for one that is not there. A secret input without its default becomes required.
    """
    known = {_identity(original, path): value for path, value in _places(original)} if original else {}

    def restore(path: Path, value: Any) -> Any:
        if not _is_masked(value):
            return value
        found = known.get(_identity(raw, path), MASK)
        if not _is_masked(found):
            return found
        if isinstance(value, str) and value != MASK and _without_default(value, environment):
            return value
        if path[0] == "inputs":
            return _DROP
        raise MissingSecret(
            f"{'.'.join(map(str, path))} was stored as *** and its value is gone:"
            " write ${NAME} there and set the variable, then start the flow again"
        )

    return _with_places(raw, restore)


def secret_values(data: dict[str, Any], uses: Iterable[Use]) -> frozenset[str]:
    """Every text to mask. `data` has its variables replaced, `uses` says where each stood."""
    found = {str(value) for _, value in _places(data)}
    for use in uses:
        in_map = not {"headers", "env"}.isdisjoint(use.path)
        if use.path[2:3] == ("authentication",) or (use.is_set and in_map):
            found.add(use.value)
    return frozenset(found - {"", MASK})


class _Drop:
    """Stands for a key that is left out."""


_DROP = _Drop()


def _places(data: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    agents = data.get("agents")
    for index, agent in enumerate(agents if isinstance(agents, list) else ()):
        if isinstance(agent, dict):
            yield from _leaves(agent.get("authentication"), ("agents", index, "authentication"))
    inputs = data.get("inputs")
    for name, spec in inputs.items() if isinstance(inputs, dict) else ():
        if isinstance(spec, dict) and _is_true(spec.get("secret")) and spec.get("default") is not None:
            yield ("inputs", name, "default"), spec["default"]


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in _PUBLIC:
                yield from _leaves(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(each, (*path, index))
    elif value is not None and not isinstance(value, bool):
        yield path, value


def _with_places(data: dict[str, Any], change: Callable[[Path, Any], Any]) -> dict[str, Any]:
    changes = {
        path: changed for path, value in _places(data) if (changed := change(path, value)) is not value
    }
    return _replaced(data, changes, ()) if changes else data


def _replaced(value: Any, changes: dict[Path, Any], path: Path) -> Any:
    if path in changes:
        return changes[path]
    if path and not any(each[: len(path)] == path for each in changes):
        return value
    if isinstance(value, dict):
        new = {key: _replaced(each, changes, (*path, key)) for key, each in value.items()}
        return {key: each for key, each in new.items() if each is not _DROP}
    if isinstance(value, list):
        return [_replaced(each, changes, (*path, index)) for index, each in enumerate(value)]
    return value


def _mask(value: Any) -> Any:
    return mask_defaults(value) if isinstance(value, str) and holds_variable(value) else MASK


def _is_masked(value: Any) -> bool:
    return isinstance(value, str) and (value == MASK or _OPEN_DEFAULT in value)


def _without_default(value: str, environment: Mapping[str, str]) -> bool:
    """Are all the variables set whose defaults are hidden?"""
    pieces = value.split(_OPEN_DEFAULT)[:-1]
    return all(environment.get(piece.rpartition("${")[2]) for piece in pieces)


def _identity(data: dict[str, Any], path: Path) -> Path:
    """The same place in another version of the document: agents are known by their names."""
    if path[0] == "agents":
        return ("agents", str(data["agents"][path[1]].get("name")), *path[2:])
    return path


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")
