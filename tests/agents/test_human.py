"""The agent `human`: a gate is data, and so is its answer."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from lead_tui.agents.base import Gate
from lead_tui.agents.human import HumanAgent, HumanConfig
from lead_tui.errors import AgentError, Category, Outcome
from lead_tui.testing import approval, rejection


@pytest.fixture
def ask(context):
    async def execute(action, *answers, **parameters):
        using = context(answers=answers)
        agent = HumanAgent(HumanConfig(name="human", type="human"))
        return await agent.execute(action, parameters, using), using

    return execute


async def test_an_approval(ask):
    """The question goes out as it is; the result says what, who and when, in plain data."""
    at = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
    response, using = await ask(
        "approve",
        approval(by="ann", answer="yes", at=at),
        message="ship?",
        show={"v": 1},
        options=["yes", "no"],
    )
    assert using.gates == [Gate(message="ship?", show={"v": 1}, options=("yes", "no"))]
    assert response.result == {"answer": "yes", "by": "ann", "at": "2030-01-02T03:04:00+00:00", "values": {}}


async def test_an_input(ask):
    """The form is handed on as plain data, `enum` under its other name; the values come back."""
    form = {"city": {"enum": ["Paris", "Rome"]}, "days": {"type": "integer", "default": 3}}
    response, using = await ask("input", approval(values={"city": "Rome"}), message="where?", form=form)
    assert using.gates[0].action == "input"
    assert using.gates[0].form == {
        "city": {"choices": ("Paris", "Rome")}, "days": {"type": "integer", "default": 3},
    }  # fmt: skip
    assert response.result["values"] == {"city": "Rome"}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (rejection(by="bob", why="too early"), "rejected by bob: too early"),
        (rejection(by="bob"), "rejected by bob"),
        (rejection(by=""), "rejected"),
    ],
)
async def test_a_rejection_fails_for_good(ask, answer, message):
    """permission_error, permanent, with who and why."""
    response, _ = await ask("approve", answer, message="ship?")
    failure = response.error
    assert (failure.category, failure.outcome, failure.code, failure.message) == (
        Category.PERMISSION, Outcome.PERMANENT, "rejected", message,
    )  # fmt: skip


@pytest.mark.parametrize("key", ["approvers", "expires", "on_expire", "on_reject"])
@pytest.mark.parametrize("action", ["approve", "input"])
def test_keys_that_are_not_built_yet_are_refused_at_load(action, key):
    """By name, rather than ignored, and they are not in the schema of an editor."""
    shape = HumanConfig.parameters_model(action)
    written = {"message": "?", "form": {}, key: "{{ inputs.x }}"}
    if action == "approve":
        del written["form"]
    with pytest.raises(ValidationError, match=f"{key}\n  this key is not built yet"):
        shape.model_validate(written)
    assert key not in shape.model_json_schema()["properties"]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("approve", {}),
        ("approve", {"message": "?", "form": {}}),
        ("input", {"message": "?"}),
        ("input", {"message": "?", "form": {"a": {"type": "date"}}}),
        ("input", {"message": "?", "form": {"a": {"pattern": "("}}}),
        ("input", {"message": "?", "form": {"a b": {}}}),
    ],
)
def test_a_question_that_cannot_be_put_is_refused_at_load(action, parameters):
    """Missing messages, forms in the wrong place, types and patterns that are none."""
    with pytest.raises(ValidationError):
        HumanConfig.parameters_model(action).model_validate(parameters)


async def test_a_question_is_checked_again_when_rendered(ask):
    """What a template gave must still be a question."""
    with pytest.raises(AgentError, match="`options` must be a list"):
        await ask("approve", message="?", options="{{ not rendered }}")


def test_what_a_flow_may_rely_on():
    """Two actions, no declaration, no breaker, one attempt, safe to ask again after a crash."""
    config = HumanConfig(name="human", type="human")
    assert HumanConfig.actions == {"approve", "input"}
    assert HumanConfig.builtin
    assert not HumanConfig.default_breaker
    assert config.is_idempotent("approve", {})
    assert HumanConfig.parameters_model("else") is None
