"""Schemas that are foreign: what does not fit is told with its place, and no schema holds anything up."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_tui.json_schema import BadSchema, Schema, bounds, keywords, patterns, schema
from lead_tui.threads import in_thread

LATEST = "https://json-schema.org/draft/2020-12/schema"
OLD = "http://json-schema.org/draft-07/schema#"
DIALECTS = (
    LATEST, OLD, "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-06/schema#", "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-03/schema#",
)  # fmt: skip


@pytest.fixture
def short(monkeypatch):
    """From when it is called, a check gives up soon."""
    return lambda: monkeypatch.setattr(bounds, "SECONDS", 0.1)


def branching(leaf, depth=40):
    """A small schema that takes two to the power of its depth."""
    names = [f"#/$defs/a{number}" for number in range(depth + 1)]
    defs = {f"a{number}": {"allOf": [{"$ref": names[number + 1]}] * 2} for number in range(depth)}
    return {"$ref": names[0], "$defs": defs | {f"a{depth}": leaf}}


# --- what does not fit --------------------------------------------------------------------------------


def test_faults_have_their_place():
    """The outermost comes first, each with its JSON path."""
    made = Schema(
        {
            "type": "object",
            "required": ["b"],
            "properties": {"a": {"items": {"type": "integer"}}, "b": {}},
            "additionalProperties": False,
        }
    )
    assert made.faults({"a": [1, "x"], "c": 0}) == [
        "$: 'b' is a required property",
        "$: Additional properties are not allowed ('c' was unexpected)",
        "$.a[1]: 'x' is not of type 'integer'",
    ]
    assert made.faults({"b": None}) == []
    assert [(str(each), each.of_keys) for each in made.misfits({"a": ["x"], "b": 1})] == [
        ("a.0: 'x' is not of type 'integer'", False)
    ]


def test_faults_are_few_and_short():
    """However wrong a value is, what is told of it stays readable."""
    found = Schema({"additionalProperties": {"type": "string"}}).faults(
        {str(n): [0] * 1000 for n in range(99)}
    )
    assert len(found) == schema.MOST_FAULTS
    assert max(map(len, found)) < schema.MOST_TEXT + 20
    (many,) = Schema({"additionalProperties": False}).faults({str(n): 0 for n in range(99)})
    assert "and 91 more were unexpected" in many


@pytest.mark.parametrize("dialect", DIALECTS[:5])
@pytest.mark.parametrize(
    ("spec", "fits", "does_not"),
    [
        ({"pattern": "^a+$"}, ["aa", 5], ["ab"]),
        ({"patternProperties": {"^x": {"type": "string"}}}, [{"x": "", "y": 1}, []], [{"x": 1}]),
        (
            {"patternProperties": {"^x": {}}, "properties": {"y": {}}, "additionalProperties": False},
            [{"x": 1, "y": 1}, 5],
            [{"z": 1}],
        ),
        ({"additionalProperties": {"type": "string"}}, [{"a": ""}], [{"a": 1}]),
        (
            {"uniqueItems": True},
            [[1, True, 0, False, "1", [1], [True], {"a": 1}], 5, []],
            [[1, 1.0], [{"a": [1]}, {"a": [1.0]}], [True, True]],
        ),
        ({"uniqueItems": False}, [[1, 1]], []),
    ],
)
def test_our_keywords_are_those_of_the_dialects(dialect, spec, fits, does_not):
    """What is written anew here means what it means everywhere."""
    made = Schema({"$schema": dialect, **spec})
    assert [made.faults(each) for each in fits] == [[]] * len(fits)
    assert all(made.faults(each) for each in does_not)


def test_unevaluated_properties_are_checked():
    """Where no pattern is in the way, jsonschema's own keyword is used."""
    made = Schema({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False})
    assert made.faults({"a": 1}) == made.faults(5) == []
    assert "('b' was unexpected)" in made.faults({"b": 1})[0]
    mixed = Schema({"patternProperties": {"^a": {}}, "unevaluatedProperties": False})
    assert mixed.faults({"b": 1}) == []
    assert mixed.unchecked == ["unevaluatedProperties is not checked beside patternProperties"]


