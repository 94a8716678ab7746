"""Whole trees of processes: none outlives its call, its run or its leadtui."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading

import psutil
import pytest

from lead_tui.agents import process_tree
from lead_tui.agents.census import census
from lead_tui.agents.process import running, stop_leftovers
from lead_tui.agents.process_guard import Guard
from lead_tui.agents.process_tree import reap_leftovers
from lead_tui.agents.shell import ShellAgent, ShellConfig


def shell(**settings):
    return ShellAgent(ShellConfig(name="shell", type="shell", **{"kill_after": 0.2, **settings}))


def begun(command):
    """Parameters of a command that announces itself only when `execute` has finished starting it."""
    return {"command": f"read go; {command}", "stdin": "go\n"}


@pytest.fixture
def pids(tmp_path):
    """A named pipe in which processes of the test announce their pids; `pids(n)` reads n of them."""
    path = tmp_path / "pids"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR)

    async def read(count):
        loop, announced, text = asyncio.get_running_loop(), asyncio.Event(), ""
        loop.add_reader(reader, announced.set)
        async with asyncio.timeout(20):
            while text.count("\n") < count:
                announced.clear()
                await announced.wait()
                text += os.read(reader, 4096).decode()
        loop.remove_reader(reader)
        return [psutil.Process(int(each)) for each in text.split()]

    yield read
    os.close(reader)


async def gone(processes):
    """Wait until all of them are dead; zombies of a lazy init count as dead."""
    async with asyncio.timeout(20):
        while any(process_tree.alive(each) for each in processes):
            await asyncio.to_thread(psutil.wait_procs, processes, timeout=0.05)


TREES = {
    "grandchildren": (2, "sleep 1000 & echo $! >pids; echo $$ >pids; wait"),
    "deaf to TERM": (
        2,
        """trap '' TERM
        (trap '' TERM; sh -c 'echo $$ >pids; exec sleep 1000'; exec sleep 1000) &
        echo $$ >pids; while :; do wait; done""",
    ),
    "in sessions of their own": (
        2,
        "setsid sh -c 'echo $$ >pids; exec sleep 1000' & echo $$ >pids; wait",
    ),
    "without an environment": (
        2,
        "env -i setsid sh -c 'echo $$ >pids; exec sleep 1000' & echo $$ >pids; wait",
    ),
    "orphans": (2, "(setsid sh -c 'echo $$ >pids; exec sleep 1000' &); echo $$ >pids; exec sleep 1000"),
}


@pytest.mark.parametrize("name", TREES)
async def test_a_cancelled_call_leaves_no_process(context, pids, name):
    """When `execute` has ended, every process of the tree is dead, however it hid."""
    count, command = TREES[name]
    task = asyncio.create_task(shell().execute("run", begun(command), context()))
    tree = await pids(count)
    assert all(process_tree.alive(each) for each in tree)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(process_tree.alive(each) for each in tree)


async def test_many_cancelled_calls_share_each_look_round(context, pids, monkeypatch):
    """Hundreds of commands stop in a few looks at all processes, not in some for each of them."""
    looks, original = [], psutil.pids
    agent, count = shell(), 20
    command = begun("echo $$ >pids; exec sleep 1000")
    calls = [asyncio.create_task(agent.execute("run", command, context(task=f"t{n}"))) for n in range(count)]
    tree = await pids(count)
    monkeypatch.setattr(psutil, "pids", lambda: (looks.append(1), original())[1])
    for call in calls:
        call.cancel()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended)
    assert not any(process_tree.alive(each) for each in tree)
    assert 1 <= len(looks) < count / 2


async def test_who_asks_during_a_look_gets_a_later_one(monkeypatch):
    """A picture that is older than the question could miss what was started in between."""
    begun, go, looks, original = threading.Event(), threading.Event(), [], psutil.pids

    def slow():
        looks.append(1)
        begun.set()
        assert go.wait(20)
        return original()

    monkeypatch.setattr(psutil, "pids", slow)
    first = asyncio.create_task(census())
    assert await asyncio.to_thread(begun.wait, 20)
    later = [asyncio.create_task(census()) for _ in range(5)]
    impatient = asyncio.create_task(census())
    await asyncio.sleep(0)
    impatient.cancel()
    go.set()
    pictures = await asyncio.gather(first, *later)
    assert len(looks) == 2
    assert len(set(map(id, pictures[1:]))) == 1
    assert pictures[0] is not pictures[1]


async def test_a_deadline_leaves_no_process(context, pids):
    """A timeout round `execute` comes out as TimeoutError once the tree is dead."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as deadline:
            task = asyncio.ensure_future(pids(2))
            task.add_done_callback(lambda _: deadline.reschedule(asyncio.get_running_loop().time()))
            await shell().execute("run", begun(TREES["grandchildren"][1]), context())
    assert not any(process_tree.alive(each) for each in task.result())


