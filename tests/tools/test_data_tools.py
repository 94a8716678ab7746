"""`json_parse`, `json_stringify` and `calculate_metrics`."""

import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.errors import AgentError, Category
from lead_tui.tools.calculate_metrics import calculate_metrics
from lead_tui.tools.call import call_tool
from lead_tui.tools.context import ToolContext
from lead_tui.tools.json_parse import json_parse
from lead_tui.tools.json_stringify import json_stringify
from lead_tui.tools.registry import find_tool

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)


def refused(function, *values, **named):
    with pytest.raises(AgentError) as caught:
        function(*values, **named)
    assert caught.value.failure.category is Category.TOOL
    return caught.value.failure.message


@given(data=PLAIN, indent=st.integers(0, 8), sort=st.booleans())
def test_there_and_back(data, indent, sort):
    """What was made text is the same data again, whatever the layout."""
    assert json_parse(json_stringify(data, indent, sort)) == data


def test_layout():
    """One line or indented; keys in order if asked; Unicode stays."""
    assert json_stringify({"b": "ü", "a": [1]}) == '{"b": "ü", "a": [1]}'
    assert json_stringify({"b": 1, "a": 2}, 2, True) == '{\n  "a": 2,\n  "b": 1\n}'
    with pytest.raises(ValueError, match="JSON"):
        json_stringify(math.nan)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a": 1,\n "b": }', "at line 2, column 7"),
        ("", "at line 1, column 1"),
        ("1 2", "Extra data"),
        ("[NaN]", "NaN is no JSON"),
        ("[-Infinity]", "-Infinity is no JSON"),
        ("[" * 100_000, "too deeply"),
        ("9" * 5000, "Exceeds the limit"),
    ],
    ids=["key", "nothing", "two", "nan", "infinity", "deep", "long"],
)
def test_what_is_no_json(text, complaint):
    """The mistake and its place."""
    assert complaint in refused(json_parse, text)


def test_a_byte_order_mark_does_not_matter():
    """As Windows writes it."""
    assert json_parse("\ufeff[1]") == [1]


def test_figures():
    """Each figure of known numbers."""
    found = calculate_metrics([4, 1, 3, 2, None])
    assert found == {
        "count": 4, "missing": 1, "sum": 10, "mean": 2.5, "median": 2.5, "min": 1, "max": 4,
        "stdev": pytest.approx(1.2909944),
        "percentiles": pytest.approx({"p50": 2.5, "p90": 3.7, "p95": 3.85, "p99": 3.97}),
    }  # fmt: skip
    assert isinstance(found["sum"], int)


def test_few_numbers():
    """One has no deviation, none has nothing."""
    assert calculate_metrics([7])["stdev"] is None
    assert calculate_metrics([7])["percentiles"]["p99"] == 7
    empty = calculate_metrics([None], percentiles=(50.0,))
    assert (empty["count"], empty["missing"], empty["mean"], empty["percentiles"]) == (0, 1, None, {})


def test_a_field_of_records():
    """Dots lead into records; where the field is absent, the number is missing."""
    records = [{"usage": {"tokens": 5}}, {"usage": {}}, {"usage": None}, {}, {"usage": {"tokens": 7}}]
    found = calculate_metrics(records, "usage.tokens")
    assert (found["count"], found["missing"], found["sum"]) == (2, 3, 12)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ([1, "2"], r"data[1] is str, no number"),
        ([True], r"data[0] is bool, no number"),
        ([{"a": 1}], r"data[0] is a record: name its `field`"),
        ([math.inf], r"data[0] is inf"),
        ([1e308, 1e308, -1.5], "too large"),
        ([10**400, 1], "too large"),
    ],
    ids=["text", "boolean", "record", "infinite", "sum", "digits"],
)
def test_what_cannot_be_calculated(data, complaint):
    """Says which value, and why."""
    assert complaint in refused(calculate_metrics, data)


@given(
    numbers=st.lists(st.floats(-1e6, 1e6) | st.integers(-1000, 1000), min_size=2, max_size=30),
    percent=st.floats(0, 100),
)
def test_laws_of_percentiles(numbers, percent):
    """Between the extremes, which are p0 and p100; p50 is the median; quartiles are those of `statistics`."""
    found = calculate_metrics(numbers, percentiles=(0, 25, 50, 75, 100, percent))
    at = found["percentiles"]
    assert at["p0"] == found["min"] <= at["p50"] <= found["max"] == at["p100"]
    assert at["p50"] == pytest.approx(found["median"])
    quartiles = statistics.quantiles(numbers, n=4, method="inclusive")
    assert [at["p25"], at["p50"], at["p75"]] == pytest.approx(quartiles, abs=1e-6)
    assert all(found["min"] <= each <= found["max"] for each in at.values())


async def test_arguments_are_checked():
    """Percentiles lie between 0 and 100, an indentation between 0 and 8."""
    for name, arguments in (
        ("calculate_metrics", {"data": [1], "percentiles": [101]}),
        ("json_stringify", {"data": 1, "indent": 9}),
    ):
        with pytest.raises(AgentError, match="must be at most"):
            await call_tool(find_tool(name), arguments, ToolContext())
    called = await call_tool(find_tool("json_stringify"), {"data": {"a": 1}}, ToolContext())
    assert json.loads(called) == {"a": 1}
