"""The second line of defence: whatever leaves a run is searched for secret values, and `***` put there.

The first line is that a secret enters a call at the last moment and is stored nowhere. Values are found as
they are, JSON-escaped, URL-encoded and in base64 (at all three alignments). Values of fewer than four
characters are not searched for: every second word would be masked.
"""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import msgspec

MASK = "***"
SHORTEST = 4
T = TypeVar("T", bound=msgspec.Struct)


class Concealer:
    """`conceal(data)` gives the same data without the secrets known so far; without any it costs nothing."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.longest = 0
        self.add(*secrets)

    def __bool__(self) -> bool:
        return self._pattern is not None

    def add(self, *secrets: str) -> None:
        found = {form for secret in secrets for form in _forms(secret)} - self._values
        if found:
            self._values |= found
            longest_first = sorted(self._values, key=len, reverse=True)
            self.longest = len(longest_first[0])
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern is not None else text

    def conceal(self, data: Any) -> Any:
        """Mask strings anywhere inside plain data, keys included."""
        if self._pattern is None:
            return data
        if isinstance(data, str):
            return self._pattern.sub(MASK, data)
        if isinstance(data, dict):
            return {self.conceal(key): self.conceal(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.conceal(each) for each in data]
        if isinstance(data, msgspec.Struct):
            return self.struct(data)
        if isinstance(data, int | float) and not isinstance(data, bool) and str(data) in self._values:
            return MASK
        return data

    def struct(self, struct: T) -> T:
        """Mask the fields of an event, note or failure that hold text or plain data."""
        if self._pattern is None:
            return struct
        changed = {}
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            if isinstance(value, str | dict | list | tuple | msgspec.Struct) and value:
                concealed = self.conceal(value)
                if concealed != value:
                    changed[name] = concealed
        return msgspec.structs.replace(struct, **changed) if changed else struct


class ConcealedStream:
    """Mask text that comes in pieces: a secret may begin in one and end in the next."""

    def __init__(self, concealer: Concealer) -> None:
        self._concealer = concealer
        self._held = ""

    def feed(self, piece: str) -> str:
        """Give what is safe to show; hold back what could be the beginning of a secret."""
        if not self._concealer:
            return piece
        text = self._concealer.text(self._held + piece)
        keep = min(self._concealer.longest - 1, len(text))
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def flush(self) -> str:
        held, self._held = self._held, ""
        return self._concealer.text(held)


def _forms(secret: str) -> set[str]:
    if len(secret) < SHORTEST:
        return set()
    lines = {line.strip() for line in secret.splitlines()} if "\n" in secret else set()
    forms = set()
    for value in {secret, secret.strip(), *lines}:
        raw = value.encode()
        forms |= {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
        forms |= {quote(value, safe=""), quote(value), quote_plus(value)}
        forms |= {form for shift in range(3) for form in _base64_at(raw, shift)}
    return {form for form in forms if len(form) >= SHORTEST}


def _base64_at(raw: bytes, shift: int) -> set[str]:
    """The characters of base64 text that depend on `raw` alone when `shift` bytes come before it."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    start = (shift * 8 + 5) // 6
    end = (shift + len(raw)) * 8 // 6
    core = encoded[start:end]
    return {core, core.replace("+", "-").replace("/", "_")}
