"""Every binding has an id; a person gives it other keys in `cockpit.toml`. Conflicts are told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.app import App
from textual.binding import Binding


class Keymap:
    """`wanted` maps ids to keys as Textual takes them; `problems` says what was wrong with them."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self.wanted: dict[str, str] = {}
        for name, text in keys.items():
            parts = [part.strip() for part in text.split(",") if part.strip()]
            if parts:
                self.wanted[name] = ",".join(parts)
            else:
                self.problems.append(f"keys: {name!r} has no key")

    def check(self, nodes: Iterable[Sequence[Binding]]) -> None:
        """Report names that no binding has, and bindings that lose a key; `nodes` are those of each node."""
        known: set[str] = set()
        for bindings in nodes:
            known |= {binding.id for binding in bindings if binding.id}
            for name, keys in self.wanted.items():
                if any(binding.id == name for binding in bindings):
                    self._tell_losses(name, keys, bindings)
        self.problems += [f"keys: there is no binding {name!r}" for name in self.wanted if name not in known]

    def _tell_losses(self, name: str, keys: str, bindings: Sequence[Binding]) -> None:
        for key in keys.split(","):
            for other in bindings:
                if other.id not in (name, *self.wanted) and key in other.key.split(","):
                    loser = other.id or other.action
                    self.problems.append(f"keys: {key} is {name} now; {loser} has lost it")


def every_binding(app: type[App[Any]]) -> Iterable[Sequence[Binding]]:
    """Those of the app, of each screen and of each widget of ours."""
    from importlib import import_module
    from pkgutil import iter_modules

    from textual.dom import DOMNode

    yield _own(app)
    for room in ("screens", "widgets"):
        package = import_module(f"lead_tui.tui.{room}")
        for found in iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(import_module(found.name)).values():
                if isinstance(value, type) and issubclass(value, DOMNode):
                    yield _own(value)


def _own(node: type[Any]) -> Sequence[Binding]:
    return [each for each in node.__dict__.get("BINDINGS", ()) if isinstance(each, Binding)]


def conflicts(bindings: Iterable[Binding]) -> dict[str, list[Binding]]:
    """Keys that lead to more than one action where all these bindings are active together."""
    by_key: dict[str, list[Binding]] = {}
    for binding in bindings:
        for key in binding.key.split(","):
            by_key.setdefault(key.strip(), []).append(binding)
    return {key: found for key, found in by_key.items() if len({binding.action for binding in found}) > 1}
