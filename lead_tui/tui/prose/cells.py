"""Text cut and padded to cells of the terminal. Pure."""

from contextlib import suppress
from pathlib import Path
from typing import Literal

from rich.cells import cell_len, set_cell_size

from lead_tui.text.safe import safe_line


def fit(text: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """Exactly `width` cells; what is cut ends in `…`. The text may come from outside."""
    if width <= 0:
        return ""
    line = safe_line(text, width * 4)
    size = cell_len(line)
    if size > width:
        return set_cell_size(line, width - 1) + "…"
    blank = " " * (width - size)
    return line + blank if align == "left" else blank + line


def fit_path(text: str, width: int) -> str:
    """As `fit`, but a long one loses its beginning: the end of a path tells files apart."""
    line = safe_line(text, 4_000)
    if cell_len(line) <= width or width <= 1:
        return fit(line, width)
    while cell_len(line) > width - 1:
        line = line[1:]
    return fit(f"…{line}", width)


def short_path(path: Path) -> str:
    """With `~` for the home folder."""
    with suppress(ValueError, RuntimeError):
        return str(Path("~") / path.relative_to(Path.home()))
    return str(path)
