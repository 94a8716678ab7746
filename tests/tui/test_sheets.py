"""What is filled in before a call: fields of a schema, of a model's question, of any agent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from lead_tui.agents import registry as agent_types
from lead_tui.agents.mcp.config import FIXED
from lead_tui.flow.models import AgentConfig
from lead_tui.tools import registry
from lead_tui.tools.tool import Tool
from lead_tui.tui.calls.offers import Offer, has_offers, is_server, offers_of
from lead_tui.tui.calls.schema_fields import fields_of
from lead_tui.tui.calls.sheet import sheet_of, sheet_of_offer
from lead_tui.tui.flows.fields import LEFT_OUT, Field, value_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "where", "default": "Oslo"},
        "days": {"type": ["integer", "null"]},
        "scale": {"$ref": "#/$defs/Scale", "description": "of degrees"},
        "exact": {"type": "boolean", "default": False},
        "limit": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city", "scale"],
    "$defs": {"Scale": {"enum": ["C", "F"], "type": "string"}},
}


def fields(schema: dict[str, Any], start: dict[str, Any] | None = None) -> dict[str, Field]:
    found = fields_of(schema, start or {})
    assert found is not None
    return {field.name: field for field in found}


def values(found: dict[str, Field], **texts: str) -> dict[str, Any]:
    """What the form would give with these texts typed into it."""
    given = {name: value_of(field, texts.get(name, field.start)) for name, field in found.items()}
    return {name: value for name, value in given.items() if value is not LEFT_OUT}


def agent(kind: str, **settings: Any) -> AgentConfig:
    model = agent_types.config_model(kind)
    assert model is not None
    return model(name="a", type=kind, **settings)


def test_each_property_becomes_a_field_of_its_type() -> None:
    """With its description, its default and whether it is needed; what is no scalar is YAML."""
    found = fields(SCHEMA)
    assert {name: field.kind for name, field in found.items()} == {
        "city": "string", "days": "integer", "scale": "choice", "exact": "boolean", "limit": "number",
        "tags": "list",
    }  # fmt: skip
    assert (found["city"].start, found["city"].description, found["city"].required) == ("Oslo", "where", True)
    assert (found["scale"].choices, found["scale"].start) == (("C", "F"), None)
    assert (found["exact"].choices, found["exact"].start) == (("true", "false"), "false")
    assert values(found, scale="F", days="3", tags="[a, b]") == {
        "city": "Oslo", "days": 3, "scale": "F", "exact": False, "tags": ["a", "b"],
    }  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [("days", "3.5"), ("limit", "much"), ("tags", "[a"), ("city", "")])
def test_a_text_of_the_wrong_type_is_refused(name: str, text: str) -> None:
    """In words; a text that has a default may be empty, and is then sent so."""
    field = fields(SCHEMA)[name]
    if name == "city":
        assert value_of(field, text) == ""
        return
    with pytest.raises(ValueError, match=r"must|expected|1:3"):
        value_of(field, text)


def test_what_the_flow_says_stands_in_the_fields() -> None:
    """A template stands where a number will, and is remarked on."""
    found = fields(SCHEMA, {"city": "Rome", "days": "{{ tasks.a.result }}", "tags": ["x"], "scale": "F"})
    assert (found["city"].start, found["days"].start, found["tags"].start) == (
        "Rome", "{{ tasks.a.result }}", "- x",
    )  # fmt: skip
    assert found["scale"].start == "F"
    assert "no other task runs here" in found["days"].note
    assert not found["city"].note


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"properties": ["a"]},
        {"$ref": "#/$defs/A"},
    ],
)
def test_a_schema_that_a_form_would_not_do_justice(schema: dict[str, Any]) -> None:
    """All parameters are a text then, as for one that the flow gives more than the schema names."""
    assert fields_of(schema, {}) is None
    assert fields_of(SCHEMA, {"else": 1}) is None
    sheet = sheet_of_offer(Offer("tool", "", schema), {"a": 1})
    assert [field.name for field in sheet.fields] == ["parameters"]
    assert sheet.call({"parameters": {"a": 2}}) == ("tool", {"a": 2})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_words = st.sampled_from(
    ["type", "enum", "anyOf", "$ref", "default", "properties", "required", "description", "$defs"]
)


@given(
    st.dictionaries(
        _words,
        _json | st.dictionaries(st.text(max_size=4), st.dictionaries(_words, _json, max_size=4), max_size=3),
    )
)
def test_a_schema_may_be_anything(schema: dict[str, Any]) -> None:
    """A server's nonsense gives fields or none, and never an error."""
    found = fields_of(schema, {})
    assert found is None or all(isinstance(field, Field) for field in found)


