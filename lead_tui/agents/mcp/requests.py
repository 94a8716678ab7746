"""What the server sends beside answers: log messages, progress, and questions of its own."""

import json
import logging
from typing import Any, Literal

import mcp_types as types
from mcp.client import ClientRequestContext, IncomingMessage
from mcp.shared.dispatcher import ProgressFnT

from lead_tui.agents.base import AgentContext
from lead_tui.agents.mcp import elicitation, sampling
from lead_tui.agents.mcp.calls import Calls
from lead_tui.agents.mcp.config import McpServerConfig
from lead_tui.agents.mcp.link import Surroundings
from lead_tui.agents.output import MAX_LINE, Allowance

_LEVELS: dict[str, Literal["debug", "info", "warning", "error"]] = {
    "debug": "debug", "info": "info", "notice": "info", "warning": "warning", "error": "error",
    "critical": "error", "alert": "error", "emergency": "error",
}  # fmt: skip

# the SDK logs what it cannot read with its text; who wants that adds a handler, it must not reach stderr
for _name in ("mcp", "client"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Requests:
    """The callbacks of one session. What comes while no task waits for the server is logged or refused."""

    def __init__(self, config: McpServerConfig, calls: Calls, around: Surroundings) -> None:
        self._config = config
        self._calls = calls
        self.around = around
        self.tools_changed = False
        self._allowance = Allowance()

    async def log(self, params: types.LoggingMessageNotificationParams) -> None:
        self.said(params)

    def said(self, params: types.LoggingMessageNotificationParams) -> None:
        """A log message. Those that are too many cost little, and are counted."""
        call = self._calls.asking()
        here = call.context if call is not None else None
        if here is not None:
            here.heartbeat()
        if not self._allowance.take():
            return
        data = params.data
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        text = f"{params.logger}: {text}" if params.logger else text
        where = here or self.around
        where.log(where.mask(text[:MAX_LINE], cut=len(text) > MAX_LINE), _LEVELS.get(params.level, "info"))

    async def message(self, message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self.tools_changed = True

    def progress(self, context: AgentContext) -> ProgressFnT:
        async def told(progress: float, total: float | None, message: str | None) -> None:
            context.heartbeat()
            if self._allowance.take():
                context.progress(progress, total, message or "")

        return told

    async def elicit(
        self, context: ClientRequestContext, params: types.ElicitRequestParams
    ) -> types.ElicitResult | types.ErrorData:
        if not self._calls.is_sure:
            return _ambiguous(self._config.name)
        call = self._calls.asking()
        if call is None or call.context is None:
            return _nobody("a person")
        number = call.times(elicitation.identity(params))
        answer = elicitation.answer(self._config.name, params, call.context, number)
        return await call.errand(answer) or _nobody("a person")  # it goes to no other call when that one ends

    async def sample(
        self, context: ClientRequestContext, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult | types.ErrorData:
        agent = self._config.sampling
        if agent is None:
            return _nobody("a model")
        while (call := self._calls.asking()) is not None and call.context is not None:
            done = await call.errand(sampling.answer(agent, params, call.context))
            if done is not None:
                return done
        return _nobody("a model")

    def close(self) -> None:
        if self._allowance.left_out:
            self.around.log(f"{self._config.name}: {self._allowance.verdict()}", "warning")

    def callbacks(self) -> dict[str, Any]:
        """For the SDK's client. Without `sampling` in the flow the server is told that there is none."""
        found: dict[str, Any] = {
            "logging_callback": self.log,
            "message_handler": self.message,
            "elicitation_callback": self.elicit,
        }
        return found | ({"sampling_callback": self.sample} if self._config.sampling else {})


def _ambiguous(server: str) -> types.ErrorData:
    message = (
        f"several calls of {server} are in flight, and over stdio nothing tells which of them asks a person: "
        f"give the agent {server} `max_concurrency: 1`"
    )
    return types.ErrorData(code=types.INVALID_REQUEST, message=message)


def _nobody(what: str) -> types.ErrorData:
    return types.ErrorData(
        code=types.INVALID_REQUEST, message=f"{what} can be asked while a call is in flight, and none is"
    )
