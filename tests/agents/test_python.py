"""The agent `python`: functions of the flow's folder and of installed packages."""

import asyncio
import sys
import threading
from collections import ChainMap
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from lead_tui.agents import threads as beside_the_loop
from lead_tui.agents.base import Gate
from lead_tui.agents.modules import FlowModules, is_reference
from lead_tui.agents.output import MAX_LINES
from lead_tui.agents.python import PythonAgent, PythonConfig
from lead_tui.agents.threads import ThreadContext
from lead_tui.errors import AgentError, Category, Outcome
from lead_tui.plain import NotPlain, plain
from lead_tui.testing import FakeContext, approval, run_virtual
from lead_tui.threads import in_thread


@pytest.fixture
def call(context, tmp_path):
    """Write `steps.py` and call one of its functions."""

    async def run(action, source="", *, using=None, **parameters):
        if source:
            (tmp_path / "steps.py").write_text(dedent(source))
        agent = PythonAgent(PythonConfig(name="python", type="python"))
        return await agent.execute(action, parameters, using or context())

    return run


async def test_parameters_are_keyword_arguments_and_the_return_value_is_the_result(call):
    """A plain function of the flow's folder, called by name."""
    response = await call("steps:add", "def add(a, b=2): return a + b", a=1)
    assert (response.success, response.result) == (True, 3)


async def test_a_function_runs_beside_the_loop_and_a_coroutine_on_it(call):
    """Blocking code never stands on the event loop; async code does."""
    source = """
        import threading
        def sync(): return threading.current_thread().name
        async def asynchronous(): return threading.current_thread().name
        class Callable:
            async def __call__(self): return threading.current_thread().name
        instance = Callable()
    """
    here = threading.current_thread().name
    assert (await call("steps:sync", source)).result == "leadtui-call"
    assert (await call("steps:asynchronous")).result == here
    assert (await call("steps:instance")).result == here


async def test_a_function_that_hands_out_a_coroutine_is_awaited(call):
    """Its value is the result, not the coroutine."""
    source = """
        async def inner(): return 5
        def outer(): return inner()
    """
    assert (await call("steps:outer", source)).result == 5


async def test_an_installed_module_is_found_too(call):
    """What does not lie in the flow's folder comes from the environment; functions in C are welcome."""
    assert (await call("os.path:basename", p="/a/b")).result == "b"
    assert (await call("builtins:dict", a=1)).result == {"a": 1}


async def test_the_context_comes_if_it_is_wanted(call, context):
    """A parameter `context` gets the AgentContext; one that the task gives is the task's."""
    using = context(task="t7", answers=[approval(by="ann")])
    source = """
        from lead_tui.agents.base import Gate
        async def ask(context):
            context.log("asking")
            return (await context.ask(Gate(message="?"))).by
        def echo(context): return context
        def everything(**rest): return sorted(rest)
    """
    assert (await call("steps:ask", source, using=using)).result == "ann"
    assert using.lines() == ["asking"]
    assert (await call("steps:echo", context="mine")).result == "mine"
    assert (await call("steps:everything", a=1)).result == ["a"]


async def test_notes_of_a_thread_reach_the_loop(call, context):
    """Log, progress, tokens and secrets cross over from the thread; a question cannot."""
    using = context(task="t7")
    loop_thread = threading.current_thread()
    threads = []
    original = using.log
    using.log = lambda *values: (threads.append(threading.current_thread()), original(*values))
    source = """
        def talk(context):
            context.log("hello", level="warning")
            context.progress(1, 2, "half")
            context.tokens("tok")
            context.conceal("s3cret")
            return [context.run_id, context.task, context.attempt, context.idempotency_key,
                    context.folder.is_dir(), "PATH" in context.environment, context.shared is not None]
    """
    response = await call("steps:talk", source, using=using)
    assert response.result == ["run-1", "t7", 1, "key-1", True, True, True]
    assert [each.type for each in using.notes] == ["log", "progress", "tokens"]
    assert using.concealed == ["s3cret"]
    assert threads == [loop_thread]


