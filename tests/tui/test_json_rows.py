"""The rows of a value as a tree: laws of opening and closing, laziness, what each row says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.templating.environment import evaluate
from lead_tui.tui.values.rows import MOST_OPENED, PAGE, JsonRows, Row, indent, text_of_row
from lead_tui.tui.values.search import Keys, find
from lead_tui.tui.values.words import summary

KEYS = st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


def shown(rows: JsonRows) -> list[tuple[int, str, str]]:
    return [(row.depth, row.label, text_of_row(row, 40)[0]) for row in rows.rows]


def at(rows: JsonRows, label: str) -> int:
    return next(index for index, row in enumerate(rows.rows) if row.label == label)


def value_at(value: Any, keys: tuple[str | int, ...]) -> Any:
    for key in keys:
        value = value[key]
    return value


@given(VALUES)
def test_each_row_shows_the_value_at_its_keys(value: Any) -> None:
    """With everything open, every row's keys lead to the row's value."""
    rows = JsonRows(value)
    rows.open_all(0)
    for row in rows.rows:
        assert value_at(value, row.keys) is row.value or value_at(value, row.keys) == row.value


@given(VALUES, st.lists(st.integers(0, 30), max_size=8))
def test_opening_and_closing_comes_back_to_the_same_rows(value: Any, steps: list[int]) -> None:
    """Whatever is opened, closing a row hides exactly what lies below it, and opening it brings that back."""
    rows = JsonRows(value)
    for step in steps:
        rows.open(step % len(rows.rows))
    before = list(rows.rows)
    for index in [index for index, row in enumerate(rows.rows) if row.open]:
        rows.close(index)
        end = next((n for n in range(index + 1, len(before)) if before[n].depth <= before[index].depth), None)
        assert rows.rows == before[: index + 1] + (before[end:] if end is not None else [])
        rows.open(index)
        assert rows.rows == before


@given(VALUES)
def test_paths_are_what_a_template_takes(value: Any) -> None:
    """The path of any row, evaluated as an expression, gives the row's value."""
    rows = JsonRows(value, root=("tasks", "a", "result"))
    rows.open_all(0)
    scope = {"tasks": {"a": {"result": value}}}
    for index in range(min(len(rows.rows), 10)):
        assert evaluate(rows.path(index), scope) == rows.rows[index].value


def test_a_path_names_keys_as_people_write_them() -> None:
    """Names stand behind points, numbers and odd names in brackets; without a root there may be none."""
    rows = JsonRows({"days": [{"wind-max": 3}]}, root=("tasks", "fetch", "result"))
    rows.open_all(0)
    assert rows.path(len(rows.rows) - 1) == "tasks.fetch.result.days[0]['wind-max']"
    assert JsonRows(1).path(0) == ""


