"""The schema of an answer: what cannot work is told at load, the rest is held against the answer."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_tui.agents.ai.answer_schema import without_references
from lead_tui.json_schema import Schema
from lead_tui.testing import ModelServer, answer, call, say, scripted
from tests.agents.ai.asked import at, chat, config, run

BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
INTEGER = {"type": "integer"}


def having(part, **more):
    return {"type": "object", "properties": {"n": part}, "required": ["n"], **more}


TREE = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (having({"$ref": "http://h/schema.json"}), "'http://h/schema.json'"),
        (having({"$ref": "#/$defs/x"}), "'#/$defs/x'"),
        (having({"$ref": "#/definitions/x"}, definitions={"n": INTEGER}), "'#/definitions/x'"),
        (having({"$ref": "#"}), "leads back to itself"),
        (having({"$ref": "#/$defs/tree"}, **{"$defs": {"tree": TREE}}), "leads back to itself"),
        (having({"$ref": "#a"}, **{"$defs": {"n": {"$anchor": "a"}}}), "must be a path in the schema"),
        (having({"type": "string", "pattern": "(?=a)b"}), "is not checked"),
        (having({"type": "nonsense"}), "no JSON Schema"),
    ],
    ids=[
        "elsewhere",
        "nowhere",
        "nowhere of draft 7",
        "itself",
        "a tree",
        "an anchor",
        "a pattern",
        "a type",
    ],
)
def test_a_schema_that_cannot_work_is_a_load_error(schema, said):
    """Each says what is wrong, and none waits for the first answer."""
    with pytest.raises(ValidationError) as caught:
        config(provider="openai", output_schema=schema)
    assert said in str(caught.value)


def test_a_schema_that_grows_without_end_is_a_load_error():
    """References that double at each step are counted, not followed."""
    doubling = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(40)
    } | {"d40": INTEGER}
    with pytest.raises(ValidationError, match="too large"):
        config(provider="openai", output_schema=having({"$ref": "#/$defs/d0"}, **{"$defs": doubling}))


@pytest.mark.parametrize(
    "schema",
    [
        having({"$ref": "#/$defs/n"}, **{"$defs": {"n": INTEGER}}),
        having({"$ref": "#/definitions/n"}, definitions={"n": INTEGER}),
        having({"$ref": "#/$defs/a~1b"}, **{"$defs": {"a/b": INTEGER}}),
        having({"$ref": "#/properties/m"}) | {"properties": {"n": {"$ref": "#/properties/m"}, "m": INTEGER}},
        having(
            {"$ref": "#/$defs/n", "description": "n"}, **{"$defs": {"n": {"$ref": "#/$defs/m"}, "m": INTEGER}}
        ),
    ],
    ids=["$defs", "definitions", "escaped", "properties", "twice"],
)
@BOTH
async def test_references_within_a_schema_work(contexts, provider, schema):
    """The model gets the schema in one piece, and the answer is held against it."""
    async with ModelServer([say('{"n": "x"}'), answer({"n": 1})]) as server:
        result = await chat(contexts(), "Hi", **at(server, provider), output_schema=schema)
    assert result["content"] == {"n": 1}
    assert "$ref" not in json.dumps(server.requests[0].body)
    assert len(server.requests) == 2


parts = st.recursive(
    st.sampled_from([INTEGER, {"type": "string"}, {"$ref": "#/$defs/a"}, {"$ref": "#/definitions/b"}]),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("xy"), inner)}
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=6,
)
values = st.recursive(
    st.one_of(st.integers(), st.text(max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xy"), inner)),
    max_leaves=6,
)


@given(parts, values)
def test_the_schema_in_one_piece_takes_the_same_answers(part, value):
    """Replacing references changes no verdict."""
    shelves = {
        "$defs": {"a": {"type": "array", "items": {"$ref": "#/definitions/b"}}},
        "definitions": {"b": INTEGER},
    }
    schema = having(part, **shelves)
    assert Schema(schema).faults({"n": value}) == Schema(without_references(schema)).faults({"n": value})


async def test_a_pattern_of_a_server_holds_up_nothing(contexts):
    """A schema whose pattern backtracks for ever is checked in no time, and the model told."""
    schema = having({"type": "string", "pattern": "^(a+)+$"})
    listed = [{"name": "find", "input_schema": schema}]
    cls = scripted(lambda asked: listed if asked.action == "list_tools" else "found")
    context = contexts(agents={"s": cls(cls.config_model(name="s", type="mock"))})
    replies = [call("s__find", n="a" * 40 + "!"), call("s__find", n="a"), say("ok")]
    async with asyncio.timeout(20), ModelServer(replies) as server:
        await run(context, **at(server), mcp_servers=["s"])
    assert "does not match" in json.dumps(server.requests[1].body)
    assert server.requests[2].results[-1] == "found"
