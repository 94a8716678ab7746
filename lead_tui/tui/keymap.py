"""Every binding has an id; a person gives it other keys in `cockpit.toml`. Conflicts are reported. Pure."""

from collections.abc import Iterable, Mapping

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

    def check(self, bindings: Iterable[Binding]) -> None:
        """Report ids that there are not. Known only once every screen's bindings are."""
        known = {binding.id for binding in bindings}
        self.problems += [f"keys: there is no binding {name!r}" for name in self.wanted if name not in known]


def conflicts(bindings: Iterable[Binding]) -> dict[str, list[Binding]]:
    """Keys that lead to more than one action where all these bindings are active together."""
    by_key: dict[str, list[Binding]] = {}
    for binding in bindings:
        for key in binding.key.split(","):
            by_key.setdefault(key.strip(), []).append(binding)
    return {key: found for key, found in by_key.items() if len({binding.action for binding in found}) > 1}
