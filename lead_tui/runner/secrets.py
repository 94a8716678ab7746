"""The second line of defence: whatever leaves a run is searched for secret values, and `***` put there.

The first line is that a secret enters a call at the last moment and is stored nowhere. Values are found in
all the forms of `secret_forms.py`; in base64 also across line breaks, and line by line as encoders wrap it.
Values of fewer than four characters are not searched for: every second word would be masked. For the same
reason a line alone of a longer secret is one from eight characters on, and a part of its base64 from twelve.
"""

import re
import string
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar

import msgspec

from lead_tui.runner.needles import SHORTEST, Needles
from lead_tui.runner.secret_forms import base64_forms, parts, text_forms

MASK = "***"
T = TypeVar("T", bound=msgspec.Struct)

_NAMES = frozenset((
    "run_id", "task", "agent", "gate", "action", "role", "reason", "scope", "cause", "level", "stream",
    "tool", "what", "mode",
))  # fmt: skip
"""Fields that hold names of the flow or words of the engine: a secret that is a task's name must not hide it,
or the fact would not fit the run any more."""
_DATA = frozenset(("result", "value", "show", "arguments", "piece"))
"""Fields that may be a number themselves, such as a PIN that a server gave back."""
_BLANKS = r"(?:\s|\\{1,4}[rn])*"
_LINE_BREAK = rf"(?:[\r\n]|\\{{1,4}}[rn]){_BLANKS}"
"""As it is or escaped, with the indentation of the next line."""
_BREAK = re.compile(_LINE_BREAK)
_ALPHABET = string.ascii_letters + string.digits + "+/-_"
_LINE = 16
"""A line of base64 in the middle of a secret is known as such from this length on."""
_END = 12
"""So is the beginning or the end of a secret in base64: fewer characters are those of many a word."""
_PASSES = 20
"""Beside a mask, asterisks of the text may make a secret that has some: so often it is searched again."""


