"""Answers to forms, checked before they are accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.flow.forms import MAX_TEXT, read_text, validate_values


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", " 1 ", " 1 "),
        ("integer", " -3 ", -3),
        ("number", "1e3", 1000.0),
        ("boolean", "Yes", True),
        ("boolean", "off", False),
        ("list", '[1, "a"]', [1, "a"]),
        ("object", '{"a": 1}', {"a": 1}),
    ],
)  # fmt: skip
def test_text_is_read_as_the_type(kind, text, value):
    """What a command line can say."""
    assert read_text(kind, text) == value
    assert validate_values({"x": {"type": kind}}, {"x": text}) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("integer", "1.5", "x: '1.5' is not a whole number"),
        ("integer", "1_000", "x: '1_000' is not a whole number"),
        ("number", "1_000", "x: '1_000' is not a number"),
        ("integer", True, "x: True is not a whole number"),
        ("integer", 1.5, "x: 1.5 is not a whole number"),
        ("number", "nan", "x: 'nan' is not a number"),
        ("number", float("inf"), "x: inf is not a number"),
        ("boolean", "maybe", "x: 'maybe' is not true or false"),
        ("boolean", 1, "x: 1 is not true or false"),
        ("list", "[1", "x: '[1' is not a list"),
        ("list", "a, b", "x: 'a, b' is not a list"),
        ("list", "{}", "x: '{}' is not a list"),
        ("list", {}, "x: {} is not a list"),
        ("object", "[]", "x: '[]' is not a map"),
        ("object", "[" * 100_000, "x: '" + "[" * 80 + "' is not a map"),
        ("string", 5, "x: 5 is not text"),
        ("string", "x" * (MAX_TEXT + 1), "x: longer than 100,000 characters"),
    ],
)
def test_what_is_not_of_the_type_is_told(kind, value, problem):
    """In words that name the field and the type."""
    assert validate_values({"x": {"type": kind}}, {"x": value}) == [problem]


def test_all_problems_are_told_at_once():
    """Unknown names with the nearest, missing ones, wrong choices, patterns that do not match."""
    form = {
        "city": {"choices": ["Paris", "Rome"]},
        "days": {"type": "integer"},
        "code": {"pattern": "[A-Z]{3}"},
        "long": {"pattern": "x*"},
    }
    values = {"city": "Oslo", "day": 3, "zzz": 1, "code": "ABCD", "long": "x" * 1001}
    assert validate_values(form, values) == [
        "day: the form has no such field; did you mean days?",
        "zzz: the form has no such field",
        "city: choose one of Paris, Rome",
        "days: a value is needed (a whole number)",
        "code: does not match [A-Z]{3}",
        "long: does not match x*",
    ]


def test_defaults_fill_what_is_missing():
    """A default makes a field optional, `required` says it explicitly, null counts as missing."""
    form = {
        "a": {"default": 1, "type": "integer"},
        "b": {"required": False},
        "c": {"default": "x", "required": True},
    }
    assert validate_values(form, {"a": None, "c": "y"}) == {"a": 1, "b": None, "c": "y"}
    assert validate_values(form, {}) == ["c: a value is needed (text)"]


def test_choices_are_compared_after_reading_and_true_is_not_one():
    """`2` typed for an integer is the choice 2."""
    form = {"x": {"type": "integer", "enum": [1, 2]}}
    assert validate_values(form, {"x": "2"}) == {"x": 2}
    assert validate_values({"x": {"type": "boolean", "choices": [1]}}, {"x": True}) == ["x: choose one of 1"]


def test_a_form_without_fields_takes_no_values():
    """As an approval has none."""
    assert validate_values({}, {}) == {}
    assert validate_values({}, {"x": 1}) == ["x: the form has no such field"]


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers() | st.text(max_size=5) | st.none()))
def test_an_accepted_answer_is_complete_and_is_accepted_again(values):
    """Checking twice changes nothing."""
    form = {"a": {"type": "integer", "default": 0}, "b": {"required": False}}
    answer = validate_values(form, values)
    if isinstance(answer, dict):
        assert set(answer) == {"a", "b"}
        assert isinstance(answer["a"], int)
        assert validate_values(form, answer) == answer
    else:
        assert answer
