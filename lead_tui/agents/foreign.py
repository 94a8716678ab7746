"""Calling Python code that is not ours: functions and classes of a flow. Whatever it raises is data."""

import asyncio
import importlib
import inspect
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lead_tui.agents.base import AgentContext, AgentResponse, failed
from lead_tui.agents.plain import NotPlain, plain
from lead_tui.agents.prints import prints_to
from lead_tui.agents.threads import ThreadContext, in_thread
from lead_tui.errors import AgentError, Category

_MAX_MESSAGE = 2_000

Call = Callable[[AgentContext], Any]


async def call_foreign(function: Any, call: Call, context: AgentContext) -> AgentResponse:
    """`call(context)` on the loop if `function` is async, else in a thread; its value as a response."""
    try:
        if is_async(function):
            with prints_to(context):
                value = await call(context)
        else:
            beside = ThreadContext(context)
            with prints_to(beside, finally_to=context):
                value = await in_thread(lambda: call(beside))
                if inspect.isawaitable(value):  # a sync function that hands out a coroutine
                    value = await value
    except (AgentError, asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - foreign code; its SystemExit is not ours either
        raise told(error, context) from None
    return respond(value)


async def guarded(work: Awaitable[Any], context: AgentContext) -> Any:
    """Await foreign code that gives no answer: an import, a constructor."""
    try:
        return await work
    except (AgentError, asyncio.CancelledError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - foreign code
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
    text = str(getattr(error, "msg", None) or error)[:_MAX_MESSAGE]
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
