"""`python`: call a function, `action: module:function`, with the parameters as keyword arguments.

The module is looked for in the flow's folder first, see `modules.py`. An async function runs on the
event loop, any other in a thread of its own, which a timeout cannot stop: it is left behind and its
result dropped.

A parameter named `context` that the task does not give receives the AgentContext. The return value must
be plain data or become it (`plain.py`). An exception is a permanent `agent_error` with its type,
message and place; raise `AgentError` to say more exactly what happened.
"""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.agents.foreign import call_foreign, guarded
from lead_tui.agents.modules import flow_modules, is_reference
from lead_tui.errors import Category, failed
from lead_tui.flow.models import AgentConfig
from lead_tui.threads import in_thread


class PythonConfig(AgentConfig):
    builtin: ClassVar[bool] = True
    default_breaker: ClassVar[bool] = False

    @classmethod
    def action_problem(cls, action: str) -> str | None:
        return None if is_reference(action) else "write module:function"


class PythonAgent(BaseAgent[PythonConfig]):
    """Call a Python function of the flow's folder or of an installed package."""

    config_model = PythonConfig

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        modules = flow_modules(context)
        function = await guarded(in_thread(lambda: modules.load(action)), context)
        if not callable(function):
            raise failed(Category.VALIDATION, f"{action} is no function", code="no_function")
        takes_context = _fits(function, action, parameters)

        def call(given: AgentContext) -> Any:
            return function(**parameters, **({"context": given} if takes_context else {}))

        return await call_foreign(function, call, context)


def _fits(function: Callable[..., Any], action: str, parameters: dict[str, Any]) -> bool:
    """Does it want the context besides? AgentError if the arguments do not fit the signature."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # some functions written in C have none
        return False
    wants = "context" in signature.parameters and "context" not in parameters
    try:
        signature.bind(**parameters, **({"context": None} if wants else {}))
    except TypeError as error:
        message = f"{action}{signature}: {error}"
        raise failed(Category.VALIDATION, message, code="bad_parameters") from None
    return wants
