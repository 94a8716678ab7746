"""Servers that are children: the SDK's own framework, two published servers, and the ways of a session."""

import asyncio
import subprocess

import pytest

from lead_tui.core.events import Log
from lead_tui.testing.context import approval, rejection
from tests.agents.mcp.everything import everything, tells_how_it_goes
from tests.agents.mcp.stage import SERVERS, failure, ours, server, states, until, written

pytestmark = pytest.mark.usefixtures("no_process_left")


async def test_server_of_the_sdk_over_stdio(context):
    """All that a server of the SDK's framework can do arrives over stdio, in one session."""
    agent = server("full", sampling="model")
    here = await everything(agent, context)
    assert states(here)[:2] == ["starting", "ready"]
    await tells_how_it_goes(agent, context())
    await agent.close()


async def test_published_server_time(context):
    """`mcp-server-time` tells the time, and refuses a zone that it does not know."""
    agent = server("time", args=["-m", "mcp_server_time"])
    here = context()
    told = await agent.execute("get_current_time", {"timezone": "Europe/Paris"}, here)
    assert told.result["timezone"] == "Europe/Paris"
    found = await failure(agent.execute("get_current_time", {"timezone": "Nowhere"}, here))
    assert "Nowhere" in found.message
    await agent.close()


async def test_published_server_git(context, tmp_path):
    """`mcp-server-git` reads a repository in the flow's folder."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: ASYNC221
    (tmp_path / "new.txt").write_text("new")
    agent = server("git", args=["-m", "mcp_server_git"])
    told = await agent.execute("git_status", {"repo_path": str(tmp_path)}, context())
    assert "new.txt" in str(told.result)
    await agent.close()


async def test_first_calls_share_one_start(context):
    """Calls that come while the server starts wait for the same session."""
    agent = server()
    here = context()
    before = ours()
    found = await asyncio.gather(*(agent.execute("echo", {"text": str(n)}, here) for n in range(5)))
    assert [each.result for each in found] == ["0", "1", "2", "3", "4"]
    assert states(here) == ["starting", "ready"]
    assert len(ours() - before) == 1
    await agent.close()


async def test_start_outlives_the_call_that_asked_for_it(context):
    """Whoever is cancelled while the server starts does not spoil the start for others."""
    agent = server()
    first = asyncio.create_task(agent.execute("echo", {"text": "x"}, context()))
    await until(lambda: agent._session is not None)
    first.cancel()
    here = context()
    assert (await agent.execute("echo", {"text": "y"}, here)).result == "y"
    assert states(here) == ["ready"]
    await agent.close()


async def test_restart_begins_anew(context):
    """A person's restart ends the session, with its calls, and begins another before anybody calls."""
    agent = server()
    here = context()
    await agent.restart()
    hanging = asyncio.create_task(failure(agent.execute("wait", {}, here)))
    await until(lambda: "waiting" in here.lines())
    await agent.restart()
    assert (await hanging).code == "session_closed"
    await until(lambda: states(here) == ["starting", "ready", "closed", "starting", "ready"])
    assert (await agent.execute("echo", {"text": "x"}, here)).result == "x"
    await agent.close()
    assert states(here)[-1] == "closed"


async def test_agent_that_was_never_called_has_nothing_to_close():
    """Declaring a server starts nothing."""
    agent = server("no-such-script")
    await agent.close()


async def test_environment_is_small(context, tmp_path):
    """A server gets few variables of the run's, and what its `env` says."""
    agent = written(
        tmp_path,
        "import os\n"
        "from plain import serve, text\n"
        "serve(call=lambda request: text(request, ' '.join(sorted(os.environ))))\n",
        env={"SERVERS": str(SERVERS), "LEVEL": 3, "LANG": None},
    )
    environment = {"PATH": "/bin", "HOME": "/", "LANG": "C", "API_KEY": "secret", "PYTHONPATH": "x"}
    told = await agent.execute("echo", {"text": "x"}, context(environment=environment))
    names = set(told.result.split()) - {"LC_CTYPE"}  # Python sets it by itself
    assert names == {"PATH", "HOME", "SERVERS", "LEVEL", "LEADTUI_RUN", "LEADTUI_OWNER"}
    await agent.close()


