"""What is wrong with a flow, for a screen that has room for a few lines."""

from pathlib import Path

from rich.text import Text

from lead_tui.errors import LeadError
from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.text.safe import safe_line
from lead_tui.tui.flows.folder import problems_of
from lead_tui.tui.look import Tone
from lead_tui.tui.themes import Palette

TOLD = 12
"""Problems that are listed; the editor shows all."""


def problem_text(each: Diagnostic, palette: Palette, tone: Tone = "bad") -> Text:
    """Place, message and hint."""
    place = f"{each.line}:{each.col} " if each.line is not None else ""
    hint = f"  {each.hint}" if each.hint else ""
    return Text.assemble(
        (place, palette["muted"]),
        (safe_line(each.message, 500), palette[tone]),
        (safe_line(hint, 300), palette["muted"]),
    )


def broken_text(error: LeadError, path: Path, palette: Palette, keys: str) -> Text:
    """Why a flow cannot be loaded; `keys` says what can be done about it."""
    found = problems_of(error, path)
    many = f"{len(found)} problems" if len(found) > 1 else "one problem"
    lines = [Text.assemble((f"This flow cannot run here: {many}.", palette.bold["bad"])), Text()]
    lines += [problem_text(each, palette) for each in found[:TOLD]]
    if len(found) > TOLD:
        lines.append(Text.assemble((f"and {len(found) - TOLD} more", palette["muted"])))
    lines += [Text(), Text.assemble((keys, palette["muted"]))]
    return Text("\n").join(lines)
