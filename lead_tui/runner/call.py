"""The border to foreign code: whatever an agent does, one checked `AgentResponse` comes of its call.

Only our own cancellation passes. What an agent raises is a failure of the attempt, `SystemExit`,
`KeyboardInterrupt` and a `CancelledError` of its own included; what it returns is made plain data or refused.
"""

import asyncio
import math
from collections.abc import Mapping
from typing import Any

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent, Unsent
from lead_tui.errors import AgentError, Category, Failure, Outcome, failed
from lead_tui.raised import told, we_are_cancelled
from lead_tui.runner.call_time import CallTime
from lead_tui.runner.plain import plain, storable


async def call(
    agent: BaseAgent[Any],
    action: str,
    parameters: dict[str, Any],
    context: AgentContext,
    time: CallTime,
    seconds: float | None,
) -> AgentResponse:
    """Call the agent; `seconds` of `time` for it, None for no limit but that of its silence, if it has one.

    Raises CancelledError if we are.
    """
    time.begin()
    try:
        if seconds is None and time.idle is None:
            response: Any = await agent.execute(action, parameters, context)
        else:
            async with asyncio.timeout(seconds) as time.timeout:
                response = await agent.execute(action, parameters, context)
            if time.timeout.expired():  # the agent kept the cancellation to itself
                return _too_late(time, seconds)
        return checked(response)
    except AgentError as error:
        return AgentResponse(success=False, error=_failure(error.failure))
    except TimeoutError as error:
        if time.timeout is not None and time.timeout.expired():
            return _too_late(time, seconds, error.__cause__)
        return AgentResponse.fail(Category.TIMEOUT, "the agent gave up: timeout", Outcome.UNKNOWN)
    except BaseException as error:  # foreign code: all it raises is a failure
        if we_are_cancelled(error):
            raise
        return AgentResponse.fail(Category.AGENT, storable(told(error)), code="raised")
    finally:
        time.end()


def checked(response: object) -> AgentResponse:
    """The response with every field of its type and storable. Raises AgentError for what cannot be kept."""
    if not isinstance(response, AgentResponse):
        kind = type(response).__name__
        raise failed(Category.AGENT, f"execute must return an AgentResponse, not {kind}", code="bad_response")
    return AgentResponse(
        success=bool(response.success),
        result=plain(response.result),
        error=None if response.success else _failure(response.error),
        meta=_meta(response.meta) if response.meta else {},
        usage=checked_usage(response.usage) if response.usage else {},
    )


def _failure(error: object) -> Failure:
    if not isinstance(error, Failure):
        return Failure(
            Category.AGENT, storable(str(error or "the agent reported a failure without a reason"))
        )
    try:
        return Failure(
            Category(error.category),
            storable(str(error.message)),
            Outcome(error.outcome),
            storable(str(error.code)),
            None if error.status is None else int(error.status),
            None if error.retry_after is None else float(error.retry_after),
        )
    except (TypeError, ValueError) as wrong:
        return Failure(Category.AGENT, storable(f"{error.message} (its failure is malformed: {wrong})"))


def _meta(meta: Any) -> dict[str, Any]:
    kept = plain(meta)
    return kept if isinstance(kept, dict) else {"meta": kept}


def checked_usage(usage: Any) -> dict[str, float]:
    """Finite numbers only: usage that JSON cannot hold must not cost the result."""
    if not isinstance(usage, Mapping):
        return {}
    return {
        storable(str(name)): amount
        for name, amount in usage.items()
        if isinstance(amount, int | float) and math.isfinite(amount)
    }


def _too_late(time: CallTime, seconds: float | None, cut_off: BaseException | None = None) -> AgentResponse:
    if time.idle is not None and time.stalled:
        message, code = f"nothing was heard for {time.idle.limit:g} s (idle_timeout)", "idle_timeout"
    else:
        message, code = f"no answer within the attempt's timeout of {seconds:g} s", "attempt_timeout"
    match cut_off:
        case asyncio.CancelledError(args=(Unsent(reason=reason),)):
            return AgentResponse.fail(Category.TIMEOUT, f"{message}: {reason}", Outcome.SAFE, code=code)
    return AgentResponse.fail(Category.TIMEOUT, message, Outcome.UNKNOWN, code=code)
