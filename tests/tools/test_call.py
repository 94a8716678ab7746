"""One call of a tool."""

import asyncio
import threading
from datetime import date

import pytest

from lead_tui.errors import AgentError, Category, Outcome, failed
from lead_tui.tools import call as calling
from lead_tui.tools.call import call_tool, checked_arguments
from lead_tui.tools.context import ToolContext
from lead_tui.tools.tool import tool, tool_of


async def call(function, context=None, **arguments):
    return await call_tool(tool_of(tool(name="f")(function)), arguments, context or ToolContext())


async def failure(function, context=None, **arguments):
    with pytest.raises(AgentError) as caught:
        await call(function, context, **arguments)
    return caught.value.failure


async def test_an_async_function_runs_on_the_loop():
    """Its arguments are of the types that it declares."""
    here = threading.current_thread()

    async def f(day: date, times: int = 2) -> list:
        assert threading.current_thread() is here
        return [day] * times

    assert await call(f, day="2026-01-02") == ["2026-01-02"] * 2


async def test_any_other_runs_in_a_daemon_thread():
    """So that it blocks nobody, and does not keep the process from ending."""
    here = threading.current_thread()

    def f() -> bool:
        return threading.current_thread() is not here and threading.current_thread().daemon

    assert await call(f) is True


async def test_a_sync_function_may_give_an_awaitable():
    """It is awaited on the loop."""

    async def later() -> int:
        return 3

    handing_out = lambda: later()  # noqa: E731, PLW0108 - not async itself
    assert await call(handing_out) == 3


async def test_the_context_is_injected():
    """By its annotation; nobody can give it as an argument."""

    def f(where: ToolContext, name: str = "x") -> str:
        return where.idempotency_key + name

    assert await call(f, ToolContext(idempotency_key="k")) == "kx"
    refused = await failure(f, where={"folder": "/"})
    assert (refused.category, refused.code) == (Category.VALIDATION, "bad_arguments")


async def test_arguments_that_do_not_fit():
    """Everything wrong is told at its path, and the function is not called."""
    called = []

    def f(a: int, records: list[dict[str, int]]) -> None:
        called.append(a)

    told = await failure(f, a="x", records=[{"n": 1}, {"n": "y"}], more=1)
    assert (told.category, told.outcome) == (Category.VALIDATION, Outcome.PERMANENT)
    assert "`a` must be a whole number" in told.message
    assert "`records[1].n`" in told.message
    assert "unknown key 'more'" in told.message
    assert "'records' is missing" in (await failure(f, a=1)).message
    assert called == []


async def test_what_a_tool_raises_is_a_tool_error():
    """Type and text, masked; the traceback is logged without values."""
    lines = []
    context = ToolContext(
        log=lambda text, level="info": lines.append((level, text)),
        mask=lambda text, cut=False: text.replace("hush", "***"),
    )

    def f() -> None:
        raise KeyError("hush")

    told = await failure(f, context)
    assert (told.category, told.outcome, told.code) == (Category.TOOL, Outcome.PERMANENT, "raised")
    assert told.message == "f: KeyError: '***'"
    assert any(level == "debug" and "test_call.py" in text for level, text in lines)


async def test_a_long_text_is_cut_after_it_is_masked():
    """What is left of a secret at the end is masked, too."""
    seen = []

    def mask(text, cut=False):
        seen.append(cut)
        return text

    async def f() -> None:
        raise ValueError("x" * 10_000)

    told = await failure(f, ToolContext(mask=mask))
    assert seen == [True]
    assert len(told.message) < 2_100


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
async def test_nothing_of_it_ends_the_process(error):
    """An exit, an interrupt and a cancellation of its own are failures."""

    async def f() -> None:
        raise error

    assert (await failure(f)).code == "raised"


async def test_an_error_whose_text_raises():
    """Its `__str__` is foreign code, too."""

    class Odd(Exception):
        def __str__(self):
            raise RuntimeError

    async def f() -> None:
        raise Odd

    assert "its __str__ raised RuntimeError" in (await failure(f)).message
    assert (await failure(lambda: [].remove(1))).message == "f: ValueError: list.remove(x): x not in list"


async def test_our_cancellation_passes():
    """Whoever cancels the call gets a cancellation."""
    begun = asyncio.Event()

    async def f() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(call(f))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_tool_can_say_exactly_what_happened():
    """An AgentError passes as it is."""

    def f() -> None:
        raise failed(Category.NETWORK, "gone", Outcome.UNKNOWN, "reset")

    assert (await failure(f)).outcome is Outcome.UNKNOWN


async def test_results_are_plain_and_bounded(monkeypatch):
    """What JSON cannot hold is refused, and what is too large."""
    assert (await failure(lambda: b"x")).code == "not_plain"
    assert (await failure(lambda: float("nan"))).category is Category.TOOL
    monkeypatch.setattr(calling, "MAX_RESULT", 10)
    assert await call(lambda: "x" * 8) == "x" * 8
    assert (await failure(lambda: "x" * 9)).code == "result_too_large"


def test_checked_arguments_calls_nothing():
    """The values as the function would get them."""

    @tool
    def f(a: int, b: tuple[int, ...] = (1,)) -> None:
        raise AssertionError

    assert checked_arguments(tool_of(f), {"a": "5"}) == {"a": 5, "b": (1,)}


def test_a_context_without_a_run():
    """By default a tool may touch nothing, and what it says goes nowhere."""
    context = ToolContext()
    assert context.roots == ()
    assert not context.hosts.allow("example.com", 443)
    assert context.log("x") is context.conceal("x") is None
    assert context.mask("x") == "x"


async def test_number_that_cannot_be_written():
    """A result that no text can hold is the tool's failure, not ours."""

    told = await failure(lambda: 10**5000)
    assert (told.category, told.code) == (Category.TOOL, "not_plain")
