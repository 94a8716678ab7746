"""Random flows, random fates: what holds for every run, whatever happens to it."""

import hypothesis.strategies as st
from hypothesis import given, settings

from lead_tui.core import commands as cmd
from lead_tui.core import effects as fx
from lead_tui.core import events as ev
from lead_tui.core.plan import Need, Plan, PlannedAgent, PlannedBudget, PlannedTask
from lead_tui.core.spending import is_held, is_spent
from lead_tui.core.state import RUN_ENDED, TASK_ENDED
from lead_tui.flow.models import FailureStrategy
from tests.core.play import Play, in_flight

CALLS = st.sampled_from(["1", "2"])
ONS = st.sampled_from([None, None, None, None, "any", "completed", "failed", "skipped"])


@st.composite
def budgets(draw) -> PlannedBudget | None:
    """Mostly none; else one that a few attempts spend."""
    if draw(st.integers(0, 2)):
        return None
    limits = draw(st.sampled_from([{"usd": 2.0}, {"calls": 3.0}, {"usd": 1.0, "calls": 5.0}]))
    return PlannedBudget(limits, enforce=draw(st.booleans()))


@st.composite
def plans(draw) -> Plan:
    """Up to a dozen tasks, needs pointing back only, some of them cleanup, with all the core's settings."""
    count = draw(st.integers(1, 12))
    cleanup = draw(st.integers(0, min(3, count - 1)))
    tasks = []
    for number in range(count):
        first = count - cleanup if number >= count - cleanup else 0
        earlier = st.integers(first, number - 1) if number > first else st.nothing()
        needs = draw(st.lists(earlier, max_size=3, unique=True)) if number > first else []
        tasks.append(
            PlannedTask(
                name=f"t{number}",
                agent=draw(st.sampled_from(["m", "n"])),
                needs=tuple(Need(f"t{each}", draw(ONS)) for each in sorted(needs)),
                when=draw(st.booleans()) and draw(st.booleans()),
                priority=draw(st.integers(-1, 1)),
                timeout=draw(st.sampled_from([None, None, 5.0])),
                continue_on_failure=draw(st.integers(0, 5)) == 0,
                idempotent=draw(st.integers(0, 3)) > 0,
                cleanup=number >= count - cleanup,
            )
        )
    return Plan(
        name="play",
        tasks=tuple(tasks),
        parallel=draw(st.booleans()),
        max_parallel=draw(st.integers(1, 4)),
        strategy=draw(st.sampled_from(list(FailureStrategy))),
        global_timeout=draw(st.sampled_from([None, None, 60.0])),
        limits=draw(st.sampled_from([{}, {"n": 1}])),
        budget=draw(budgets()),
        agents={"n": PlannedAgent(budget=draw(budgets()))},
        outputs=draw(st.booleans()),
    )