def test_the_schemas_of_pydantic_are_understood() -> None:
    """Those are what most servers send."""

    class Weather(BaseModel):
        city: str
        days: int | None = None
        factor: float = 1.5

    found = fields(Weather.model_json_schema())
    assert values(found, city="Oslo") == {"city": "Oslo", "factor": 1.5}
    assert found["days"].kind == "integer"


def test_every_action_of_a_server_has_a_form() -> None:
    """Without it being asked for anything; tools come with the list that it gives."""
    server = agent("mcp_server", command="x")
    assert (has_offers(server), is_server(server)) == (True, True)
    assert [each.name for each in offers_of(server)] == [*FIXED]
    listed = [
        {"name": "echo", "title": "An echo", "input_schema": {"type": "object"}},
        {"name": 1},
        "nonsense",
        {"name": "odd", "input_schema": []},
    ]
    offers = offers_of(server, listed)
    assert [(each.name, each.description) for each in offers[:2]] == [("echo", "An echo"), ("odd", "")]
    assert [each.is_tool for each in offers] == [True, True, *[False] * len(FIXED)]
    by_name = {each.name: sheet_of_offer(each, {}) for each in offers}
    assert [field.name for field in by_name["get_prompt"].fields] == ["name", "arguments"]
    assert by_name["read_resource"].call({"uri": "a://b"}) == ("read_resource", {"uri": "a://b"})
    assert by_name["list_tools"].fields == ()
    assert not offers_of(server, "nonsense")[0].is_tool


def test_granted_tools_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those alone; one whose signature nobody understands is left out."""

    def bad(x: "Gone") -> None:  # type: ignore[name-defined]  # noqa: F821
        """Cannot be called."""

    monkeypatch.setattr(registry, "_registered", {"bad": Tool("bad", bad)})
    tools = agent("tool", tools=["json_parse", "calculate_metrics"], hosts=[])
    assert (has_offers(tools), is_server(tools)) == (True, False)
    offers = {each.name: each for each in offers_of(tools)}
    assert sorted(offers) == ["calculate_metrics", "json_parse"]
    sheet = sheet_of_offer(offers["json_parse"], {})
    assert sheet.fields[0].name == "text"
    assert sheet.fields[0].required
    assert not has_offers(agent("shell"))
    assert not has_offers(None)
    everything = agent("tool", tools=["*"])
    assert "bad" not in {each.name for each in offers_of(everything)}


def test_a_form_can_be_a_text() -> None:
    """For what a form would be too small for."""
    sheet = sheet_of_offer(Offer("weather", "", SCHEMA), {"city": "Rome"}, as_text=True)
    assert [(field.name, field.start) for field in sheet.fields] == [("parameters", "city: Rome")]
    assert sheet.call({"parameters": {"city": "Oslo"}}) == ("weather", {"city": "Oslo"})


def test_a_prompt_has_a_field_of_some_lines() -> None:
    """What else a model is asked with stands beside it; messages need no prompt."""
    model = agent("ai_agent", provider="openai", model="m")
    sheet = sheet_of(model, "run", {"prompt": "Why?", "context": [1]})
    action, prompt, rest = sheet.fields
    assert (action.choices, action.start) == (("chat_completion", "run"), "run")
    assert (prompt.lines, prompt.start, prompt.required) == (3, "Why?", True)
    assert rest.start == "context:\n- 1"
    given = {"action": "run", "prompt": "How?", "parameters": {"context": [2]}}
    assert sheet.call(given) == ("run", {"prompt": "How?", "context": [2]})
    unknown = sheet_of(model, "run", {"prompt": "Why?", "context": "{{ tasks.a.result }}"}).fields[-1]
    assert (unknown.start, unknown.note) == ("", "without context: no other task runs here")
    messages = sheet_of(model, "chat_completion", {"messages": [{"role": "user", "content": "x"}]})
    assert not messages.fields[1].required
    assert messages.call({"action": "chat_completion"}) == ("chat_completion", {})


def test_any_other_agent_has_action_and_parameters() -> None:
    """As a task has."""
    sheet = sheet_of(agent("shell"), "run", {"command": "echo {{ x }}"})
    assert [field.name for field in sheet.fields] == ["action", "parameters"]
    assert "no other task" in sheet.fields[1].note
    assert sheet.call({"action": "run"}) == ("run", {})
