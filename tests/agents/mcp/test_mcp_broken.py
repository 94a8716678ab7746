"""Servers that misbehave: each fails its own calls with a clear message, and leaves no process."""

import asyncio

import pytest

from lead_tui.core.events import Log
from lead_tui.errors import Category, Outcome
from lead_tui.runner import call as runner_call
from lead_tui.runner.call_time import CallTime
from tests.agents.mcp.stage import failure, ours, server, states, until, written

pytestmark = pytest.mark.usefixtures("no_process_left")

AT_START = {
    "exits_at_once": (
        {},
        (Category.NETWORK, Outcome.SAFE, "server_gone"),
        "the server exits_at_once ended with exit code 3; stderr: no licence was found | password=***",
    ),
    "hangs_at_initialize": (
        {"start_timeout": 0.5},
        (Category.TIMEOUT, Outcome.SAFE, "start_timeout"),
        "was not ready within 0.5 s: see `start_timeout`; stderr: looking for the database",
    ),
    "no-such-program": (
        {"command": "no-such-mcp-server"},
        (Category.SYSTEM, Outcome.PERMANENT, "cannot_start"),
        "cannot start 'no-such-mcp-server': no such program",
    ),
    "no-such-folder": (
        {"cwd": "nowhere"},
        (Category.SYSTEM, Outcome.PERMANENT, "bad_cwd"),
        "nowhere' is no folder",
    ),
}

IN_A_CALL = {
    "dies_in_call": (Category.NETWORK, "server_gone", "ended with exit code 7; stderr: out of memory"),
    "killed_in_call": (Category.NETWORK, "server_gone", "ended with signal 9"),
    "endless_line": (Category.RESOURCE, "too_large", "wrote a line of more than 100000 bytes"),
    "wrong_id": (Category.NETWORK, "bad_stream", "answered with the id 4711, which no request had"),
    "invalid_json": (Category.NETWORK, "bad_stream", 'sent a message that cannot be read: \'{"jsonrpc"'),
    "floods_stdout": (Category.NETWORK, "bad_stream", "more than 100 lines to stdout that are no messages"),
    "floods_stderr": (Category.NETWORK, "bad_stream", "wrote more than 10 MiB to stderr within 10 s"),
    "closes_stdout": (Category.NETWORK, "bad_stream", "closed its stdout"),
}


@pytest.mark.parametrize("script", AT_START)
async def test_server_that_does_not_start_says_why(script, context):
    """A failed start is a failure of the call that surely did nothing, with the last words of the server."""
    settings, expected, text = AT_START[script]
    here = context()
    here.conceal("hunter2-in-the-log")
    agent = server(script, **settings)
    found = await failure(agent.execute("echo", {"text": "x"}, here))
    assert (found.category, found.outcome, found.code) == expected
    assert text in found.message
    assert states(here) == ["starting", "failed"]
    await agent.close()


@pytest.mark.parametrize("script", IN_A_CALL)
async def test_server_that_breaks_in_a_call_fails_it(script, context):
    """A call during which the server breaks has an unknown outcome and a message with the reason."""
    here = context()
    agent = server(script, max_message_bytes=100_000)
    found = await failure(agent.execute("echo", {"text": "x"}, here))
    category, code, text = IN_A_CALL[script]
    assert (found.category, found.outcome, found.code) == (category, Outcome.UNKNOWN, code)
    assert text in found.message
    await until(lambda: states(here) == ["starting", "ready", "failed"])
    await agent.close()


async def test_next_call_begins_a_new_session(context):
    """After a crash the next call finds a new server, begun when the old one is gone for good."""
    here = context()
    agent = server("dies_in_call")
    await failure(agent.execute("echo", {"text": "x"}, here))
    assert (await agent.execute("ping", {}, here)).success
    assert states(here) == ["starting", "ready", "failed", "starting", "ready"]
    assert here.notes[-1].restarts == 1
    await agent.close()


async def test_crash_fails_every_call_in_flight(context):
    """All calls in flight learn of the crash, each with its message."""
    agent = server("dies_in_call")
    await agent.execute("ping", {}, context())
    found = await asyncio.gather(
        *(failure(agent.execute("echo", {"text": "x"}, context())) for _ in range(3))
    )
    assert {each.code for each in found} == {"server_gone"}
    await agent.close()


async def test_banner_is_skipped_with_a_warning(context):
    """A few lines on stdout that are no messages cost a warning each, and nothing else."""
    here = context()
    agent = server("banner")
    assert (await agent.execute("echo", {"text": "x"}, here)).result == "hello"
    warned = [note.text for note in here.notes if isinstance(note, Log) and note.level == "warning"]
    assert warned == [
        f"banner wrote a line to stdout that is no message; it is skipped: {line}"
        for line in (
            "Welcome to Banner 1.0!",
            '{"level": "info", "msg": "a log line in JSON"}',
            "debug: called",
        )
    ]
    await agent.close()


