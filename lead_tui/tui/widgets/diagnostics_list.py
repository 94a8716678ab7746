"""What is wrong with the text of the editor: one line each, errors before warnings, counted in the title."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.message import Message

from lead_tui.flow.diagnostics import Diagnostic
from lead_tui.text.safe import safe_line
from lead_tui.tui.look import Look
from lead_tui.tui.widgets.rows import Rows
from lead_tui.tui.widgets.section import Section
from lead_tui.tui.widgets.yaml_area import SEVERITIES

VALID = Look("✔", "+", "valid", "ok")


class DiagnosticsList(Section):
    """`set_problems` shows them; `Chosen` says that the reader wants to go to one."""

    DEFAULT_CSS = """
    DiagnosticsList { height: 6; }
    """

    class Chosen(Message):
        def __init__(self, problem: Diagnostic) -> None:
            super().__init__()
            self.problem = problem

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("Problems", id=id)
        self._problems: Sequence[Diagnostic] = ()
        self._place = 1  # the width of the column

    @property
    def problems(self) -> Sequence[Diagnostic]:
        return self._problems

    def set_problems(self, problems: Iterable[Diagnostic]) -> None:
        self._problems = tuple(problems)
        self._place = max((len(place(each)) for each in self._problems), default=1)
        self.set_count(len(self._problems))

    def point_at(self, problem: Diagnostic) -> None:
        self.cursor = self._problems.index(problem)

    def tells_all_of(self, problem: Diagnostic) -> bool:
        """Does its row hold every word of it? Not in a list that is hidden or too narrow."""
        index = self._problems.index(problem)
        return self.display and cell_len(self._text(index)) <= self.row_width

    def _text(self, index: int) -> str:
        return "".join(part.text for part in self.render_row(index, self.row_width))

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        problem = self._problems[index]
        look = SEVERITIES[problem.severity]
        yield Segment(f" {self.glyph(look)} ", self.palette.bold[look.tone])
        yield Segment(f"{place(problem):<{self._place}}  ", self.palette["muted"])
        yield Segment(safe_line(problem.message, 500), self.palette["text"])
        if problem.hint:
            yield Segment(f"  {safe_line(problem.hint, 500)}", self.palette["muted"])

    def render_empty(self, line: int, width: int) -> Iterable[Segment]:
        if line == 0:
            yield Segment(f" {self.glyph(VALID)} ", self.palette[VALID.tone])
            yield Segment("no problems", self.palette["muted"])

    def on_rows_opened(self, event: Rows.Opened) -> None:
        event.stop()
        self.post_message(self.Chosen(self._problems[event.index]))


def place(problem: Diagnostic) -> str:
    """`12:5`, `12`, or nothing for what stands nowhere."""
    return ":".join(str(part) for part in (problem.line, problem.col) if part is not None)


def counted(problems: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    errors = sum(each.severity == "error" for each in problems)
    counts = ((errors, "error"), (len(problems) - errors, "warning"))
    return ", ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts if n) or "no problems"


def sentence(problem: Diagnostic) -> str:
    """All of one problem: how bad, what, and what to do."""
    hint = f" ({problem.hint})" if problem.hint else ""
    return safe_line(f"{problem.severity}: {problem.message}{hint}")