def test_the_root_is_open_and_its_branches_are_closed() -> None:
    """A reader sees the first level: values, and how much each branch holds."""
    value = {"city": "Oslo", "n": 3, "ok": True, "none": None, "days": [1, 2], "e": [], "f": {}, "w": 2.5}
    assert shown(JsonRows(value)) == [
        (0, "", "{8 keys}"),
        (1, "city", "Oslo"),
        (1, "n", "3"),
        (1, "ok", "true"),
        (1, "none", "null"),
        (1, "days", "[2 items]  1, 2"),
        (1, "e", "[]"),
        (1, "f", "{}"),
        (1, "w", "2.5"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", '""'), ("42", '"42"'), ("true", '"true"'), (" x", '" x"'), ("plain", "plain"), ("a\x1b", "a␛")],
)
def test_texts_are_quoted_where_they_could_be_taken_for_something_else(text: str, said: str) -> None:
    """A text that reads like a number, a truth or nothing has quotes, and no text acts."""
    assert text_of_row(JsonRows(text).rows[0], 40)[0] == said


def test_a_value_that_is_no_json_is_shown_all_the_same() -> None:
    """Anything else is shown as its text."""
    assert text_of_row(Row(None, "", {1}, "value"), 40) == ("{1}", "text")


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    """In one line, with the number of characters that are not shown."""
    rows = JsonRows({"t": "x" * 500})
    text = text_of_row(rows.rows[1], 60)[0]
    assert len(text) <= 60
    assert text.endswith("characters)")
    assert text.startswith("xxx")


def test_a_text_of_many_lines_opens_into_them() -> None:
    """Closed it shows its first line and their number, open each line, wrapped, with the keys of the text."""
    rows = JsonRows({"t": "first\nsecond\n" + "word " * 20}, width=40)
    assert text_of_row(rows.rows[1], 60)[0] == "first … 3 lines"
    rows.open(1)
    lines = [row for row in rows.rows if row.kind == "line"]
    assert [row.value for row in lines][:2] == ["first", "second"]
    assert len(lines) > 4
    assert all(row.keys == ("t",) for row in lines)
    assert text_of_row(rows.rows[1], 60)[0] == "3 lines"


def test_lines_are_broken_again_for_another_width() -> None:
    """A wider screen needs fewer lines; what is open stays open."""
    rows = JsonRows({"t": "word " * 40, "l": [1]}, width=40)
    rows.open(1)
    before = len(rows.rows)
    rows.open(at(rows, "l"))
    rows.rewrap(100)
    assert len(rows.rows) - 1 < before
    assert rows.rows[1].open
    assert rows.rows[at(rows, "l")].open
    rows.rewrap(100)
    rows.close(1)
    rows.rewrap(50)
    assert not any(row.kind == "line" for row in rows.rows)


def test_a_long_list_is_shown_page_by_page() -> None:
    """Only the first page has rows; the last row tells how many there are and opens the next page."""
    rows = JsonRows(list(range(100_000)))
    assert len(rows.rows) == PAGE + 2
    assert text_of_row(rows.rows[-1], 40)[0] == "… 99,800 more"
    rows.open(len(rows.rows) - 1)
    assert len(rows.rows) == 2 * PAGE + 2
    assert rows.rows[PAGE + 1].value == PAGE
    rows.close(0)
    rows.open(0)
    assert len(rows.rows) == 2 * PAGE + 2


@pytest.mark.parametrize("count", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_a_long_text_is_opened_page_by_page(count: int) -> None:
    """Its lines are made as they are wanted, so nobody knows how many are left; all come in the end."""
    rows = JsonRows({"t": "\n".join(map(str, range(count)))})
    rows.open(1)
    while rows.rows[-1].kind == "more":
        assert text_of_row(rows.rows[-1], 40)[0] == "… more lines"
        before = len(rows.rows)
        rows.open(before - 1)
        assert len(rows.rows) > before or rows.rows[-1].kind == "line"
    assert [row.value for row in rows.rows if row.kind == "line"] == [str(line) for line in range(count)]


@pytest.mark.parametrize("count", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_pages_end_with_the_list(count: int) -> None:
    """There is a way to more exactly as long as there is more."""
    rows = JsonRows(["x"] * count)
    while rows.rows[-1].kind == "more":
        rows.open(len(rows.rows) - 1)
    assert len(rows.rows) == count + 1


def test_depth_costs_nothing() -> None:
    """A value nested a thousand levels deep opens, searches and is set in only so far."""
    value: Any = "bottom"
    for _ in range(1_000):
        value = {"down": value}
    rows = JsonRows(value)
    assert rows.open_all(0)
    assert len(rows.rows) == 1_001
    assert rows.rows[-1].depth == 1_000
    assert find(value, "bottom") == ([("down",) * 1_000], True)
    assert rows.reveal(("down",) * 1_000) == 1_000
    assert indent(1_000, 80) <= 40


def test_opening_everything_stops_at_a_bound() -> None:
    """It opens the upper levels first, and says that there is more."""
    rows = JsonRows(
        {"big": [[1, 2, 3] for _ in range(1_000)], "more": [list(range(150)) for _ in range(150)]}
    )
    assert not rows.open_all(0)
    assert MOST_OPENED / 2 < len(rows.rows) < 2 * MOST_OPENED
    assert rows.rows[at(rows, "more")].open
    assert JsonRows(3).open_all(0)


def test_a_value_is_revealed_wherever_it_lies() -> None:
    """What hides it is opened, pages too."""
    rows = JsonRows({"days": [{"wind": number} for number in range(1_000)]})
    index = rows.reveal(("days", 950, "wind"))
    assert rows.rows[index].value == 950
    assert rows.parent_of(index) == index - 1
    assert rows.parent_of(0) == 0
    with pytest.raises(KeyError):
        rows.reveal(("days", 5_000))


@given(VALUES, st.sampled_from(["a", "1", "true", "null", "E"]))
def test_searching_finds_every_scalar_and_key(value: Any, needle: str) -> None:
    """What is found are exactly the keys and values that hold the text, and each can be revealed."""
    rows = JsonRows(value)
    places, complete = find(value, needle)
    assert complete
    assert places == list(holding(value, needle.casefold(), (), ""))
    for keys in places:
        assert rows.rows[rows.reveal(keys)].keys == keys


def holding(value: Any, needle: str, keys: Keys, key: str | int) -> Iterator[Keys]:
    """The plain way to search."""
    said = "" if isinstance(value, dict | list) else value if isinstance(value, str) else json.dumps(value)
    if needle in said.casefold() or (isinstance(key, str) and needle in key.casefold()):
        yield keys
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for each, below in items:
        yield from holding(below, needle, (*keys, each), each)


def test_searching_is_bounded_and_ignores_case() -> None:
    """It gives up at a limit and says so; nothing is found by nothing."""
    assert find(["Wind", {"WINDY": 1}, "calm"], "wind") == ([(0,), (1, "WINDY")], True)
    assert find(["x"] * 10, "x", limit=3) == ([(0,), (1,), (2,)], False)
    assert find(["x"], "") == ([], True)
    assert find({"a": 42}, "42") == ([("a",)], True)


def test_a_summary_shows_as_many_as_there_is_room_for() -> None:
    """Keys of a map, scalars of a list, and that there are more."""
    assert summary({"a": 1}) == "{1 key}  a"
    assert summary({f"k{n}": n for n in range(20)}, 24) == "{20 keys}  k0, k1, k2…"
    assert summary([{"a": 1}, {"b": 1}]) == "[2 items]"
    assert summary(["x"], 0) == "[1 item]"
