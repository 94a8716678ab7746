"""`human`: ask a person. `approve` puts a question, `input` a form; other tasks go on meanwhile.

`result` is `{answer, by, at, values}`, `at` as RFC 3339 text. A rejection fails the task with a permanent
`permission_error`, code `rejected`, that says who and why.
"""

from typing import Any, ClassVar

from lead_tui.agents.base import AgentContext, AgentResponse, Answer, BaseAgent, Gate
from lead_tui.agents.parameters import checked
from lead_tui.errors import Category
from lead_tui.flow.forms import FormField
from lead_tui.flow.models import AgentConfig, Name, ParametersModel
from lead_tui.flow.parameters import NotBuilt, Parameters, Templated

_NO_REASON = frozenset({"", "approve", "reject"})


class HumanConfig(AgentConfig):
    actions: ClassVar[frozenset[str] | None] = frozenset({"approve", "input"})
    builtin: ClassVar[bool] = True
    default_breaker: ClassVar[bool] = False
    only_asks: ClassVar[bool] = True

    @classmethod
    def parameters_model(cls, action: str) -> ParametersModel | None:
        return _SHAPES.get(action)


class Question(Parameters):
    message: str
    show: Any = None

    approvers: NotBuilt = None
    expires: NotBuilt = None
    on_expire: NotBuilt = None
    on_reject: NotBuilt = None


class ApproveParameters(Question):
    """`options`: the answers offered besides rejecting; without any there is one, `approve`."""

    options: Templated[tuple[str, ...]] = ()


class InputParameters(Question):
    form: Templated[dict[Name, FormField]]


_SHAPES: dict[str, type[ApproveParameters] | type[InputParameters]] = {
    "approve": ApproveParameters,
    "input": InputParameters,
}


class HumanAgent(BaseAgent[HumanConfig]):
    """Ask a person to approve, or to fill in a form."""

    config_model = HumanConfig

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        answer = await context.ask(_gate(checked(_SHAPES[action], parameters)))
        return _granted(answer) if answer.granted else _rejected(answer)


def _gate(asked: ApproveParameters | InputParameters) -> Gate:
    if isinstance(asked, ApproveParameters):
        return Gate(message=asked.message, show=asked.show, options=asked.options)
    form = {name: field.model_dump(exclude_unset=True) for name, field in asked.form.items()}
    return Gate(message=asked.message, action="input", show=asked.show, form=form)


def _granted(answer: Answer) -> AgentResponse:
    return AgentResponse.ok(
        {"answer": answer.answer, "by": answer.by, "at": answer.at.isoformat(), "values": answer.values}
    )


def _rejected(answer: Answer) -> AgentResponse:
    who = f"rejected by {answer.by}" if answer.by else "rejected"
    why = "" if answer.answer in _NO_REASON else f": {answer.answer}"
    return AgentResponse.fail(Category.PERMISSION, who + why, code="rejected")
