"""MCP servers in whole runs: a broken one harms its own tasks, and none outlives the run or its owner."""

import json
import os
import signal
import subprocess
import sys

import msgspec
import psutil
import pytest

from lead_tui.agents import process_tree
from lead_tui.core.commands import Approve, Cancel, Reject
from lead_tui.core.events import AttemptFailed, Log, Service
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.testing.flows import story_of
from tests.agents.mcp.stage import SERVERS, until


def agent(script, **settings):
    own = {"command": sys.executable, "args": [str(SERVERS / f"{script}.py")], "kill_after": 0.2}
    return {"name": script, "type": "mcp_server", **own, **settings}


def task(name, server, action="echo", **settings):
    parameters = {"text": "x"} if action == "echo" else {}
    return {"name": name, "agent_name": server, "action": action, "parameters": parameters, **settings}


def flow(*agents, tasks):
    return {
        "name": "servers",
        "parallel_execution": True,
        "failure_strategy": "continue_on_failure",
        "agents": list(agents),
        "tasks": list(tasks),
    }


async def started(data, folder):
    engine = Engine(MemoryJournal())
    run = await engine.start(load_dict(data, folder, os.environ), {}, environment=os.environ)
    return engine.journal, run


@pytest.mark.usefixtures("no_process_left")
async def test_broken_server_fails_its_own_tasks_only(tmp_path):
    """Of two servers one dies: its task fails and is not made again, those of the other complete."""
    tasks = [task("bad", "dies_in_call"), *(task(f"good{n}", "plain") for n in range(3))]
    journal, run = await started(flow(agent("plain"), agent("dies_in_call"), tasks=tasks), tmp_path)
    story = story_of(journal, run, await run.wait())
    assert story.result.status == "failed"
    assert story.result.results == {"good0": "x", "good1": "x", "good2": "x"}
    (failed,) = story.of(AttemptFailed)
    assert (failed.task, failed.failure.code) == ("bad", "server_gone")
    told = [(note.name, note.state) for note in story.notes if isinstance(note, Service)]
    assert [state for name, state in told if name == "plain"] == ["starting", "ready", "closed"]
    assert [state for name, state in told if name == "dies_in_call"] == ["starting", "ready", "failed"]


@pytest.mark.usefixtures("no_process_left")
async def test_failed_start_is_tried_again(tmp_path):
    """A server that does not start did nothing: even a tool's call is tried as often as the flow allows."""
    retry = {"max_attempts": 2, "initial_delay": 0}
    data = flow(agent("exits_at_once", retry_config=retry), tasks=[task("one", "exits_at_once")])
    journal, run = await started(data, tmp_path)
    story = story_of(journal, run, await run.wait())
    assert [event.failure.code for event in story.of(AttemptFailed)] == ["server_gone"] * 2


@pytest.mark.usefixtures("no_process_left")
async def test_cancelled_run_leaves_no_process(tmp_path):
    """Cancelling a run ends servers that are busy and deaf, with the helpers that they have."""
    tasks = [task("busy", "hangs_in_call"), task("deaf", "ignores_term"), task("long", "plain", "wait")]
    agents = [agent("hangs_in_call"), agent("ignores_term"), agent("plain")]
    journal, run = await started(flow(*agents, tasks=tasks), tmp_path)

    def said():
        return {note.text for note in journal.notes(run.run_id) if isinstance(note, Log)}

    await until(lambda: {"working", "waiting"} <= said() and "deaf" in _completed(journal, run))
    await run.send(Cancel())
    assert (await run.wait()).status == "cancelled"


def _completed(journal, run):
    events = [event for page in journal.read(run.run_id) for event in page]
    return {event.task for event in events if event.type == "task_completed"}


@pytest.mark.usefixtures("no_process_left")
async def test_server_asks_a_person_at_a_gate(tmp_path):
    """A server's question waits at gates of its task until a person answers."""
    data = flow(agent("asks_people"), tasks=[task("ask", "asks_people")])
    _, run = await started(data, tmp_path)
    for number, answer in ((1, Approve(gate="", values={"n": 6})), (2, Reject(gate=""))):
        await until(lambda: len(run.state.gates) == number)  # noqa: B023 - it is asked in this round
        gate = list(run.state.gates)[-1]
        assert (await run.send(msgspec.structs.replace(answer, gate=gate))).accepted
    result = await run.wait()
    assert result.results == {"ask": '[{"action": "accept", "content": {"n": 6}}, {"action": "decline"}]'}, (
        result.errors
    )


@pytest.mark.usefixtures("no_process_left")
async def test_server_asks_within_two_calls_at_once(tmp_path):
    """With `max_concurrency: 1` each task has its question and its answer: who waits holds no place."""
    program = [str(SERVERS / "asks_each.py"), str(tmp_path / "calls")]
    server = agent("asks_each", args=program, max_concurrency=1)
    data = flow(server, tasks=[task("one", "asks_each"), task("two", "asks_each")])
    _, run = await started(data, tmp_path)
    await until(lambda: run.state.status == "waiting" and len(run.state.gates) == 2)
    gates = {gate.request.task: name for name, gate in run.state.gates.items()}
    for number, name in enumerate(("two", "one")):
        assert (await run.send(Approve(gate=gates[name], values={"n": number}))).accepted
    result = await run.wait()
    answers = {name: json.loads(each)["content"]["n"] for name, each in result.results.items()}
    assert (answers, len(run.state.gates)) == ({"one": 1, "two": 0}, 2)


OWNER = """
import asyncio, os, sys
from pathlib import Path
from lead_tui.agents.mcp import McpServer, McpServerConfig
from lead_tui.testing import FakeContext

async def main():
    config = McpServerConfig(name="deaf", type="mcp_server", command=sys.executable, args=[sys.argv[1]])
    told = await McpServer(config).execute("echo", {"text": "x"}, FakeContext())
    print(os.getpid(), told.result, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


async def test_killed_owner_leaves_no_process():
    """A leadtui that is killed without warning takes its servers and their helpers with it."""
    owner = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", OWNER, str(SERVERS / "ignores_term.py")], stdout=subprocess.PIPE, text=True
    )
    with owner:
        pids = [int(each) for each in owner.stdout.readline().split()]
        assert pids[0] == owner.pid
        children = [psutil.Process(pid) for pid in pids[1:]]
        assert len(children) == 2
        owner.send_signal(signal.SIGKILL)
    await until(lambda: not any(process_tree.alive(each) for each in children))
