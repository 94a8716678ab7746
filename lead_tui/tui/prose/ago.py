"""How long ago something was, in at most eight characters. Pure."""

_UNITS = ((365 * 86_400, "y"), (86_400, "d"), (3_600, "h"), (60, "m"))
_DAYS = 999


def ago(seconds: float) -> str:
    """`just now` below a minute, then `3m ago`, `2h ago`, `14d ago`, `3y ago`."""
    for unit, letter in _UNITS:
        if seconds >= (_DAYS + 1) * 86_400 if letter == "y" else seconds >= unit:
            return f"{int(seconds // unit)}{letter} ago"
    return "just now"
