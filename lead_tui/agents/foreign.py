"""Calling Python code that is not ours: functions and classes of a flow. Whatever it raises is data.

Nothing of it ends the process, neither SystemExit nor KeyboardInterrupt. CancelledError is a cancellation
only if the engine asked this task to stop; else a task of the code's own was cancelled: its failure.
"""

import importlib
import inspect
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lead_tui.agents.base import AgentContext, AgentResponse
from lead_tui.agents.output import excerpt
from lead_tui.agents.prints import prints_to
from lead_tui.agents.threads import ThreadContext
from lead_tui.errors import AgentError, Category, failed
from lead_tui.plain import NotPlain, plain
from lead_tui.raised import message_of, we_are_cancelled
from lead_tui.threads import in_thread

Call = Callable[[AgentContext], Any]


async def call_foreign(function: Any, call: Call, context: AgentContext) -> AgentResponse:
    """`call(context)` on the loop if `function` is async, else in a thread; its value as a response."""
    return respond(await guarded(_called(function, call, context), context))


async def _called(function: Any, call: Call, context: AgentContext) -> Any:
    if is_async(function):
        with prints_to(context):
            return await call(context)
    beside = ThreadContext(context)
    with prints_to(beside, finally_to=context):
        async with beside.delivering():
            value = await in_thread(lambda: call(beside))
        # a sync function may hand out a coroutine
        return await value if inspect.isawaitable(value) else value


async def guarded(work: Awaitable[Any], context: AgentContext) -> Any:
    """Await foreign code: a call, an import, a constructor."""
    try:
        return await work
    except AgentError:
        raise
    except BaseException as error:
        if we_are_cancelled(error):
            raise
        raise told(error, context) from None


def is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )


def respond(value: Any) -> AgentResponse:
    """A response as it is but with a plain result; anything else is the result."""
    if not isinstance(value, AgentResponse):
        return AgentResponse(success=True, result=_plain(value))
    return AgentResponse(
        success=value.success, result=_plain(value.result), error=value.error,
        meta=_plain(value.meta), usage=value.usage,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    try:
        return plain(value)
    except NotPlain as error:
        raise failed(Category.VALIDATION, str(error), code="not_plain") from None


def told(error: BaseException, context: AgentContext) -> AgentError:
    """Type, message and place. The traceback goes to the log; the values of variables go nowhere."""
    frames = _their_frames(error, context.folder)
    for line in "".join(traceback.format_list(frames)).splitlines():
        context.log(line, level="debug")
    if isinstance(error, SyntaxError) and error.filename:  # it names the file that no frame was in
        frames = [traceback.FrameSummary(error.filename, error.lineno, "")]
    place = f" ({_place(frames[-1], context.folder)})" if frames else ""
    says = error.msg if isinstance(error, SyntaxError) and error.msg else message_of(error)
    text = excerpt(says, context.mask)
    name = type(error).__name__
    return failed(Category.AGENT, f"{name}: {text}{place}" if text else f"{name}{place}", code="raised")


def _their_frames(error: BaseException, folder: Path) -> list[traceback.FrameSummary]:
    """From the first frame that is not ours; up to the last one in the flow's folder, if any is there."""
    frames = [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if not each.filename.startswith(_NOT_THEIRS)
    ]
    inside = [i for i, each in enumerate(frames) if Path(each.filename).is_relative_to(folder.resolve())]
    return frames[: inside[-1] + 1] if inside else frames


def _place(frame: traceback.FrameSummary, folder: Path) -> str:
    path = Path(frame.filename)
    shown = path.relative_to(folder.resolve()) if path.is_relative_to(folder.resolve()) else path
    return f"{shown}:{frame.lineno}"


_NOT_THEIRS = (str(Path(__file__).parent), str(Path(importlib.__file__).parent), "<frozen importlib")
