"""A budget, to be raised: what is spent of each of its limits, and a field for the new one."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from lead_tui.core.commands import RaiseBudget
from lead_tui.tui.flows.fields import Field
from lead_tui.tui.prose.amounts import amount_text, percent, whose
from lead_tui.tui.screens.modal import Modal
from lead_tui.tui.themes import Palette
from lead_tui.tui.vitals.spending import Limit
from lead_tui.tui.widgets.form import Form

_UNITS = {"usd": "dollars", "tokens": "tokens", "calls": "calls", "seconds": "seconds"}


class BudgetScreen(Modal[RaiseBudget | None]):
    """Gives the command, None if the person leaves. `refusal` says why the run would not take it.

    `limits` are those of the budget of `agent`, empty for the flow's; `then` says what a raise leads to.
    """

    DEFAULT_CSS = """
    BudgetScreen {
        align: center middle;
        & > Vertical {
            width: 62; max-width: 100%; min-width: 20; height: auto; max-height: 100%;
            border: round $primary; border-title-color: $primary; border-title-style: bold;
            background: $surface; padding: 1 1 0 1;
        }
        #what { height: auto; padding: 0 1; }
        #why { height: auto; padding: 0 1; display: none; }
        &.-refused #why { display: block; }
        Form { max-height: 16; }
        .hint { height: 1; padding: 0 1; color: $foreground; text-opacity: 60%; }
    }
    BudgetScreen.-short > Vertical { padding: 0; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-tall")]  # noqa: RUF012 - an instance variable of Textual

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", id="budget.back"),
    ]

    def __init__(
        self,
        agent: str,
        limits: Sequence[Limit],
        refusal: Callable[[RaiseBudget], str],
        *,
        then: str = "What it holds back goes on.",
    ) -> None:
        super().__init__()
        self._agent = agent
        self._limits = sorted(limits, key=lambda limit: list(_UNITS).index(limit.what))
        self._refusal = refusal
        self._then = then

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = f"Raise {whose(self._agent)}"
            yield Static(f"Each limit is the new total. {self._then}", id="what", markup=False)
            yield Form([_field(limit) for limit in self._limits])
            yield Static(id="why", markup=False)
            yield Static("enter next, then raise   esc back", classes="hint", markup=False)

    def on_mount(self) -> None:
        self.query_one(Form).focus_first()

    def on_form_submitted(self, event: Form.Submitted) -> None:
        event.stop()
        now: dict[str, float] = {limit.what: limit.most for limit in self._limits}
        raised = {what: value for what, value in event.values.items() if value != now[what]}
        if not raised:
            self._tell("nothing is raised yet: give one of them more")
            return
        command = RaiseBudget(agent=self._agent, **raised)
        why = self._refusal(command)
        if why:
            self._tell(why)
        else:
            self.dismiss(command)

    def _tell(self, problem: str) -> None:
        self.query_one("#why", Static).update(Text(problem, Palette.of(self.app)["bad"]))
        self.add_class("-refused")
        self.query_one(Form).focus_first()

    def action_leave(self) -> None:
        self.dismiss(None)


def _field(limit: Limit) -> Field:
    """Begins with the limit as it is, which may stay."""

    def read(text: str) -> Any:
        try:
            value = float(text.replace(",", "").removeprefix("$"))
        except ValueError:
            raise ValueError("a number is needed") from None
        if value != limit.most and not max(limit.most, limit.spent) < value < float("inf"):
            least = amount_text(limit.what, max(limit.most, limit.spent))
            raise ValueError(f"it must be more than {least}")
        return value

    spent = f"{amount_text(limit.what, limit.spent)} spent, {percent(limit.part)}"
    return Field(limit.what, _UNITS[limit.what], read, f"{limit.most:.12g}", note=spent)