async def test_a_thread_cannot_ask_a_person(call):
    """It is told to become async."""
    source = """
        import asyncio
        from lead_tui.agents.base import Gate
        def ask(context): return asyncio.run(context.ask(Gate(message="go?")))
    """
    with pytest.raises(AgentError, match=r"RuntimeError: 'go\?': only an async function"):
        await call("steps:ask", source)


async def test_a_timeout_leaves_the_thread_behind(call, context):
    """The call ends at once, and what the thread returns or says later is dropped."""
    using = context()
    using.environment = {"go": threading.Event(), "done": threading.Event()}
    source = """
        def hang(context):
            context.log("started")
            context.environment["go"].wait()
            context.environment["done"].set()
    """
    task = asyncio.create_task(call("steps:hang", source, using=using))
    async with asyncio.timeout(20):
        while not using.notes:
            await asyncio.to_thread(using.environment["done"].wait, 0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    using.environment["go"].set()
    assert await asyncio.to_thread(using.environment["done"].wait, 20)


def test_a_thread_that_outlives_the_loop_disturbs_nobody(tmp_path):
    """Late notes and a late result have nowhere to go, and raise nothing."""
    (tmp_path / "steps.py").write_text(
        "def hang(context, go, seen):\n    seen.set(); go.wait(); context.log('late'); go.over.set()\n"
    )
    go, seen = threading.Event(), threading.Event()
    go.over = threading.Event()
    using = FakeContext(folder=tmp_path)

    async def begin():
        agent = PythonAgent(PythonConfig(name="python", type="python"))
        task = asyncio.create_task(agent.execute("steps:hang", {"go": go, "seen": seen}, using))
        await asyncio.to_thread(seen.wait, 20)
        task.cancel()

    asyncio.run(begin())
    go.set()
    assert go.over.wait(20)
    assert using.notes == []


async def test_an_exception_is_a_permanent_agent_error_with_its_place(call, context):
    """Type, message, file and line; the lines of the traceback are logged, values of variables nowhere."""
    source = """
        def inner(hidden):
            raise ValueError("bad thing")
        def outer():
            hidden = "s3cret"
            inner(hidden)
    """
    using = context()
    with pytest.raises(AgentError) as caught:
        await call("steps:outer", source, using=using)
    failure = caught.value.failure
    assert (failure.category, failure.outcome, failure.code) == (Category.AGENT, Outcome.PERMANENT, "raised")
    assert failure.message == "ValueError: bad thing (steps.py:3)"
    assert any("inner(hidden)" in line for line in using.lines())
    assert not any("s3cret" in line for line in using.lines())
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3 (steps.py:2)"),
        ("raise StopIteration('x')", "RuntimeError: StopIteration: x"),
        ("raise KeyError", "KeyError (steps.py:2)"),
        (
            "import json; json.loads('{')",
            "JSONDecodeError: Expecting property name enclosed in double quotes",
        ),
        ("raise Exception('x' * 9999)", "Exception: " + "x" * 2000 + " (steps.py:2)"),
    ],
)
async def test_whatever_it_raises_ends_the_call_only(call, body, message):
    """Its SystemExit is not ours; a long message is cut; an error deep in a library is placed in the flow."""
    with pytest.raises(AgentError) as caught:
        await call("steps:f", f"def f():\n    {body}\n")
    assert caught.value.failure.message.startswith(message)


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize("how", ["ValueError('inner')", "SystemExit(3)", "KeyboardInterrupt"])
async def test_an_error_that_cannot_say_what_it_is_keeps_its_type_and_place(call, kind, how):
    """Its `__str__` is foreign code, too."""
    source = f"""
        class Mute(Exception):
            def __str__(self): raise {how}
        {kind} f(): raise Mute
    """
    with pytest.raises(AgentError) as caught:
        await call("steps:f", source)
    inner = how.partition("(")[0]
    assert caught.value.failure.message == f"Mute: (no message: its __str__ raised {inner}) (steps.py:4)"