# --- what is no schema --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"type": 7}, r"no JSON Schema: \$\.type: 7"),
        ({"properties": {"a": {"minimum": "x"}}}, r"\$\.properties\.a\.minimum: 'x' is not of type"),
        ({"$ref": "http://elsewhere.invalid/a"}, "http://elsewhere.invalid/a' leads to nothing in it"),
        ({"$ref": "file:///etc/passwd"}, "nothing is fetched"),
        ({"properties": {"a": {"$ref": "#/definitions/n"}}}, "'#/definitions/n' leads to nothing"),
        ({"$ref": "#/x", "x": 5}, "leads to what is no schema"),
        ({"$ref": "#/x", "x": {"type": 7}}, "no JSON Schema"),
        ({"$ref": "#no-such-anchor"}, "leads to nothing"),
        ({"$id": "http://[", "$ref": "#/a"}, "Invalid IPv6"),
        ({"$schema": ["x"]}, "no JSON Schema"),
        ({"$schema": "http://[", "type": 7}, "no JSON Schema"),
        ({"$schema": DIALECTS[4], "$ref": 5}, r"its \$ref is no text"),
    ],
)
def test_what_is_no_schema_is_refused(spec, complaint):
    """It says what is wrong and where, when it is made, and nothing is fetched."""
    with pytest.raises(BadSchema, match=complaint):
        Schema(spec)


def test_references_lead_within_and_to_the_published_ones():
    """By pointer, by anchor, by `$id`, in old shelves, and to a meta-schema without the net."""
    spec = {
        "$id": "http://here.invalid/root",
        "properties": {
            "a": {"$ref": "#/definitions/n"}, "b": {"$ref": "#n"}, "c": {"$ref": "other"},
            "d": {"$ref": LATEST},
        },
        "definitions": {"n": {"$anchor": "n", "type": "integer"}, "o": {"$id": "other", "type": "null"}},
    }  # fmt: skip
    made = Schema(spec)
    assert made.faults({"a": 1, "b": 1, "c": None, "d": {"type": "string"}}) == []
    assert len(made.faults({"a": "", "b": "", "c": 1, "d": {"type": "nonsense"}})) == 4


# --- what would hold us up ----------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "(.*a){25}b", "^((a{1,99}){1,9}){1,9}$"])
def test_patterns_cannot_run_away(pattern):
    """Each of these takes longer than anybody lives, with backtracking."""
    text = "a" * 400 + "!"
    assert Schema({"pattern": pattern}).faults(text)
    made = Schema({"patternProperties": {pattern: {}}, "additionalProperties": False})
    assert "was unexpected" in made.faults({text: 1})[0]
    assert Schema({"propertyNames": {"pattern": pattern}}).faults({text: 1})
    inner = {"$schema": OLD, "pattern": pattern}
    assert Schema({"properties": {"q": inner}}).faults({"q": text}), "another dialect inside is bounded, too"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^(?!x)a", "look-around"),
        (r"(a)\1", "backreferences"),
        ("((a{999}){999}){999}", "size limit"),
        ("[", "unclosed character class"),
        ("x" * 1001, "more than 1000 characters"),
    ],
)
def test_patterns_that_cannot_be_checked(pattern, why):
    """They take everything, say so, and the rest of the schema is checked as ever."""
    made = Schema({"properties": {"a": {"pattern": pattern}, "b": {"type": "string"}}})
    assert made.faults({"b": 5}) == ["$.b: 5 is not of type 'string'"]
    assert made.faults({"a": "zzz", "b": ""}) == []
    assert "is not checked" in made.unchecked[0]
    assert why in made.unchecked[0]
    keys = Schema({"patternProperties": {pattern: {"type": "null"}}, "additionalProperties": False})
    assert keys.faults({"zzz": 5}) == [], "it may match any key, or none"


def test_long_texts_are_not_matched():
    """The time is the product of pattern and text: beyond a bound the check is given up, and says so."""
    made = Schema({"pattern": "a"})
    assert "10000 characters is not held against a pattern" in made.faults("b" * (patterns.MOST_TEXT + 1))[0]
    assert Schema({"pattern": "(?=a)"}).faults("b" * (patterns.MOST_TEXT + 1)) == []


def test_ten_thousand_choices():
    """A large enumeration is checked, and what is told of it is short."""
    made = Schema({"properties": {"q": {"enum": [f"value {n}" for n in range(10_000)]}}})
    assert made.faults({"q": "value 9999"}) == []
    (fault,) = made.faults({"q": "x"})
    assert len(fault) < schema.MOST_TEXT + 20


