"""The second line of defence: whatever leaves a run is searched for secret values, and `***` put there.

The first line is that a secret enters a call at the last moment and is stored nowhere. Values are found as
they are, escaped (JSON, Python, HTML, template literals), URL-encoded and in base64 at all three alignments.
Values of fewer than four characters are not searched for: every second word would be masked.
"""

import base64
import html
import json
import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

MASK = "***"
SHORTEST = 4
T = TypeVar("T", bound=msgspec.Struct)

_NAMES = frozenset(
    ("run_id", "task", "agent", "gate", "action", "role", "reason", "scope", "cause", "level", "stream")
)
"""Fields that hold names of the flow or words of the engine: a secret that is a task's name must not hide it,
or the fact would not fit the run any more."""
_DATA = frozenset(("result", "value", "show"))
"""Fields that may be a number themselves, such as a PIN that a server gave back."""
_URL_SAFE = ("", "/", "!$&'()*+,;=:@/", "!$&'()*+,;=:@/?")
"""What different encoders leave as it is."""
_NOT_IN_LITERALS = re.compile(r"[^A-Za-z0-9 _.,:;/@+=-]", re.ASCII)


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
        # looking for each is many times faster than the pattern, and most texts hold none
        if self._pattern is None or not any(value in text for value in self._values):
            return text
        found = 1
        while found:  # beside a mask, asterisks of the text may make a secret that has some
            text, found = self._pattern.subn(MASK, text)
        return text

    def piece(self, text: str) -> str:
        """Mask a text that was cut out of a longer one: also what is left of a secret at its two ends."""
        text = self.text(text)
        for value in sorted(self._values, key=len, reverse=True):
            for length in range(len(value) - 1, SHORTEST - 1, -1):
                if text.startswith(value[-length:]):
                    text = MASK + text[length:]
                if text.endswith(value[:length]):
                    text = text[:-length] + MASK
        return text

    def conceal(self, data: Any) -> Any:
        """Mask strings anywhere inside plain data, keys included."""
        if self._pattern is None:
            return data
        if isinstance(data, str):
            return data if isinstance(data, Enum) else self.text(data)
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
        """Mask the fields of an event, note, command or failure that hold text or plain data."""
        if self._pattern is None:
            return struct
        changed = {}
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            if name in _NAMES or not (isinstance(value, _HOLDERS) or name in _DATA):
                continue
            concealed = self.conceal(value)
            if concealed != value:
                changed[name] = concealed
        return msgspec.structs.replace(struct, **changed) if changed else struct


_HOLDERS = (str, dict, list, tuple, msgspec.Struct)


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
        raw = _bytes(value)
        forms |= {value, *_escaped(value), *_in_urls(raw)}
        forms |= {form for shift in range(3) for form in _base64_at(raw, shift)}
    return {form for form in forms if len(form) >= SHORTEST}


def _bytes(value: str) -> bytes:
    """A variable that is not UTF-8 has surrogates for its bytes."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return value.encode("utf-8", "surrogatepass")


def _escaped(value: str) -> set[str]:
    in_repr = repr('"' + value)[2:-1]
    return {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        in_repr,
        in_repr.replace("\\'", "'"),  # as it is quoted by `"`
        html.escape(value),
        html.escape(value, quote=False),
        _NOT_IN_LITERALS.sub(lambda character: f"\\U{ord(character[0]):08x}", value),
        _bytes(value).decode("utf-8", "replace"),
    }


def _in_urls(raw: bytes) -> set[str]:
    found = {quote(raw, safe=safe) for safe in _URL_SAFE}
    found |= {form.replace("%20", "+") for form in found}
    return found | {re.sub("%..", lambda code: code[0].lower(), form) for form in found}


def _base64_at(raw: bytes, shift: int) -> set[str]:
    """The characters of base64 text that depend on `raw` alone when `shift` bytes come before it."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    start = (shift * 8 + 5) // 6
    end = (shift + len(raw)) * 8 // 6
    core = encoded[start:end]
    return {core, core.replace("+", "-").replace("/", "_")}