async def test_an_async_exit_ends_the_call_only(call):
    """On the loop, too, SystemExit does not end the process."""
    with pytest.raises(AgentError, match=r"SystemExit: 3"):
        await call("steps:f", "async def f(): raise SystemExit(3)")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("async def f(): raise KeyboardInterrupt", "KeyboardInterrupt (steps.py:1)"),
        ("def f(): raise KeyboardInterrupt", "KeyboardInterrupt (steps.py:1)"),
        ("import asyncio\nasync def f(): raise asyncio.CancelledError", "CancelledError (steps.py:2)"),
        ("import asyncio\ndef f(): raise asyncio.CancelledError", "CancelledError (steps.py:2)"),
        (
            "import asyncio\nasync def f():\n mine = asyncio.Future(); mine.cancel(); await mine",
            "CancelledError (steps.py:3)",
        ),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (steps.py:1)"),
    ],
)
async def test_nothing_that_it_raises_stops_the_engine(call, source, message):
    """An interrupt or a cancellation that is its own, not the engine's, is a failure like any other."""
    with pytest.raises(AgentError) as caught:
        await call("steps:f", source)
    failure = caught.value.failure
    assert (failure.category, failure.code, failure.message) == (Category.AGENT, "raised", message)


async def test_a_cancellation_by_the_engine_passes(call, context):
    """Also through an async function that raises it again."""
    using = context(shared={"begun": asyncio.Event()})
    source = """
        import asyncio
        async def f(context):
            context.shared["begun"].set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise asyncio.CancelledError("again")
    """
    task = asyncio.create_task(call("steps:f", source, using=using))
    await using.shared["begun"].wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_no_part_of_a_secret_is_left_in_a_long_message(call, context):
    """The message of an exception is masked before it is shortened."""
    using = context()
    using.conceal("hunter2-canary-value")
    source = "def f(): raise ValueError('y' * 1980 + 'hunter2-canary-value' + 'z' * 9000)"
    with pytest.raises(AgentError) as caught:
        await call("steps:f", source, using=using)
    assert "y***" in caught.value.failure.message
    assert "hunt" not in caught.value.failure.message


# --- notes of a chatty thread ---------------------------------------------------------------------------


async def test_a_chatty_thread_lets_others_have_the_loop(context):
    """Its notes are handed over a handful at a time, in order, and all are there at the end."""
    using, turns, waiting = context(), [], []
    beside = ThreadContext(using)

    def talk():
        for number in range(5_000):
            beside.log(str(number))

    async def others():
        while True:
            turns.append(len(using.notes))
            waiting.append(len(beside._queue))
            await asyncio.sleep(0)

    ticking = asyncio.create_task(others())
    async with beside.delivering():
        await in_thread(talk)
    ticking.cancel()
    assert using.lines() == [str(number) for number in range(5_000)]
    assert max(later - before for before, later in pairwise([*turns, 5_000])) <= 300
    assert max(waiting) <= 1_000


async def test_a_loop_that_waits_for_the_thread_does_not_wait_for_ever(context, monkeypatch):
    """A full queue stops the thread, but not when nobody is going to empty it."""
    monkeypatch.setattr(beside_the_loop, "_PATIENCE", 0.01)
    using = context()
    beside = ThreadContext(using)
    thread = threading.Thread(target=lambda: [beside.tokens("x") for _ in range(3_000)], daemon=True)
    thread.start()
    thread.join(20)  # on the loop, as a careless function would
    assert not thread.is_alive()
    async with beside.delivering():
        pass
    assert len(using.notes) == 3_000


async def test_a_thread_is_heard_at_once_whatever_the_loop_does(context, monkeypatch):
    """Heartbeats wait in no queue, and what is not noted any more is heard all the same."""
    monkeypatch.setattr("lead_tui.agents.output.MAX_LINES", 0)
    using = context()
    beside = ThreadContext(using)
    tell = (beside.heartbeat, lambda: beside.log("x"), lambda: beside.progress(1), lambda: beside.tokens("x"))
    for number, each in enumerate(tell, 1):
        thread = threading.Thread(target=each)
        thread.start()
        thread.join(20)
        assert using.heartbeats == number
    assert using.notes == []


