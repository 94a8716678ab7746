"""The small parts of the runner: what templates see, timers, notes, results."""

import asyncio
from datetime import timedelta

import pytest

from lead_tui.agents import registry
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.core.state import new_run
from lead_tui.errors import IllegalTransition, JournalError, MissingSecret, UsageError
from lead_tui.flow.inputs import resolve_inputs
from lead_tui.flow.models import FailureStrategy
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import load_dict
from lead_tui.runner.gates import gate_name
from lead_tui.runner.result import ExitCode, result_of
from lead_tui.runner.scope import RunView, TasksView, TaskView
from lead_tui.runner.timers import Timers
from lead_tui.testing import CallLog, VirtualClock, run_flow, run_virtual, scripted
from lead_tui.testing.flows import memory_engine
from tests.core.play import Play, task
from tests.runner.flows import flow, mock
from tests.runner.test_steering import begin


def test_templates_see_every_field_of_a_task():
    """Status, error, attempts, duration and meta, and nothing else."""
    data = flow(
        {"name": "a", "action": "bad", "continue_on_failure": True},
        {"name": "b", "agent_name": "shell", "action": "run", "parameters": {"command": "exit 0"}},
        agents=mock(fail={"bad": {"category": "agent_error", "message": "no", "code": "x"}}),
        outputs={
            "a": "{{ [tasks.a.status, tasks.a.error.code, tasks.a.error.message, tasks.a.attempts] }}",
            "severity": "{{ tasks.a.error.severity }}",
            "seconds": "{{ tasks.a.duration }}",
            "exit": "{{ tasks.b.meta.exit_code }}",
            "well": "{{ tasks.b.error }}",
            "run": "{{ run.id }} of {{ run.name }} since {{ run.started_at }}",
        },
    )
    story = _really(data)
    assert story.outputs["a"] == ["failed", "x", "no", 1]
    assert story.outputs["severity"] == "medium"
    assert story.outputs["exit"] == 0
    assert story.outputs["well"] is None
    assert story.outputs["seconds"] >= 0
    assert story.outputs["run"].startswith("run of test since 20")


def _really(data):
    """Child processes need the real loop."""

    async def play():
        run = await begin(memory_engine(MemoryJournal()), data, run_id="run")
        return await run.wait()

    return asyncio.run(play())


def test_views_are_maps():
    """Iterable, sized, and closed to unknown names."""
    run = Play(task("a"), task("b")).start().run
    assert list(TasksView(run.tasks)) == ["a", "b"]
    assert len(TasksView(run.tasks)) == 2
    view = TaskView(run.tasks["a"])
    assert dict(view)["status"] == "running"
    assert len(view) == 6
    assert dict(RunView(run)) == {"id": "r", "name": "play", "started_at": run.started_at.isoformat()}
    assert len(RunView(new_run(run.plan))) == 3
    assert RunView(new_run(run.plan))["started_at"] == ""
    with pytest.raises(KeyError):
        view["secret"]


def test_a_timer_that_fires_before_its_instant_is_set_again():
    """The wall clock was set back while the loop waited."""

    class Sluggish(VirtualClock):
        slow = timedelta()

        def now(self):
            return super().now() - self.slow

    async def play():
        clock, fired = Sluggish(), []
        timers = Timers(clock, fired.append)
        timers.set(("wake", "a"), clock.now() + timedelta(seconds=10), ev.TaskReady(task="a"))
        clock.slow = timedelta(seconds=5)
        await asyncio.sleep(11)
        assert fired == []
        await asyncio.sleep(5)
        assert [fact.task for fact in fired] == ["a"]
        timers.set(("wake", "b"), clock.now(), ev.TaskReady(task="b"))
        timers.close()
        await asyncio.sleep(1)
        assert len(fired) == 1

    run_virtual(play())


def test_gates_have_names_that_can_be_typed():
    """The task's name; a retry and a second question in one call make others."""
    names = [gate_name("a", 1, 1), gate_name("a", 2, 1), gate_name("a", 1, 2), gate_name("a", 2, 3)]
    assert names == ["a", "a@2", "a.2", "a@2.3"]


class Failing(MemoryJournal):
    """A disk that is full after some appends."""

    left = 3
    notes_fail = False

    async def append(self, run_id, fence, events, status=None):
        self.left -= 1
        if self.left < 0:
            raise JournalError("disk full")
        await super().append(run_id, fence, events, status)

    async def add_notes(self, run_id, notes):
        if self.notes_fail:
            raise JournalError("disk full")
        await super().add_notes(run_id, notes)


def test_a_run_whose_journal_fails_stops_and_says_so():
    """Nothing that depends on the lost fact starts."""

    async def play():
        tasks = [{"name": f"t{n}", "depends_on": [f"t{n - 1}"] if n else []} for n in range(9)]
        run = await begin(memory_engine(Failing(VirtualClock())), flow(*tasks))
        with pytest.raises(JournalError, match="disk full"):
            await run.wait()

    run_virtual(play())


