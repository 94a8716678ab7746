"""The model of a run: the one fold, what it keeps for the screens, what it marks as changed."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core import events as ev
from lead_tui.core.apply import apply
from lead_tui.core.state import TaskStatus, new_run
from lead_tui.observers.hub import Item
from lead_tui.testing.flows import Story, run_flow
from lead_tui.tui.model import RunModel

FLOW: dict[str, Any] = {
    "name": "story",
    "parallel_execution": True,
    "failure_strategy": "continue_on_failure",
    "agents": [
        {"name": "good", "type": "mock"},
        {"name": "flaky", "type": "mock", "fail": {"x": {"times": 1}}, "retry_config": {"max_attempts": 2}},
        {"name": "dead", "type": "mock", "failure_rate": 1.0},
    ],
    "tasks": [
        {"name": "a", "agent_name": "good", "action": "x"},
        {"name": "b", "agent_name": "flaky", "action": "x", "depends_on": ["a"]},
        {"name": "c", "agent_name": "dead", "action": "x", "depends_on": ["a"]},
        {"name": "d", "agent_name": "good", "action": "x", "depends_on": ["c"]},
    ],
}


@pytest.fixture(scope="module")
def story() -> Story:
    return run_flow(FLOW)


def items_of(story: Story) -> list[Item]:
    items: list[Item] = list(story.events)
    return items


def model_of(story: Story, items: Sequence[Item]) -> RunModel:
    model = RunModel(story.state.plan, "run")
    model.take(items)
    return model


def test_it_folds_like_the_engine(story: Story) -> None:
    """The model's state equals the state that the engine ended with."""
    model = model_of(story, story.events)
    assert model.state.tasks.keys() == story.state.tasks.keys()
    assert {name: task.status for name, task in model.state.tasks.items()} == {
        name: task.status for name, task in story.state.tasks.items()
    }
    assert model.state.seq == story.state.seq
    assert model.ended


@given(data=st.data())
def test_batches_do_not_matter(story: Story, data: st.DataObject) -> None:
    """However the events are cut into batches, and even if some come twice, the model is the same."""
    items = items_of(story)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(items)), max_size=6)))
    model = RunModel(story.state.plan, "run")
    for start, end in zip([0, *cuts], [*cuts, len(items)], strict=True):
        model.take(items[max(start - 2, 0) : end])
    whole = model_of(story, items)
    assert model.state == whole.state
    assert model.history == whole.history
    assert list(model.failed) == list(whole.failed) == ["c"]


def test_active_tasks_are_those_under_way_at_each_moment(story: Story) -> None:
    """After every single event `active` holds exactly the tasks that run, wait or were interrupted."""
    model = RunModel(story.state.plan, "run")
    for event in story.events:
        model.take([event])
        under_way = {
            name
            for name, task in model.state.tasks.items()
            if task.status in {TaskStatus.RUNNING, TaskStatus.WAITING, TaskStatus.INTERRUPTED}
        }
        assert set(model.active) == under_way


def test_changes_are_handed_out_once(story: Story) -> None:
    """A frame gets the tasks that changed since the frame before, and the next one nothing."""
    model = RunModel(story.state.plan, "run")
    model.changes()
    model.take(story.events)
    changes = model.changes()
    assert changes.tasks == {"a", "b", "c", "d"}
    assert changes.run
    assert not model.changes()
    model.touch()
    assert model.changes().time


def test_notes_reach_the_log_of_their_task_and_the_progress_of_what_runs(story: Story) -> None:
    """A note is kept for its task and for all; progress only while the task runs."""
    model = RunModel(story.state.plan, "run")
    upto = next(i for i, e in enumerate(story.events) if isinstance(e, ev.AttemptStarted)) + 1
    model.take(story.events[:upto])
    task = next(iter(model.active))
    model.take([ev.Progress(task=task, done=1, total=4), ev.Log(task=task, text="hello")])
    assert model.progress[task].total == 4
    assert [getattr(item, "text", "") for item in model.log.of(task).items][-1] == "hello"
    model.take(story.events[upto:])
    assert task not in model.progress


def test_an_event_that_does_not_fit_stops_the_fold_and_says_so(story: Story) -> None:
    """A damaged log leaves the state as it was before the damage, with the reason."""
    model = model_of(story, story.events[:3])
    before = model.state.seq
    model.take([story.events[5]])
    assert model.state.seq == before
    assert "does not follow" in model.damage


def test_reset_is_a_new_beginning(story: Story) -> None:
    """After a reset the same events give the same model again: how a replay goes back."""
    model = model_of(story, story.events)
    model.reset()
    assert model.changes().again
    assert model.state == _empty(story)
    model.take(story.events)
    assert model.ended


def _empty(story: Story) -> Any:
    run = new_run(story.state.plan)
    run.run_id = "run"
    return run


def test_a_reopened_run_forgets_the_failures_that_run_again(story: Story) -> None:
    """Retry clears the list of failed tasks and asks for everything to be drawn anew."""
    model = model_of(story, story.events)
    model.changes()
    seq = model.state.seq
    event = ev.RunReopened(seq=seq + 1, ts=story.events[-1].ts, tasks=["c", "d"])
    probe = new_run(story.state.plan)
    for each in story.events:
        apply(probe, each)
    apply(probe, event)
    model.take([event])
    assert not model.failed
    assert model.changes().again
    assert model.state.status == probe.status


def test_the_seconds_stop_with_the_run(story: Story) -> None:
    """A run's time goes on with `now` while it runs and stands still once it has ended."""
    model = model_of(story, story.events)
    first = model.seconds
    model.now = story.events[-1].ts.replace(year=2031)
    assert model.seconds == first