async def test_notes_of_a_thread_that_fails_arrive_before_its_failure(context):
    """What it said last explains why."""
    using = context()
    beside = ThreadContext(using)

    def talk():
        for number in range(500):
            beside.log(str(number))
        raise LookupError

    with pytest.raises(LookupError):
        async with beside.delivering():
            await in_thread(talk)
    assert len(using.notes) == 500


async def test_one_wake_up_serves_many_notes(context, monkeypatch):
    """A thread that says a thousand things does not call the loop a thousand times."""
    using, loop, calls = context(), asyncio.get_running_loop(), []
    beside, original = ThreadContext(using), loop.call_soon_threadsafe
    monkeypatch.setattr(
        loop, "call_soon_threadsafe", lambda *values: (calls.append(values), original(*values))[1]
    )
    for _ in range(900):  # while the loop is busy with us
        beside.progress(1)
    assert len(calls) == 1
    async with beside.delivering():
        pass
    assert len(using.notes) == 900


@pytest.mark.parametrize("kind", ["log", "progress", "tokens"])
async def test_a_flood_of_notes_is_cut_short(context, kind):
    """After the bound one line says how many were left out; secrets are never too many."""
    using = context()
    beside = ThreadContext(using)
    value = 1 if kind == "progress" else "x"

    def talk():
        for _ in range(MAX_LINES + 7):
            getattr(beside, kind)(value)
        beside.conceal("s3cret")

    async with beside.delivering():
        await in_thread(talk)
    assert len(using.notes) == MAX_LINES + 1
    assert using.lines()[-1] == f"{kind}: (7 more lines were not logged)".replace("log: ", "", 1)
    assert using.concealed == ["s3cret"]


async def test_a_note_that_is_none_harms_no_other(context):
    """The loop's handler is told, and what comes after it arrives."""
    using, told = context(), []
    asyncio.get_running_loop().set_exception_handler(lambda loop, what: told.append(what["exception"]))
    beside = ThreadContext(using)
    using.tokens = lambda text: text.upper()
    beside.tokens(None)
    beside.log("after")
    async with beside.delivering():
        pass
    assert using.lines() == ["after"]
    assert [type(each) for each in told] == [AttributeError]


async def test_a_thread_masks_too(context):
    """`mask` needs no loop."""
    using = context()
    using.conceal("canary-value")
    beside = ThreadContext(using)
    assert await in_thread(lambda: beside.mask("a canary-value", cut=True)) == "a ***"


async def test_an_agent_error_says_it_exactly(call):
    """The function's own verdict passes through."""
    source = """
        from lead_tui.errors import failed
        from lead_tui.errors import Category, Outcome
        def f(): raise failed(Category.NETWORK, "later", Outcome.SAFE, "mine")
    """
    with pytest.raises(AgentError) as caught:
        await call("steps:f", source)
    assert (caught.value.failure.outcome, caught.value.failure.code) == (Outcome.SAFE, "mine")


async def test_an_agent_response_says_it_exactly_too(call):
    """Meta and usage of a function that answers as an agent are kept, its result made plain."""
    source = """
        from lead_tui.agents.base import AgentResponse
        def f(): return AgentResponse(True, {1, 1}, meta={"at": (1, 2)}, usage={"usd": 0.5})
    """
    response = await call("steps:f", source)
    assert (response.result, response.meta, response.usage) == ([1], {"at": [1, 2]}, {"usd": 0.5})