def test_notes_that_cannot_be_stored_do_not_stop_a_run(monkeypatch, caplog):
    """They are shown and lost; the log of the process says so."""
    monkeypatch.setitem(
        registry._registered, "test", scripted(lambda call: call.context.log("hi"), CallLog())
    )

    async def play():
        journal = Failing(VirtualClock())
        journal.left, journal.notes_fail = 99, True
        run = await begin(memory_engine(journal), flow({"name": "a"}, agents=[{"name": "m", "type": "test"}]))
        assert (await run.wait()).status == "completed"

    run_virtual(play())
    assert "1 log lines were not stored" in caplog.text


def test_no_note_is_lost_at_the_end_of_a_run(monkeypatch):
    """However slowly they are stored: all are there, in order, when the run is left."""

    class Slow(MemoryJournal):
        async def add_notes(self, run_id, notes):
            await asyncio.sleep(1)
            await super().add_notes(run_id, notes)

    async def talk(call):
        for number in range(10):
            for line in range(50):
                call.context.log(f"{number}.{line}")
            await asyncio.sleep(0.1)

    monkeypatch.setitem(registry._registered, "test", scripted(talk, CallLog()))
    monkeypatch.setattr("lead_tui.runner.notes.AT_ONCE", 10)

    async def play():
        journal = Slow(VirtualClock())
        run = await begin(memory_engine(journal), flow({"name": "a"}, agents=[{"name": "m", "type": "test"}]))
        await run.wait()
        notes = [note.text for note in journal.notes(run.run_id)]
        assert notes == [f"{number}.{line}" for number in range(10) for line in range(50)]

    run_virtual(play())


def test_a_run_that_was_stored_and_never_began_begins_when_taken_up():
    """The process died between creating the run and its first event."""

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        run = await begin(engine, flow({"name": "a"}), run_id="first")
        await run.wait()
        record = journal.record("first")
        import msgspec

        await journal.create(msgspec.structs.replace(record, id="second"))
        again = await engine.take_up("second", environment={})
        assert (await again.wait()).status == "completed"

    run_virtual(play())


def test_secret_inputs_are_given_again_when_a_run_goes_on():
    """They are stored nowhere; others cannot be changed."""
    gate = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "ok?"}}
    echo = {"name": "b", "depends_on": ["gate"], "parameters": {"x": "{{ inputs.key }}"}}
    inputs = {"key": {"type": "string", "secret": True, "required": True}, "city": "Paris"}

    async def play():
        journal = MemoryJournal(VirtualClock())
        engine = memory_engine(journal)
        run = await begin(engine, flow(gate, echo, inputs=inputs), {"key": "hunter2"})
        await run.wait()
        with pytest.raises(MissingSecret, match="key"):
            await engine.take_up(run.run_id, environment={})
        with pytest.raises(UsageError, match="city"):
            await engine.take_up(run.run_id, environment={}, secrets={"city": "Rome"})
        again = await engine.take_up(
            run.run_id, cmd.Approve(gate="gate"), environment={}, secrets={"key": "hunter2"}
        )
        assert (await again.wait()).results["b"] == {"x": "***"}

    run_virtual(play())


@pytest.mark.parametrize(
    ("play", "code"),
    [
        (Play(task("a")).start().complete("a"), ExitCode.COMPLETED),
        (Play(task("a")).start().fail("a"), ExitCode.FAILED),
        (Play(task("a")).start().ask_person("a"), ExitCode.WAITING),
        (Play(task("a"), task("b"), strategy=FailureStrategy.PARTIAL).start().fail("a").complete("b"),
         ExitCode.PARTIAL),
    ],
)  # fmt: skip
def test_the_exit_code_says_what_happened(play, code):
    """A partial completion counts only with `strict`."""
    from lead_tui.observers.metrics import Metrics

    result = result_of(play.run, Metrics())
    assert result.exit_code(strict=True) == code
    assert result.success == (play.run.status == "completed")


def test_a_bug_in_an_attempt_stops_the_run_instead_of_hanging_it(monkeypatch):
    """The engine's own mistake is raised, with exit code 70 at the command line."""
    from lead_tui.runner.attempt import Attempt

    def broken(self, failure, duration, *rest):
        raise IllegalTransition("a bug")

    monkeypatch.setattr(Attempt, "_post_failure", broken)
    with pytest.raises(IllegalTransition, match="a bug"):
        run_flow(flow({"name": "a"}, agents=mock(fail={"go": {"category": "agent_error"}})))


def test_documents_can_come_from_a_dict(tmp_path):
    """The same checks, no positions."""
    document = load_dict(flow({"name": "a"}), tmp_path, {})
    assert document.workflow.name == "test"
    assert resolve_inputs(document.workflow, {}) == {}
