"""`custom`: a Python class of the user's, `class: module:Class`, from the flow's folder or installed.

The class has `execute(action, parameters, context)`, async or not, and may have `close()`; `BaseAgent`
need not be its base. It is made once per run with the config (or with nothing, if it takes nothing);
its own settings are in `config.custom_params`, and, if it is a BaseAgent with a `config_model` of its own,
in the fields of that. It answers with an `AgentResponse` or plain data.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.agents.foreign import call_foreign, guarded
from lead_tui.agents.modules import flow_modules, is_reference
from lead_tui.errors import Category, failed
from lead_tui.flow.explain import told
from lead_tui.flow.models import AgentConfig
from lead_tui.raised import we_are_cancelled
from lead_tui.threads import in_thread


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError("write module:Class")
    return text


class CustomConfig(AgentConfig):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)
    class_: Annotated[str, AfterValidator(_reference), Field(alias="class", description="module:Class")]

    def breaker_key(self) -> str:
        return f"{self.class_}|{self.endpoint or self.name}"


class CustomAgent(BaseAgent[CustomConfig]):
    """Call a class of your own."""

    config_model = CustomConfig

    def __init__(self, config: CustomConfig) -> None:
        super().__init__(config)
        self._agent: Any = None
        self._making = asyncio.Lock()

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        async with self._making:
            if self._agent is None:
                self._agent = await guarded(self._make(context), context)
        execute = self._agent.execute
        return await call_foreign(execute, lambda given: execute(action, parameters, given), context)

    async def close(self) -> None:
        close = getattr(self._agent, "close", None)
        if close is None:
            return
        try:
            closed = close() if inspect.iscoroutinefunction(close) else await in_thread(close)
            if inspect.isawaitable(closed):
                await closed
        except Exception:
            raise
        except BaseException as error:
            if we_are_cancelled(error):
                raise
            # it may end neither the run nor the process; the place is still the user's
            raise RuntimeError(f"close raised {type(error).__name__}").with_traceback(
                error.__traceback__
            ) from None

    async def _make(self, context: AgentContext) -> Any:
        modules = flow_modules(context)
        found: Any = await in_thread(lambda: modules.load(self.config.class_))
        if not isinstance(found, type) or not callable(getattr(found, "execute", None)):
            message = f"{self.config.class_} is no class with execute(action, parameters, context)"
            raise failed(Category.VALIDATION, message, code="no_agent")
        if issubclass(found, BaseAgent) and found.config_model is not AgentConfig:
            return found(self._config_of(found.config_model))
        make: Callable[..., Any] = found
        return make(self.config) if inspect.signature(make).parameters else make()

    def _config_of(self, model: type[AgentConfig]) -> AgentConfig:
        """What a flow that knows the type would have given it: the agent's settings beside its own."""
        settings = {
            name: getattr(self.config, name)
            for name in self.config.model_fields_set
            if name in model.model_fields
        }
        data = {**self.config.custom_params, **settings}
        try:
            return model.model_validate(data)
        except ValidationError as error:
            message = f"custom_params of {self.config.class_}: {told(model, error, data)}"
            raise failed(Category.VALIDATION, message, code="bad_config") from None