@pytest.mark.parametrize(
    ("action", "parameters", "message"),
    [
        ("steps:f", {}, r"steps:f\(a\): missing a required argument: 'a'"),
        ("steps:f", {"a": 1, "b": 2}, "unexpected keyword argument 'b'"),
        ("steps:ff", {}, "there is no 'ff'; did you mean 'f'"),
        ("steps:zzz.y", {}, "there is no 'zzz'$"),
        ("steps:number", {}, "is no function"),
        ("nowhere_xyz:f", {}, "no module 'nowhere_xyz': neither in"),
        ("os.nowhere_xyz:f", {}, "no module"),
        ("steps", {}, "is not module:name"),
    ],
)
async def test_what_does_not_fit_is_a_validation_error(call, action, parameters, message):
    """Wrong arguments, names and modules are told before anything is called."""
    with pytest.raises(AgentError, match=message) as caught:
        await call(action, "def f(a): return a\nnumber = 1", **parameters)
    assert (caught.value.failure.category, caught.value.failure.outcome) == (
        Category.VALIDATION,
        Outcome.PERMANENT,
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nowhere_xyz", r"ModuleNotFoundError: No module named 'nowhere_xyz' \(steps.py:1\)"),
        ("x = 1\ndef f(:", r"SyntaxError: .+ \(steps.py:2\)"),
        ("raise OSError('disk')", r"OSError: disk \(steps.py:1\)"),
    ],
)
async def test_a_module_that_cannot_be_imported_says_where(call, source, message):
    """The error of the module is the error of the call."""
    with pytest.raises(AgentError, match=message) as caught:
        await call("steps:f", source)
    assert caught.value.failure.category is Category.AGENT


async def test_a_missing_import_of_an_installed_module_is_its_own_error(call, tmp_path, monkeypatch):
    """`no module` names the module that is missing, not the one that was asked for."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "installed_xyz.py").write_text("import nowhere_xyz")
    monkeypatch.syspath_prepend(str(other))
    with pytest.raises(AgentError, match="No module named 'nowhere_xyz'"):
        await call("installed_xyz:f")


# --- modules --------------------------------------------------------------------------------------------


def folder(tmp_path, name, **files):
    path = tmp_path / name
    path.mkdir(exist_ok=True)
    for module, source in files.items():
        (path / f"{module}.py").write_text(source)
    return path


async def test_two_flows_with_the_same_module_names_do_not_meet(tmp_path):
    """Neither the module itself nor its neighbours are shared, and Python's own tables are as before."""
    steps = "import helpers\nfrom . import helpers as same\ndef f(): return helpers.name, same is helpers"
    flows = [
        FlowModules(folder(tmp_path, name, steps=steps, helpers=f"name = {name!r}")) for name in ("a", "b")
    ]
    path, modules = list(sys.path), set(sys.modules)
    assert [each.load("steps:f")() for each in flows] == [("a", True), ("b", True)]
    assert sys.path == path
    assert all(name.startswith("_leadtui_flow_") for name in set(sys.modules) - modules)
    for each in flows:
        await each.aclose()
    assert set(sys.modules) == modules


def test_modules_of_one_run_share_their_neighbours(tmp_path):
    """A neighbour imported by two modules, or named by a task, is one and the same."""
    modules = FlowModules(
        folder(tmp_path, "a", helpers="seen = []", one="from helpers import seen", two="import helpers, one")
    )
    seen = modules.load("one:seen")
    assert modules.load("two:helpers").seen is seen
    assert modules.load("two:one").seen is seen
    assert modules.load("helpers:seen") is seen
    assert "helpers" not in sys.modules


def test_packages_and_names_inside_names_are_found(tmp_path):
    """`package.module:Class.method`, with packages' relative imports."""
    path = folder(tmp_path, "a", top="x = 1")
    folder(
        path, "package", __init__="y = 2", module="from . import y\nfrom ..top import x\nclass C: z = x + y"
    )
    assert FlowModules(path).load("package.module:C.z") == 3
    assert FlowModules(path).load("package:y") == 2


def test_a_package_that_python_has_already_is_not_the_flows(tmp_path):
    """A folder that is called like one of Python's packages adds no module to it."""
    path = folder(tmp_path, "a", steps="import logging.extra_xyz")
    folder(path, "logging", extra_xyz="")
    with pytest.raises(ModuleNotFoundError, match=r"logging\.extra_xyz"):
        FlowModules(path).load("steps:x")


def test_a_module_that_drops_its_plain_name_is_left_alone(tmp_path):
    """What a flow does to `sys.modules` itself stays done."""
    path = folder(tmp_path, "a", helpers="", steps="import sys, helpers\ndel sys.modules['helpers']\nx = 1")
    assert FlowModules(path).load("steps:x") == 1


