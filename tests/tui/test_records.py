"""Lists of records as tables: which lists are, their columns, their order, their cells."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.tui.values.records import (
    GAP,
    WIDEST,
    Column,
    Records,
    cell_text,
    first_shown,
    fitting,
    records_of,
)

CELLS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.lists(st.integers())
)


def table(*items: dict[str, Any]) -> Records:
    records = records_of(list(items))
    assert records is not None
    return records


@pytest.mark.parametrize(
    ("value", "is_table"),
    [
        ([{"a": 1}], True),
        ([{"a": 1, "b": 2}, {"a": 3}], True),
        ([], False),
        ([{}], False),
        ([1, 2], False),
        ([{"a": 1}, 2], False),
        ({"a": 1}, False),
        ([{"a": 1}, {"b": 1}, {"c": 1}], False),
        ("text", False),
    ],
)
def test_a_table_is_a_list_of_maps_with_mostly_the_same_keys(value: Any, *, is_table: bool) -> None:
    """Anything else is not shown as one."""
    assert (records_of(value) is not None) is is_table


def test_columns_have_the_type_and_the_width_of_what_they_hold() -> None:
    """Numbers end on the right; a column is as wide as its name or its cells, up to a bound."""
    records = table(
        {"n": 1, "text": "x" * 99, "b": True, "mix": 1}, {"n": None, "text": "", "b": False, "mix": "a"}
    )
    kinds = {column.name: column.kind for column in records.columns}
    assert kinds == {"n": "number", "text": "text", "b": "truth", "mix": "mixed"}
    assert [column.right for column in records.columns] == [True, False, False, False]
    assert records.columns[1].width == WIDEST


def test_cells_say_what_is_missing_and_what_is_nested() -> None:
    """An absent key is empty, null says so, branches are counted, and nothing acts."""
    records = table({"a": 1, "b": None}, {"a": {"x": 1}, "b": [1, 2]}, {"a": "\x1b[31m"})
    a, b = records.columns
    assert records.cell(0, b) == ("null", "muted")
    assert records.cell(1, a)[0].startswith("{1 key}")
    assert records.cell(1, b)[0].startswith("[2 items]")
    assert records.cell(2, b) == ("", "faint")
    assert records.cell(2, a)[0] == "␛[31m"
    assert [cell_text(each) for each in ({}, [], 2.5, True)] == ["{}", "[]", "2.5", "true"]
    assert cell_text("x" * 1_000, 10) == "x" * 40


@given(st.lists(st.fixed_dictionaries({"v": CELLS, "id": st.integers()}), min_size=1))
def test_sorting_keeps_every_record_and_can_be_undone(items: list[dict[str, Any]]) -> None:
    """Each order is one of all records, down is up reversed for different cells, the third time undoes it."""
    records = table(*items)
    everything = list(range(len(items)))
    for _ in range(2):
        records.sort("v")
        assert sorted(records.order) == everything
        cells = [items[at]["v"] for at in records.order]
        missing = [cell is None for cell in cells]
        assert missing == sorted(missing)
    records.sort("v")
    assert records.order == everything
    assert records.sorted_by == ""


def test_numbers_sort_as_numbers_and_texts_whatever_their_case() -> None:
    """2 comes before 10, `a` before `B`, and one column after another may be chosen."""
    records = table({"n": 10, "t": "B"}, {"n": 2, "t": "a"}, {"n": None, "t": "c"})
    records.sort("n")
    assert records.order == [1, 0, 2]
    records.sort("n")
    assert records.order == [0, 1, 2]
    records.sort("t")
    assert (records.order, records.descending) == ([1, 0, 2], False)


def test_finding_gives_the_records_in_their_order() -> None:
    """The numbers of the records that hold the text, as they stand."""
    records = table({"n": 1, "t": "Calm"}, {"n": 2, "t": "windy"}, {"n": 3, "t": "calm"})
    assert records.find("CALM") == [0, 2]
    records.sort("n")
    records.sort("n")
    assert records.find("calm") == [2, 0]
    assert records.find("") == []
    assert len(records) == 3


@given(
    st.lists(st.integers(1, WIDEST), min_size=1, max_size=12),
    st.integers(0, 11),
    st.integers(0, 11),
    st.integers(0, 90),
)
def test_the_wanted_column_is_seen_whole_if_it_can_be(
    widths: list[int], first: int, wanted: int, width: int
) -> None:
    """Columns that are seen fit side by side, and scrolling brings the wanted one to the screen."""
    columns = [Column(str(number), "text", each) for number, each in enumerate(widths)]
    first, wanted = first % len(columns), wanted % len(columns)
    seen = fitting(columns, first_shown(columns, first, wanted, width), width)
    assert sum(taken for _, taken in seen) + GAP * (len(seen) - 1) <= max(width, 0)
    if columns[wanted].width <= width:
        assert (wanted, columns[wanted].width) in seen
