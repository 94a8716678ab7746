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
