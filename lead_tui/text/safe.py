r"""Text from outside, made fit for a screen, a report or a log of a build.

What a terminal would obey, and what a reader would not see or see in the wrong place, becomes visible: C0
controls and DEL as their pictures (`\x1b` is `␛`), C1 controls, bidi controls, zero-width and other
invisible characters, lone surrogates and noncharacters as `\u202e`. Nothing else
changes, and doing it twice changes nothing more.
"""

import re
from functools import cache

_INVISIBLE = (
    "\x80-\x9f"  # C1: `\x9b` alone opens a control sequence
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
NOT_JSON_SAFE = re.compile(f"[\x7f{_INVISIBLE}]")
"""What a JSON encoder leaves as it is, and a terminal should not get."""


def safe(text: str, *, newline: bool = True, tab: bool = True) -> str:
    """`newline`, `tab`: these may stay. Takes time linear in the length, and little if nothing is to do."""
    return _pattern(newline, tab).sub(_picture, text)


def safe_line(text: str, limit: int = 2_000) -> str:
    """One line of at most about `limit` characters; says how many are missing."""
    missing = len(text) - limit
    line = safe(text[:limit], newline=False, tab=False)
    return f"{line}… (+{missing:,} characters)" if missing > 0 else line


@cache
def _pattern(newline: bool, tab: bool) -> re.Pattern[str]:
    """Made on first use: each takes a millisecond."""
    stays = ("" if newline else "\n") + ("" if tab else "\t")
    return re.compile(f"[\x00-\x08\x0b-\x1f\x7f{stays}{_INVISIBLE}]")


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
