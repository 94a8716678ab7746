"""Which task starts, and when."""

from lead_tui.core import events as ev
from tests.core.play import Play, task


def test_a_chain_runs_link_by_link():
    """A task starts when what it needs has completed, not before."""
    play = Play(task("a"), task("b", "a"), task("c", "b")).start()
    assert play.running == ["a"]
    play.complete("a")
    assert play.running == ["b"]
    play.complete("b").complete("c")
    assert play.run.status == "completed"


def test_sequential_runs_take_one_task_at_a_time_in_file_order():
    """Without parallel execution a ready task waits for the end of the one under way."""
    play = Play(task("a"), task("b"), task("c"), parallel=False).start()
    assert play.running == ["a"]
    play.complete("a")
    assert play.running == ["b"]


def test_priority_goes_before_file_order():
    """Of the ready tasks the highest priority starts first, then the first of the file."""
    play = Play(task("a"), task("b", priority=5), task("c", priority=5), parallel=False).start()
    assert play.running == ["b"]
    play.complete("b")
    assert play.running == ["c"]


def test_max_parallel_caps_what_is_in_flight():
    """The third of three ready tasks starts when the first slot becomes free."""
    play = Play(task("a"), task("b"), task("c"), max_parallel=2).start()
    assert play.running == ["a", "b"]
    play.complete("b")
    assert play.running == ["a", "c"]


def test_an_agents_limit_blocks_only_its_own_tasks():
    """A task of a busy agent takes no slot from a task of another agent behind it."""
    play = Play(
        task("a", agent="slow"), task("b", agent="slow"), task("c"), max_parallel=2, limits={"slow": 1}
    ).start()
    assert play.running == ["a", "c"]
    play.complete("a")
    assert play.running == ["b", "c"]


def test_a_sequential_run_holds_its_slot_through_a_retry_delay():
    """Strictly one at a time: the wait for the next try lets nothing else in."""
    play = Play(task("a"), task("b"), parallel=False).start().fail("a", retry_in=5)
    assert play.running == []
    play.pass_time(5)
    assert play.running == ["a"]
    play.complete("a")
    assert play.running == ["b"]


def test_a_parallel_run_gives_the_slot_away_during_a_retry_delay():
    """A waiting task holds no slot, and gets one back when its time has come."""
    play = Play(task("a"), task("b"), max_parallel=1).start().fail("a", retry_in=5)
    assert play.running == ["b"]
    play.pass_time(5)
    assert play.statuses()["a"] == "ready"
    play.complete("b")
    assert play.running == ["a"]


def test_the_reason_of_a_start_names_the_dependency():
    """`task_ready` says after which task it came."""
    play = Play(task("a"), task("b", "a")).start().complete("a")
    assert play.last(ev.TaskReady).why == "after a"


def test_events_are_numbered_without_gaps_and_carry_run_and_time():
    """The machine stamps what the runner hands in unstamped."""
    play = Play(task("a")).start().complete("a")
    assert [event.seq for event in play.log] == list(range(1, len(play.log) + 1))
    assert {event.run_id for event in play.log} == {"r"}
    assert {event.ts for event in play.log} == {play.now}


def test_a_hundred_thousand_tasks_in_a_chain_need_no_recursion():
    """The cost and the depth of one event do not grow with the flow."""
    from lead_tui.core.machine import Machine
    from lead_tui.core.plan import Plan

    names = [f"t{number}" for number in range(100_000)]
    tasks = [task(name, *names[max(0, index - 1) : index]) for index, name in enumerate(names)]
    play = Play(task("x"))
    machine = Machine(Plan(name="long", tasks=tuple(tasks), parallel=True), "r")
    machine.handle(ev.RunQueued(name="long"), ev.RunStarted(), now=play.now)
    step = machine.handle(
        ev.AttemptFailed(task="t0", attempt=1, failure=_broken(), retry_in=None), now=play.now
    )
    assert machine.run.status == "failed"
    assert len(step.events) == 100_000 + 3
    assert machine.run.tasks[names[-1]].status == "skipped"


def _broken():
    from tests.core.play import failure

    return failure()
