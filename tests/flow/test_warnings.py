"""What a flow may say although it is probably not meant."""

import pytest

from tests.flow.test_diagnostics import HEAD, TASK, task


def warnings(flow, text):
    return [f"{each.line}:{each.col} {each.code}" for each in flow.file(text).warnings]


@pytest.mark.parametrize("group", ["tasks", "finally"])
def test_waiting_for_a_failure_that_never_shows(flow, group):
    """A task that waits for the failure of one with `continue_on_failure` can never run."""
    head = HEAD if group == "tasks" else HEAD + TASK + "finally:\n"
    first = head.count("\n") + 1
    waits = task(name="d", depends_on="[{task: c, on: failed}]")
    text = head + task(name="c", continue_on_failure="true") + waits
    assert warnings(flow, text) == [f"{first + 1}:86 never-runs"]
    assert warnings(flow, head + task(name="c") + waits) == []
    other = task(name="d", depends_on="[{task: c, on: any}]")
    assert warnings(flow, head + task(name="c", continue_on_failure="true") + other) == []


def test_an_agent_named_like_a_built_in_one(flow):
    """A declared agent of another type wins over the built-in one of its name, and that is told."""
    assert warnings(flow, "agents: [{name: local, type: service}]\n" + HEAD + TASK) == ["1:17 shadowed-agent"]
    assert warnings(flow, "agents: [{name: local, type: local}]\n" + HEAD + TASK) == []
    assert warnings(flow, "agents: [{name: service, type: local}]\n" + HEAD + TASK) == []


def test_a_default_that_is_never_used(flow):
    """`required: true` wins over a default, and that is told."""
    text = "inputs: {n: {type: integer, required: %s, default: 3}}\n" + HEAD + TASK
    assert warnings(flow, text % "true") == ["1:54 unused-default"]
    assert "`required: true` wins" in flow.file(text % "true").warnings[0].message
    assert warnings(flow, text % "false") == []


@pytest.mark.parametrize("group", ["tasks", "finally"])
@pytest.mark.parametrize(
    ("of_agent", "of_task", "which"),
    [
        ("1m", "5s", "the task's own `timeout` does after 5 s"),
        ("1m", "10s", "the task's own `timeout` does after 10 s"),
        ("1m", "11s", ""),
        ("5s", "1m", "the timeout of 's' does after 5 s"),
        ("1m", None, ""),
    ],
)
def test_an_idle_timeout_that_never_passes(flow, group, of_agent, of_task, which):
    """Another limit always ends the attempt before, the task's own or its agent's."""
    head = f"agents: [{{name: s, type: service, timeout: {of_agent}}}]\n{HEAD}"
    head = head if group == "tasks" else head + TASK + "finally:\n"
    silent = task(name="c", agent_name="s", idle_timeout="10s", timeout=of_task)
    found = [(each.code, each.message) for each in flow.file(head + silent).warnings]
    assert found == ([("never-passes", f"task 'c': `idle_timeout` never passes: {which}")] if which else [])