async def test_new_tools_are_found(context, tmp_path):
    """A tool that a server adds later is found when it is called, and listed once the server says so."""
    agent = written(
        tmp_path,
        "from plain import TOOLS, answer, send, serve, text\n"
        "def call(request):\n"
        "    name = f'tool{len(TOOLS)}'\n"
        "    TOOLS.append({'name': name, 'inputSchema': {'type': 'object'}})\n"
        "    if request['params'].get('arguments'): send({'method': 'notifications/tools/list_changed'})\n"
        "    text(request, name)\n"
        "serve(call=call)\n",
    )
    here = context()
    assert (await agent.execute("wait", {}, here)).result == "tool3"
    assert len((await agent.execute("list_tools", {}, here)).result) == 3
    assert (await agent.execute("tool3", {"tell": True}, here)).result == "tool4"
    await until(lambda: agent._session.requests.tools_changed)
    assert len((await agent.execute("list_tools", {}, here)).result) == 5
    await agent.close()


@pytest.mark.parametrize(
    ("arguments", "category", "text"),
    [
        ({"error": [-32602, "no such city"]}, "validation_error", "plain.show: no such city"),
        ({"error": [-32601, "unknown"]}, "validation_error", "its tools are echo, show, wait"),
        ({"error": [-32603, "it broke"]}, "tool_error", "plain.show: it broke"),
        ({"error": [-32000, "too busy"]}, "tool_error", "plain.show: too busy"),
        ({"result": {"content": "no list"}}, "tool_error", "the answer of the server cannot be used"),
        ({"result": {"content": [], "isError": True}}, "tool_error", "it gave no reason"),
        ({"result": {"content": [{"type": "image", "mimeType": "image/png", "data": "!" * 400_000}]}},
         "tool_error", "no base64"),
    ],
)  # fmt: skip
async def test_answers_that_are_no_results(arguments, category, text, context):
    """A JSON-RPC error, and an answer that is none, are permanent failures that say what the server said."""
    agent = server()
    found = await failure(agent.execute("show", arguments, context()))
    assert (found.category, found.outcome) == (category, "permanent")
    assert text in found.message
    await agent.close()


async def test_kinds_of_content(context):
    """Nothing is null, one block stands alone, links and sounds are maps; what is beside data is kept."""
    agent = server()
    here = context()
    sound = {"type": "audio", "mimeType": "audio/wav", "data": "AAAA"}
    link = {"type": "resource_link", "uri": "file:///a", "name": "a"}
    blob = {"type": "resource", "resource": {"uri": "file:///b", "blob": "AAAA"}}
    plain_sound = {"type": "audio", "mime_type": "audio/wav", "data": "AAAA"}
    for content, expected in (
        ([], None),
        ([sound], plain_sound),
        ([link, blob], [link, {"type": "resource", "uri": "file:///b", "data": "AAAA"}]),
    ):
        shown = await agent.execute("show", {"result": {"content": content}}, here)
        assert shown.result == expected
    both = {"content": [{"type": "text", "text": "{}"}, sound], "structuredContent": {"n": 1}}
    shown = await agent.execute("show", {"result": both}, here)
    assert (shown.result, shown.meta["content"]) == ({"n": 1}, [plain_sound])
    await agent.close()


async def test_person_is_asked_again_for_what_the_server_does_not_take(context):
    """A server's question becomes a gate: values outside its schema, and the same question, are new ones."""
    agent = server("asks_people")
    answers = [approval(values={"n": 1}), approval(values={"n": 7}), rejection()]
    here = context(answers=answers)
    told = await agent.execute("echo", {"text": "x"}, here)
    assert told.result == '[{"action": "accept", "content": {"n": 7}}, {"action": "decline"}]'
    assert [gate.message for gate in here.gates] == [
        "asks_people asks: how many?",
        "asks_people asks: how many? (not accepted: n: 1 is less than the minimum of 5)",
        "asks_people asks: how many?",
    ]
    assert here.gates[0].form == {"n": {"type": "integer", "description": "at least 5"}}
    assert len(set(here.bound)) == 3
    again = context(answers=answers)
    await agent.execute("echo", {"text": "x"}, again)
    assert again.bound == here.bound
    await agent.close()


async def test_stderr_is_logged_line_by_line(context, tmp_path):
    """What a server writes to stderr are log lines of the task that uses it."""
    agent = written(
        tmp_path,
        "from plain import serve, text\n"
        "def call(request):\n"
        "    print('working', file=sys.stderr, flush=True)\n"
        "    text(request, 'done')\n"
        "serve(call=call)\n",
    )
    here = context(task="one")
    await agent.execute("echo", {"text": "x"}, here)
    later = context(task="two")
    await agent.execute("echo", {"text": "x"}, later)
    await until(lambda: len(here.lines("stderr")) + len(later.lines("stderr")) == 2)
    await agent.close()
    assert {note.text for note in here.notes + later.notes if isinstance(note, Log)} == {"working"}