def test_an_edited_module_is_seen_by_the_next_run(tmp_path):
    """A run keeps what it imported; another one reads the file again."""
    path = folder(tmp_path, "a", steps="x = 1")
    first = FlowModules(path)
    assert first.load("steps:x") == 1
    folder(tmp_path, "a", steps="x = 1 + 1")
    assert first.load("steps:x") == 1
    assert FlowModules(path).load("steps:x") == 2


def test_what_the_process_uses_already_is_not_imported_again():
    """A flow beside leadtui's own sources does not get a second leadtui."""
    import lead_tui

    root = Path(lead_tui.__file__).parents[1]
    assert FlowModules(root).load("lead_tui.testing:FakeContext") is FakeContext
    assert FlowModules(root).load("lead_tui.errors:AgentError") is AgentError


@pytest.mark.parametrize("text", ["a:b", "a.b:c.d", "_a1:_b2"])
def test_references(text):
    """`module:function`, both with dots."""
    assert is_reference(text)
    assert PythonConfig.action_problem(text) is None


@pytest.mark.parametrize("text", ["", "a", ":b", "a:", "a:b:c", "a b:c", "a..b:c", "1a:b", "a/b:c", "a:b\n"])
def test_no_references(text):
    """Anything else is told at load."""
    assert not is_reference(text)
    assert PythonConfig.action_problem(text) == "write module:function"


# --- plain data -----------------------------------------------------------------------------------------


class Color(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    at: Path


class Model(BaseModel):
    when: date
    inner: dict[str, Decimal]


class Struct(msgspec.Struct):
    items: tuple[int, ...]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, Path("/a")), {"x": 1, "at": "/a"}),
        (Model(when=date(2030, 1, 2), inner={}), {"when": "2030-01-02", "inner": {}}),
        (Decimal("1.50"), "1.50"),
        (Struct((1, 2)), {"items": [1, 2]}),
        ({Color.RED: {1}}, {"red": [1]}),
        (datetime(2030, 1, 2, 3, tzinfo=UTC), "2030-01-02T03:00:00Z"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (ChainMap({"a": 1}), {"a": 1}),
        ({1: 2}, {"1": 2}),
        (2**80, 2**80),
    ],
)  # fmt: skip
def test_values_become_plain(value, expected):
    """What has one obvious form in JSON gets it."""
    assert plain(value) == expected


def cycle():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "builtins.object is no plain data"),
        ({"a": [b"x"]}, "builtins.bytes is no plain data"),
        (float("nan"), "result is nan"),
        ({"rows": [1, {"price": float("inf")}]}, r"result.rows\[1\].price is inf"),
        ("\ud800", "lone surrogate"),
        (cycle(), "contains itself"),
        ({(1, 2): 3}, "dicts with str-like"),
        (lambda: 1, "builtins.function"),
    ],
)
def test_values_that_are_refused(value, message):
    """What JSON cannot hold is named instead of bent."""
    with pytest.raises(NotPlain, match=message):
        plain(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=10,
)  # fmt: skip


@given(JSON)
def test_plain_data_stays_as_it_is(value):
    """What JSON can hold comes out equal."""
    assert plain(value) == value


async def test_a_result_that_is_not_plain_is_a_validation_error(call):
    """The failure names the type."""
    with pytest.raises(AgentError, match=r"builtins\.list_iterator is no plain data") as caught:
        await call("steps:f", "def f(): return iter([])")
    assert caught.value.failure.code == "not_plain"


def test_a_thread_works_in_virtual_time(tmp_path):
    """The virtual loop waits for the thread instead of jumping to the timeout."""
    (tmp_path / "steps.py").write_text("import time\ndef f(): return 1")
    agent = PythonAgent(PythonConfig(name="python", type="python"))

    async def main():
        async with asyncio.timeout(1):
            return await agent.execute("steps:f", {}, FakeContext(folder=tmp_path))

    assert run_virtual(main()).result == 1


def test_a_question_is_data():
    """A gate without more is an approval."""
    assert Gate(message="?").action == "approve"