def test_many_items_that_cannot_be_sorted():
    """Uniqueness is not found by comparing each with each."""
    assert Schema({"uniqueItems": True}).faults([{"a": number} for number in range(20_000)]) == []


def test_many_keys_that_nothing_evaluates():
    """What takes the square of the keys is given up from a number on."""
    made = Schema({"unevaluatedProperties": False})
    assert "not checked for more than 2000" in made.faults(dict.fromkeys(map(str, range(2001))))[0]
    assert keywords.MOST_KEYS == 2000


@pytest.mark.parametrize("leaf", [{"type": "object"}, {}])
@pytest.mark.parametrize("more", [{}, {"unevaluatedProperties": False}])
def test_branches_without_end(leaf, more, short):
    """A schema that takes two to the power of forty steps is given up, whatever is at its end."""
    made = Schema({**branching(leaf), **more})
    short()
    (fault,) = made.faults({"x": 1})
    assert "cannot be checked against its schema: that takes more than 0.1 s" in fault


def test_schema_too_large_to_be_made(short):
    """Reading it is bounded, too."""
    short()
    with pytest.raises(BadSchema, match=r"takes more than 0\.1 s"):
        Schema({"properties": {str(number): {"type": "string"} for number in range(20_000)}})


def nested(depth, key="a"):
    found = 1
    for _ in range(depth):
        found = {key: found}
    return found


def test_depth_is_told():
    """Neither a deep schema, nor a deep value, nor a reference to itself brings the process down."""
    deep = {}
    for _ in range(500):
        deep = {"properties": {"a": deep}}
    with pytest.raises(BadSchema, match="nested too deeply"):
        Schema(deep)
    recursive = Schema({"type": ["object", "integer"], "properties": {"a": {"$ref": "#"}}})
    assert recursive.faults(nested(30)) == []
    assert "nested too deeply" in recursive.faults(nested(900))[0]
    for spec in ({"$ref": "#"}, {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}):
        assert "nested too deeply" in Schema(spec).faults(1)[0]
    assert "nested too deeply" in Schema({"const": nested(900)}).faults(nested(900))[0]


def test_numbers_that_cannot_be_divided():
    """What the arithmetic of the library cannot do is a fault, not a crash."""
    assert "OverflowError" in Schema({"multipleOf": 0.5}).faults(10**400)[0]
    old = Schema({"$schema": DIALECTS[-1], "type": "nonsense"})
    assert "UnknownType" in old.faults(1)[0]


async def test_the_loop_goes_on_meanwhile(short):
    """A check in a thread leaves the loop to others until it gives up."""
    made, others = Schema(branching({})), 0
    short()
    check = asyncio.ensure_future(in_thread(lambda: made.faults({"x": 1})))
    while not check.done():
        await asyncio.sleep(0)
        others += 1
    assert "takes more than" in check.result()[0]
    assert others > 1


_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3),
    st.sampled_from(["#", "#/a", "#/$defs/a", "http://x", "^(a|a)*$", "string", "object"]),
)  # fmt: skip
_KEYS = st.sampled_from(
    (
        "type", "properties", "items", "$ref", "$defs", "a", "pattern", "patternProperties",
        "additionalProperties", "anyOf", "allOf", "not", "if", "then", "enum", "const", "required",
        "unevaluatedProperties", "unevaluatedItems", "$id", "$schema", "$anchor", "$dynamicRef",
        "$dynamicAnchor", "dependentSchemas", "dependencies", "multipleOf", "uniqueItems", "contains",
        "prefixItems", "propertyNames", "$recursiveRef", "extends", "disallow", "format",
    )
)  # fmt: skip
_PLAIN = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=10,
)


@given(st.dictionaries(_KEYS, _PLAIN, max_size=4), _PLAIN, st.sampled_from(("", *DIALECTS)))
@settings(max_examples=300)
def test_whatever_a_schema_is(spec, value, dialect):
    """It is refused, or it is asked and answers with sentences: nothing else ever comes of it."""
    try:
        made = Schema({**spec, "$schema": dialect} if dialect else spec)
    except BadSchema as error:
        assert str(error)
    else:
        assert all(isinstance(each, str) for each in (*made.faults(value), *made.unchecked))
