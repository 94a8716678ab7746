"""`idle_timeout` with the agents that talk to somebody: commands, servers, HTTP. In a time that leaps."""

import asyncio
import sys
import threading

from aiohttp import web

from lead_tui.agents import registry
from lead_tui.agents.http_api import HttpApiAgent
from lead_tui.core import events as ev
from tests.agents.http_server import serve
from tests.agents.mcp.stage import SERVERS
from tests.runner.flows import flow
from tests.runner.leaps import Doors, leap, play, run_leaping

IDLE, SOON, TOO_LATE = 1_000, 700, 1_100
LONG = 1_000_000


def asked(agent, action, **parameters):
    """A flow with one task that may be silent for IDLE seconds, and an agent with all the time it wants."""
    task = {"name": "a", "agent_name": agent["name"], "action": action, "parameters": parameters}
    return flow(task | {"idle_timeout": IDLE}, agents=[{"timeout": LONG, **agent}])


def shell(command):
    return asked({"name": "sh", "type": "shell", "kill_after": 0.1}, "run", command=command)


def server(folder, steps):
    command = {"command": sys.executable, "args": [str(SERVERS / "slow.py")]}
    agent = {"name": "slow", "type": "mcp_server", "kill_after": 0.1, "ping_interval": 0}
    return asked(agent | command, "work", folder=str(folder), steps=steps)


def assert_stalled(story):
    (fact,) = story.of(ev.AttemptStalled)
    assert (fact.task, fact.attempt) == ("a", 1)
    assert IDLE <= fact.idle < IDLE + SOON
    assert story.result.errors["a"].code == "idle_timeout"


def test_a_command_that_speaks_goes_on(tmp_path):
    """Far beyond its time, as long as no silence is longer."""
    doors = Doors(tmp_path, 3)

    async def go_on(note):
        leap(SOON)
        await doors.open_next()

    command = "for n in 0 1 2; do echo $n >&2; read line < door$n; done; echo done"
    story = run_leaping(play(shell(command), tmp_path, go_on))
    assert story.result.results == {"a": "done"}
    assert story.of(ev.AttemptStalled) == []


def test_a_command_that_falls_silent_is_stopped(tmp_path):
    """After its last line."""

    async def wait(note):
        leap(TOO_LATE)

    assert_stalled(run_leaping(play(shell("echo hello; exec sleep 1000"), tmp_path, wait)))


def test_progress_of_a_servers_tool_puts_the_time_back(tmp_path):
    """A tool of the SDK's server that tells how far it is may take as long as it needs."""
    doors = Doors(tmp_path, 3)

    async def go_on(note):
        if isinstance(note, ev.Progress):
            leap(SOON)
            await doors.open_next()

    story = run_leaping(play(server(tmp_path, 3), tmp_path, go_on))
    assert story.result.results == {"a": "done"}
    assert [note.done for note in story.notes if isinstance(note, ev.Progress)] == [0, 1, 2]
    assert story.of(ev.AttemptStalled) == []


def test_a_servers_tool_that_falls_silent_is_cut_off(tmp_path):
    """After its last progress."""
    Doors(tmp_path, 1)

    async def wait(note):
        if isinstance(note, ev.Progress):
            leap(TOO_LATE)

    assert_stalled(run_leaping(play(server(tmp_path, 1), tmp_path, wait)))


def dripping(pieces, between):
    """An endpoint whose answer comes in pieces; `between` is awaited before each."""

    async def answer(request):
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        for piece in pieces:
            await between()
            await response.write(piece)
        return response

    return answer


def listening(monkeypatch):
    """An event that is set whenever `http_api` has heard something. Waiting for it takes real time."""
    heard = threading.Event()

    class Listening(HttpApiAgent):
        async def execute(self, action, parameters, context):
            beat = context.heartbeat

            def heartbeat():
                beat()
                heard.set()

            context.heartbeat = heartbeat
            return await super().execute(action, parameters, context)

    monkeypatch.setitem(registry._registered, "listening", Listening)
    return heard


def api(url):
    return {"name": "api", "type": "listening", "endpoint": url, "retry_config": {"max_attempts": 1}}


def test_a_body_that_drips_is_heard(tmp_path, monkeypatch):
    """Each piece of it, though nothing is said."""

    async def drip():
        heard = listening(monkeypatch)

        async def between():
            assert await asyncio.to_thread(heard.wait, 20)
            heard.clear()
            leap(SOON)

        async with serve(dripping([b"a", b"b", b"c"], between)) as url:
            return await play(asked(api(url), "get"), tmp_path)

    story = run_leaping(drip())
    assert story.result.results == {"a": "abc"}
    assert story.of(ev.AttemptStalled) == []


def test_a_body_that_stops_in_the_middle_is_given_up(tmp_path, monkeypatch):
    """The connection stands, and nothing comes any more."""

    async def stop():
        heard = listening(monkeypatch)

        async def between():
            assert await asyncio.to_thread(heard.wait, 20)
            leap(TOO_LATE)
            await asyncio.Event().wait()

        async with serve(dripping([b"a"], between)) as url:
            return await play(asked(api(url), "get"), tmp_path)

    assert_stalled(run_leaping(stop()))
