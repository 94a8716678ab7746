"""Numbers as a row of little bars, the highest one full. Pure."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇"
ASCII = "_.-~=+#"


def sparkline(values: Sequence[float], width: int = 8, *, ascii: bool = False) -> str:  # noqa: A002
    """The last `width` values, oldest first; negative ones count as 0."""
    shown = [max(value, 0.0) for value in values[-width:]] if width > 0 else []
    bars = ASCII if ascii else BARS
    most = max(shown, default=0.0)
    top = len(bars) - 1
    return "".join(bars[round(value / most * top) if most > 0 else 0] for value in shown)
