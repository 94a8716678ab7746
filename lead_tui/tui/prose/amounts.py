"""Money, tokens and other amounts of what is spent, in few characters. Pure."""

from collections.abc import Mapping

from lead_tui.core.spending import amount
from lead_tui.text.safe import safe_line
from lead_tui.text.words import duration

_FULL, _EMPTY = ("▰", "#"), ("▱", ".")


def dollars(usd: float) -> str:
    """`$0`, `$0.0123`, `$1.24`, `$1,204`: enough digits of little, no cents of much."""
    if usd >= 1000:
        return f"${usd:,.0f}"
    if usd >= 1:
        return f"${usd:.2f}".removesuffix(".00")
    if usd < 0.00005:
        return "$0" if not usd else "<$0.0001"
    return f"${usd:.4f}"[:7].rstrip("0") if usd < 0.1 else f"${usd:.2f}"


def count(number: float) -> str:
    """`812`, `4.2k`, `31k`, `1.2M`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * size:
            part = number / size
            return f"{part:.1f}{letter}".replace(".0", "") if part < 9.95 else f"{part:.0f}{letter}"
    return f"{number:.0f}"


def amount_text(what: str, number: float) -> str:
    """Of a limit: `$2`, `5k tokens`, `12 calls`, `1m30s`."""
    if what == "usd":
        return dollars(number)
    if what == "seconds":
        return duration(number)
    noun = what[:-1] if number == 1 else what
    return f"{count(number)} {noun}"


def is_spent(usage: Mapping[str, float]) -> bool:
    """Did it cost anything that a person pays for?"""
    return bool(amount(usage, "tokens") or usage.get("unpriced_calls") or "usd" in usage)


def unpriced(usage: Mapping[str, float]) -> str:
    """`2 unpriced`, if there are calls whose price nobody knows."""
    calls = usage.get("unpriced_calls", 0)
    return f"{calls:,.0f} unpriced" if calls else ""


def spend_text(usage: Mapping[str, float]) -> str:
    """`4 calls, 3.1k in, 1.1k out, $0.0123, 2 unpriced`; "" for what cost nothing."""
    if not is_spent(usage):
        return ""
    calls = usage.get("calls", 0)
    words = [f"{calls:,.0f} call{'' if calls == 1 else 's'}"] if calls else []
    words += [f"{count(usage[key])} {word}" for key, word in _TOKENS.items() if usage.get(key)]
    words += [dollars(usage["usd"])] if "usd" in usage else []
    words += [text] if (text := unpriced(usage)) else []
    return ", ".join(words)


_TOKENS = {
    "input_tokens": "in",
    "cache_read_tokens": "from cache",
    "cache_write_tokens": "to cache",
    "output_tokens": "out",
}


def gauge(part: float, width: int, *, ascii_only: bool = False) -> tuple[str, str]:
    """What is full and what is empty of a bar: full only where all is spent, empty only where nothing is."""
    most = width if part >= 1 else max(width - 1, 0)
    filled = min(max(round(part * width), 1 if part > 0 else 0), most)
    return _FULL[ascii_only] * filled, _EMPTY[ascii_only] * (width - filled)


def percent(part: float) -> str:
    """`62%`; 100 only where all is spent."""
    return f"{min(round(part * 100), 99 if part < 1 else 999_999)}%"


def whose(agent: str) -> str:
    """Of a budget: `the budget`, `the budget of writer`."""
    return f"the budget of {safe_line(agent, 40)}" if agent else "the budget"