class Fate:
    """Draws what happens next, and in the end lets everything come to its end."""

    def __init__(self, play: Play, draw) -> None:
        self.play = play
        self.draw = draw

    def happen(self) -> None:
        play = self.play
        moves = [self.command, self.crash, self.tick]
        moves += [self.answer] * 4 if play.questions else []
        moves += [self.end_call] * 8 + [self.tell] * 4 if play.calls else []
        moves += [self.use_tool] * 4 if self.standing() else []
        self.draw(st.sampled_from(moves))()

    def tell(self) -> None:
        """A call in flight says what it does."""
        play, draw = self.play, self.draw
        name = draw(st.sampled_from(sorted(play.calls)))
        told = play.run.tasks[name].costs.told.get("usd", 0.0)
        match draw(st.sampled_from(["spend", "save", "stall", "tool", "return", "wait", "budget"])):
            case "spend":
                play.spend(name, usd=told + 0.5, calls=2)
            case "save":
                play.save(name)
            case "stall":
                play.stall(name)
            case "tool":
                play.use_tool(name, draw(CALLS))
            case "return":
                play.tool_returns(name, draw(CALLS))
            case "wait":
                play.let_wait(name, *self.some_calls(name))
            case _ if is_held(play.run, play.run.tasks[name]):
                scope = "" if is_spent(play.run, "") else play.run.tasks[name].plan.agent
                play.stand_at_budget(name, scope, begun=draw(st.booleans()))

    def standing(self) -> list[str]:
        """Tasks whose attempt may be alive, though it waits at a gate or a budget."""
        return [name for name, task in self.play.run.tasks.items() if task.begun]

    def use_tool(self) -> None:
        name = self.draw(st.sampled_from(self.standing()))
        match self.draw(st.sampled_from(["tool", "return", "wait"])):
            case "tool":
                self.play.use_tool(name, self.draw(CALLS))
            case "return":
                self.play.tool_returns(name, self.draw(CALLS))
            case "wait":
                self.play.let_wait(name, *self.some_calls(name))

    def some_calls(self, name: str) -> list[str]:
        """Some of the open tool calls of this task."""
        return [call for call in self.play.run.tasks[name].calling or () if self.draw(st.booleans())]

    def end_call(self) -> None:
        play, draw = self.play, self.draw
        name = draw(st.sampled_from(sorted(play.calls)))
        if name in play.cancelling and draw(st.booleans()):
            return self.stop(name)
        kind = draw(st.sampled_from(["complete", "complete", "complete", "fail", "retry", "limit", "person"]))
        match kind:
            case "complete":
                play.complete(name, usage={"usd": 0.5} if draw(st.booleans()) else {})
            case "limit":
                play.wait(name)
                play.take(ev.TaskReady(task=name, why="waited"))
            case "person":
                order = play.calls.pop(name)
                gate = f"{name}@{order.generation}"
                if gate not in play.run.gates:
                    play.let_wait(name, *self.some_calls(name))
                    play.take(ev.ApprovalRequested(task=name, attempt=order.attempt, gate=gate))
                else:
                    play.calls[name] = order
                    play.complete(name)
            case _:
                play.fail(name, retry_in=3.0 if kind == "retry" else None)
        return None

    def stop(self, name: str) -> None:
        if self.play.cancelling.pop(name) == "deadline":
            self.play.fail(name)
        else:
            self.play.cancelled(name)

    def answer(self) -> None:
        self.play.answer({} if self.play.questions[0].role == "outputs" else self.draw(st.booleans()))

    def tick(self) -> None:
        self.play.pass_time(self.draw(st.sampled_from([0.0, 1.0, 3.0, 10.0])))

    def crash(self) -> None:
        if self.play.run.status not in RUN_ENDED and self.draw(st.integers(0, 3)) == 0:
            self.play.crash()

    def command(self) -> None:
        names = sorted(self.play.run.tasks)
        gates = sorted(self.play.run.gates) or ["nowhere"]
        some = st.one_of(
            st.sampled_from([cmd.Pause(), cmd.Resume(), cmd.Retry()]),
            st.builds(cmd.Approve, gate=st.sampled_from(gates), again=st.booleans()),
            st.builds(cmd.Reject, gate=st.sampled_from(gates), again=st.booleans()),
            st.builds(cmd.CancelTask, task=st.sampled_from(names)),
            st.builds(cmd.Skip, task=st.sampled_from(names)),
            st.builds(cmd.Cancel, skip_cleanup=st.booleans())
            if self.draw(st.integers(0, 6)) == 0
            else st.nothing(),
        )
        self.play.command(self.draw(some))

    def let_end(self) -> None:
        """From here on everything goes well: the run must come to an end by itself."""
        play = self.play
        for _ in range(500):
            if play.run.status in RUN_ENDED:
                return
            if play.questions:
                self.answer_well()
            elif play.calls:
                self.finish(min(play.calls))
            elif any(map(in_flight, play.run.tasks.values())):
                self.return_tools()
            elif play.timers:
                play.pass_time(max(0.0, min((t.at - play.now).total_seconds() for t in play.timers)))
            else:
                self.decide_for_the_person()
        raise AssertionError(f"the run does not end: {play.run.status} {play.statuses()}")

    def answer_well(self) -> None:
        self.play.answer({} if self.play.questions[0].role == "outputs" else True)

    def finish(self, name: str) -> None:
        if name in self.play.cancelling:
            self.stop(name)
        else:
            self.play.complete(name)

    def return_tools(self) -> None:
        """Those that nobody has to move: the others return when the attempt goes on."""
        for name, task in self.play.run.tasks.items():
            for call in sorted(in_flight(task)):
                self.play.tool_returns(name, call)

    def decide_for_the_person(self) -> None:
        play = self.play
        if play.run.status == "paused":
            assert play.command(cmd.Resume()) == ""
            return
        assert play.run.status == "waiting", f"nothing moves, and the run is {play.run.status}"
        for agent, budget in play.run.budgets.items():
            if budget.holds:
                assert play.command(cmd.RaiseBudget(agent=agent, **dict.fromkeys(budget.limits, 1e6))) == ""
        gates = [name for name, gate in play.run.gates.items() if gate.answer is None and not gate.void]
        for gate in gates:
            assert play.command(cmd.Approve(gate=gate, again=True)) == ""
        for name, task in play.run.tasks.items():
            if task.status == "interrupted":
                assert play.command(cmd.Skip(task=name)) == ""


@settings(max_examples=300)
@given(plan=plans(), data=st.data())
def test_every_run_ends_and_keeps_its_promises(plan, data):
    """Failures, retries, cancels, pauses, gates, crashes in any order: slots and needs are kept, the log
    folds to the same state (checked after every step), and the run ends once everything goes well.
    """
    play = Play(*plan.tasks)
    play.plan, play.machine = plan, type(play.machine)(plan, "r")
    fate = Fate(play.start(), data.draw)
    for _ in range(data.draw(st.integers(0, 25))):
        fate.happen()
    fate.let_end()
    assert all(task.status in TASK_ENDED for task in play.run.tasks.values())
    assert [event.seq for event in play.log] == list(range(1, len(play.log) + 1))


@settings(max_examples=100)
@given(plan=plans(), seed=st.integers(0, 1000))
def test_the_same_facts_give_the_same_log(plan, seed):
    """Two machines that are told the same say the same."""
    import random

    def tell() -> tuple[list[ev.Event], list[str]]:
        draw = random.Random(seed)
        play = Play(*plan.tasks)
        play.plan, play.machine = plan, type(play.machine)(plan, "r")
        play.start()
        for _ in range(60):
            if play.run.status in RUN_ENDED:
                break
            if play.questions:
                play.answer({} if play.questions[0].role == "outputs" else draw.random() < 0.7)
            elif play.calls:
                name = draw.choice(sorted(play.calls))
                play.complete(name) if draw.random() < 0.8 else play.fail(name, draw.choice([None, 2.0]))
            else:
                play.pass_time(2.0)
        return play.log, play.types()

    assert tell() == tell()


def test_an_effect_is_never_an_event():
    """Orders and facts share no class."""
    assert not issubclass(fx.Effect, ev.Event)