async def test_questions_before_the_introduction_do_no_harm(context):
    """A server that asks before it has answered `initialize` is answered or refused, and then works."""
    here = context()
    agent = server("asks_early")
    assert (await agent.execute("echo", {"text": "x"}, here)).result == "x"
    assert "early" in here.lines()
    await agent.close()


async def test_server_that_ignores_term_is_killed_with_its_helpers(context):
    """Neither TERM ignored nor a session of its own saves a process from the end of the agent."""
    agent = server("ignores_term")
    before = ours()
    pids = {int(each) for each in (await agent.execute("echo", {"text": "x"}, context())).result.split()}
    assert pids == {each.pid for each in ours() - before}
    await agent.close()


async def test_impatient_end_kills_at_once(context):
    """Whoever is cancelled while closing a server that does not listen leaves no process either."""
    agent = server("ignores_term", kill_after=1000)
    await agent.execute("echo", {"text": "x"}, context())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await agent.close()


async def test_hanging_call_can_be_cancelled_and_the_session_goes_on(context):
    """A call that is given up says so to the server, at once, and other calls are not disturbed."""
    here = context()
    agent = server()
    hanging = asyncio.create_task(agent.execute("wait", {}, here))
    await until(lambda: "waiting" in here.lines())
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    await until(lambda: "given up" in here.lines())
    assert (await agent.execute("echo", {"text": "x"}, here)).result == "x"
    assert states(here) == ["starting", "ready"]
    await agent.close()


async def test_cancelling_a_call_does_not_wait_for_a_deaf_server(context):
    """A server that reads nothing any more does not hold up whoever gives up a call."""
    agent = server("deaf")
    assert len((await agent.execute("list_tools", {}, context())).result) == 3
    calls = [asyncio.create_task(agent.execute("echo", {"text": "x" * 300_000}, context())) for _ in range(4)]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    async with asyncio.timeout(4):
        await asyncio.wait(calls)
    await agent.close()


async def test_hanging_call_ends_with_the_agent(context):
    """A server that is busy for ever is stopped at the end of the run, and its call fails."""
    here = context()
    agent = server("hangs_in_call")
    hanging = asyncio.create_task(failure(agent.execute("echo", {"text": "x"}, here)))
    await until(lambda: "working" in here.lines())
    await agent.close()
    assert (await hanging).code == "session_closed"
    assert states(here) == ["starting", "ready", "closed"]


async def test_idle_server_that_answers_no_ping_is_replaced(context, monkeypatch):
    """An idle session is asked whether it lives; without an answer it is over, and a call begins one."""
    monkeypatch.setattr("lead_tui.agents.mcp.session.PING_TIMEOUT", 0.05)
    here = context()
    agent = server("stops_answering_pings", ping_interval=0.02)
    assert (await agent.execute("echo", {"text": "x"}, here)).result == "done"
    await until(lambda: "failed" in states(here))
    assert "does not answer a ping within 0.05 s" in here.notes[-1].error
    assert (await agent.execute("echo", {"text": "x"}, here)).result == "done"
    await agent.close()


async def test_tool_that_is_none_is_named(tmp_path, context):
    """A list that the protocol does not allow says which tool is wrong, and how."""
    text = "from plain import serve, TOOLS\ndel TOOLS[1]['inputSchema']\nserve()\n"
    agent = written(tmp_path, text)
    found = await failure(agent.execute("echo", {"text": "x"}, context()))
    assert (found.category, found.code) == (Category.TOOL, "bad_answer")
    assert found.message.endswith("tools.1.inputSchema: Field required (in 'show')")
    await agent.close()


async def test_number_that_json_cannot_hold(tmp_path, context):
    """It is told with its place in the answer."""
    text = (
        "import plain\n"
        "def call(request):\n"
        "    plain.answer(request, {'content': [], 'structuredContent': {'a': [1, {'b': float('nan')}]}})\n"
        "plain.serve(call=call)\n"
    )
    agent = written(tmp_path, text)
    found = await failure(agent.execute("show", {}, context()))
    assert (found.category, found.code) == (Category.TOOL, "bad_answer")
    assert "structuredContent.a[1].b of its answer" in found.message
    await agent.close()


async def test_end_of_the_time_while_the_server_starts(context):
    """Nothing was sent: the call surely did nothing, and says what it waited for."""
    agent = server("hangs_at_initialize")
    time = CallTime()
    response = await runner_call.call(agent, "echo", {"text": "x"}, context(), time, 0.5)
    assert (response.error.category, response.error.outcome) == (Category.TIMEOUT, Outcome.SAFE)
    assert "the server hangs_at_initialize was still starting" in response.error.message
    await agent.close()