class Concealer:
    """`conceal(data)` gives the same data without the secrets known so far; without any it costs nothing."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._written = Needles()
        self._base64 = Needles()
        self.add(*secrets)

    def __bool__(self) -> bool:
        return bool(self._written.values)

    @property
    def reach(self) -> int:
        """How long a secret may be as it is written, line breaks in base64 included."""
        return max(self._written.longest, self._base64.longest) + self._base64.longest // 16

    def add(self, *secrets: str) -> None:
        values = [part for secret in secrets if len(secret) >= SHORTEST for part in parts(secret)]
        self._base64.add(_long_enough(form for value in values for form in base64_forms(value)))
        self._written.add(_long_enough(form for value in values for form in text_forms(value)))

    def text(self, text: str) -> str:
        return self._line(self.whole(text)) if self else text

    def piece(self, text: str) -> str:
        """Mask a text that was cut out of a longer one: also what is left of a secret at its two ends."""
        text = self.text(text)
        if len(text) >= _LINE and self._written.hold(text):
            return MASK
        if length := self._written.length_at_start(text):
            text = MASK + text[length:]
        if length := self._written.length_at_end(text):
            text = text[:-length] + MASK
        return text

    def begun_at_end(self, text: str) -> int:
        """How many characters at its end may be the beginning of a secret that goes on behind it."""
        return self._written.length_at_end(text)

    def whole(self, text: str) -> str:
        """Mask the secrets that are there from beginning to end."""
        for _ in range(_PASSES):
            if not (found := self._found_in(text)):
                break
            text = _any_of(found).sub(MASK, text)
        else:
            text = self._without_words(text)
        if self and _BREAK.search(text):
            wrapped = self._base64.found_in(_BREAK.sub("", text))
            for form in sorted(wrapped, key=len, reverse=True):
                text = re.sub(_across_lines(form), MASK, text)
        return text

    def _found_in(self, text: str) -> set[str]:
        return self._written.found_in(text) | self._base64.found_in(text)

    def _without_words(self, text: str) -> str:
        """Mask the words that hold a secret, or everything if one still goes across words."""
        if found := self._found_in(text):
            secret = _any_of(found)
            text = re.sub(r"\S+", lambda word: MASK if secret.search(word[0]) else word[0], text)
        return MASK if self._found_in(text) else text

    def _line(self, text: str) -> str:
        """Mask what may be lines of a longer base64 text: a secret's beginning, its end, or part of it."""
        within = 2 * self._base64.longest
        head = _BREAK.sub("", text[:within].strip())
        begun = _run(head)
        if len(begun) >= _LINE and begun == head and len(text) < within and self._base64.hold(begun):
            return text.replace(text.strip(), MASK)
        if length := self._base64.length_at_start(begun, _END):
            text = re.sub(rf"\A({_BLANKS}){_across_lines(begun[:length])}", rf"\1{MASK}", text)
        tail = _BREAK.sub("", text[-within:].strip())
        ended = _run(tail[::-1])[::-1]
        if length := self._base64.length_at_end(ended, _END):
            text = re.sub(rf"{_across_lines(ended[-length:])}({_BLANKS})\Z", rf"{MASK}\1", text)
        return text

    def conceal(self, data: Any) -> Any:
        """Mask strings anywhere inside plain data, keys included."""
        if not self:
            return data
        if isinstance(data, str):
            return data if isinstance(data, Enum) else self.text(data)
        if isinstance(data, dict):
            return {self.conceal(key): self.conceal(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self.conceal(each) for each in data]
        if isinstance(data, msgspec.Struct):
            return self.struct(data)
        if isinstance(data, int | float) and not isinstance(data, bool) and str(data) in self._written.values:
            return MASK
        return data

    def struct(self, struct: T) -> T:
        """Mask the fields of an event, note, command or failure that hold text or plain data."""
        if not self:
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
        self._before = ""
        """What stood before a pause, as long as a secret may go on behind it."""

    def feed(self, piece: str) -> str:
        """Give what is safe to show; hold back what could be the beginning of a secret."""
        if not self._concealer:
            return piece
        text = self._whole(self._held + piece)
        keep = min(self._concealer.reach - 1, len(text))
        self._held = text[len(text) - keep :]
        if len(text) > keep:
            self._before = ""
        return text[: len(text) - keep]

    def pause(self) -> str:
        """Give all that is held. What may be the first half of a secret is masked, its other half later."""
        text, self._held = self._whole(self._held), ""
        joined = self._before + text
        self._before = joined[max(len(joined) - self._concealer.reach, 0) :]
        half = min(self._concealer.begun_at_end(joined), len(text))
        return self._concealer.text(text[: len(text) - half]) + (MASK if half else "")

    def flush(self) -> str:
        text, self._held = self._whole(self._held), ""
        return self._concealer.text(text)

    def _whole(self, text: str) -> str:
        """Mask the secrets in `text`, also one that begins before it."""
        masked = self._concealer.whole(self._before + text)
        return masked[_length_of_same(self._before, masked) :]


def _length_of_same(first: str, second: str) -> int:
    """How many characters both begin with."""
    pairs = zip(first, second, strict=False)
    shorter = min(len(first), len(second))
    return next((place for place, (one, other) in enumerate(pairs) if one != other), shorter)


def _long_enough(forms: Iterable[str]) -> set[str]:
    return {form for form in forms if len(form) >= SHORTEST}


def _any_of(forms: Iterable[str]) -> re.Pattern[str]:
    """The longest that fits: nothing of it may be left beside the mask of a shorter one."""
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))


def _run(text: str) -> str:
    """The characters of base64 that `text` begins with."""
    return text[: len(text) - len(text.lstrip(_ALPHABET))]


def _across_lines(form: str) -> str:
    return f"(?:{_LINE_BREAK})?".join(map(re.escape, form))