async def test_term_comes_before_kill(context, pids):
    """A command that cleans up on TERM is given the time to."""
    using = context()
    command = "trap 'echo bye; exit 0' TERM; echo $$ >pids; while :; do sleep 0.01; done"
    task = asyncio.create_task(shell(kill_after=20).execute("run", begun(command), using))
    await pids(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert using.lines("stdout") == ["bye"]


async def test_a_second_cancellation_skips_the_grace(context, pids):
    """With an hour of grace left, the next cancel kills at once."""
    count, command = TREES["deaf to TERM"]
    task = asyncio.create_task(shell(kill_after=3600).execute("run", begun(command), context()))
    tree = await pids(count)
    loop = asyncio.get_running_loop()

    def impatient():
        task.cancel()
        if not task.done():
            loop.call_later(0.05, impatient)

    task.cancel()
    loop.call_later(0.05, impatient)
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(tree)


@pytest.mark.parametrize("cancellations", [1, 5])
async def test_a_cancellation_during_the_start_leaves_no_process(context, monkeypatch, cancellations):
    """The child that was just being made is stopped, too, however impatient one is."""
    loop = asyncio.get_running_loop()
    started, original = [], loop.subprocess_exec

    def cancel(again):
        task.cancel()
        if again:
            loop.call_soon(cancel, again - 1)

    async def slow(*arguments, **settings):
        transport, child = await original(*arguments, **settings)
        started.append(psutil.Process(child.pid))
        cancel(cancellations - 1)
        await asyncio.sleep(0)
        return transport, child

    monkeypatch.setattr(loop, "subprocess_exec", slow)
    task = asyncio.create_task(shell().execute("run", {"command": "trap '' TERM; sleep 1000; :"}, context()))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert started
    assert not any(process_tree.alive(each) for each in started)


async def test_a_cancellation_during_a_start_that_fails_is_a_cancellation(context, monkeypatch):
    """There is no child to stop, and nobody asks for the error any more."""
    loop = asyncio.get_running_loop()

    async def fail(*_, **__):
        task.cancel()
        await asyncio.sleep(0)
        raise FileNotFoundError

    monkeypatch.setattr(loop, "subprocess_exec", fail)
    task = asyncio.create_task(shell().execute("run", {"command": ["x"]}, context()))
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_at_the_end_of_the_run_kills_what_is_left(context, pids):
    """An hour of grace ends with the cancellation of `close`."""
    agent = shell(kill_after=3600)
    command = "(trap '' TERM; sh -c 'echo $$ >pids; exec sleep 1000' >&2) >/dev/null & :"
    await agent.execute("run", {"command": command}, context())
    background = await pids(1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await agent.close()
    await gone(background)


async def test_a_background_process_does_not_hold_the_call(context, pids):
    """The command is done when it has exited, though stdout is open; the end of the run stops the rest."""
    agent = shell()
    response = await agent.execute("run", {"command": "sleep 1000 & echo $! >pids; echo done"}, context())
    assert response.result == "done"
    background = await pids(1)
    assert all(process_tree.alive(each) for each in background)
    await agent.close()
    assert not any(process_tree.alive(each) for each in background)


async def test_a_chatty_background_process_does_not_hold_the_call_either(context):
    """Even one that never stops writing ends our reading after a moment."""
    agent = shell()
    response = await agent.execute(
        "run", {"command": "(while :; do echo x; sleep 0.01; done) & echo done"}, context()
    )
    assert response.success
    assert "done" in response.result.split()
    await agent.close()


async def test_a_stubborn_leftover_is_killed(context, pids):
    """The end of the run does not ask twice."""
    agent = shell()
    command = "(trap '' TERM; sh -c 'echo $$ >pids; exec sleep 1000' >&2) >/dev/null & :"
    await agent.execute("run", {"command": command}, context())
    background = await pids(1)
    await agent.close()
    await gone(background)


async def test_an_agent_that_ran_nothing_closes_without_a_look_round():
    """No command, no leftovers."""
    await shell().close()
    assert await stop_leftovers({"no-run:no-task"}, 0.1) == []


async def test_an_error_inside_the_block_stops_the_tree(tmp_path):
    """Whatever ends the block early, the child does not stay."""
    with pytest.raises(LookupError):
        async with running(
            ["sleep", "1000"], env=dict(os.environ), cwd=tmp_path, marker="r:t",
            on_output=lambda stream, data: None, grace=1,
        ) as child:  # fmt: skip
            process = psutil.Process(child.pid)
            raise LookupError
    assert not process_tree.alive(process)


OWNER = """
import asyncio, sys
from pathlib import Path
from lead_tui.agents.shell import ShellAgent, ShellConfig
from lead_tui.testing import FakeContext

agent = ShellAgent(ShellConfig(name="shell", type="shell"))
context = FakeContext(run_id=sys.argv[2], folder=Path(sys.argv[1]))
asyncio.run(agent.execute("run", {"command": sys.argv[3]}, context))
"""


def start(*argv, **settings):
    return subprocess.Popen(argv, **settings)


def own(tmp_path, command, run_id="run-of-a-dead-owner"):
    script = tmp_path / "owner.py"
    script.write_text(textwrap.dedent(OWNER))
    return start(sys.executable, str(script), str(tmp_path), run_id, command)


@pytest.mark.parametrize("name", ["grandchildren", "deaf to TERM", "in sessions of their own", "orphans"])
async def test_nothing_outlives_a_killed_leadtui(tmp_path, pids, name):
    """kill -9 of the process that runs the agent takes the commands and what they started along."""
    count, command = TREES[name]
    owner = own(tmp_path, command)
    tree = await pids(count)
    owner.kill()
    await asyncio.to_thread(owner.wait)
    await gone(tree)


async def test_leftovers_of_a_dead_owner_are_reaped_by_their_marker(tmp_path, pids):
    """Where guard and owner died together, the next start finds what they left, and nothing else."""
    command = TREES["in sessions of their own"][1]
    owner = own(tmp_path, command)
    tree = await pids(2)
    assert reap_leftovers("run-of-a-dead-owner") == []  # the owner lives
    for each in psutil.Process(owner.pid).children():
        if "leadtui-guard" in each.cmdline():
            each.kill()
    owner.kill()
    await asyncio.to_thread(owner.wait)
    assert reap_leftovers("run-of-a-dead") == []  # another run
    assert all(process_tree.alive(each) for each in tree)
    reaped = reap_leftovers("run-of-a-dead-owner")
    assert {each.pid for each in tree} <= set(reaped)
    await gone(tree)
    assert reap_leftovers("run-of-a-dead-owner") == []


async def test_a_marker_that_names_no_owner_is_left_alone(pids, tmp_path):
    """A process whose marker cannot be read for sure is not killed."""
    environment = {**os.environ, "LEADTUI_RUN": "odd:task", "LEADTUI_OWNER": "nonsense"}
    odd = start("sh", "-c", "echo $$ >pids; exec sleep 1000", cwd=tmp_path, env=environment)
    await pids(1)
    assert reap_leftovers("odd") == []
    odd.kill()
    odd.wait()


async def test_a_guard_that_was_killed_is_replaced():
    """The next command brings a new one, which knows the groups of the old."""
    guard = Guard()
    children = [start("sleep", "1000", start_new_session=True) for _ in range(2)]
    guard.add(children[0].pid)
    guard.watch()
    guard._shell.kill()
    guard._shell.wait()
    guard.drop(0)  # nobody listens: no error
    guard.watch()
    guard.watch()
    guard.add(children[1].pid)
    guard._shell.stdin.close()  # as if we had died
    for each in children:
        assert await asyncio.to_thread(each.wait) == -signal.SIGKILL
    guard._shell.wait()


async def test_a_guard_kills_nothing_when_its_owner_ends_in_order():
    """Dismissed, it goes without touching the groups it knows; dropped groups it forgets."""
    guard = Guard()
    guard.dismiss()  # never started: nothing to do
    child = start("sleep", "1000", start_new_session=True)
    guard.watch()
    guard.add(child.pid)
    guard.dismiss()
    assert child.poll() is None
    guard.watch()  # knows the group from before
    guard.drop(child.pid)
    guard._shell.stdin.close()
    guard._shell.wait()
    assert child.poll() is None
    child.kill()
    child.wait()
