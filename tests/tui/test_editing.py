"""What the editor knows of a text, without a screen: its problems and plan, a difference, a search."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.agents import registry
from lead_tui.tui.editing import check as editing
from lead_tui.tui.editing.check import check, difference, find_all, following, preceding, template

FLOW = """\
name: research
tasks:
  - name: plan
    agent_name: shell
    action: run
    parameters: {command: [echo, hi]}
  - name: write
    agent_name: shell
    action: run
    parameters: {command: [echo, "{{ tasks.plan.result }}"]}
"""
LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d e"]), max_size=12)
TEXTS = st.tuples(LINES, st.booleans()).map(lambda made: "\n".join(made[0]) + "\n" * made[1])


def test_a_valid_text_has_a_plan(tmp_path: Path) -> None:
    """The plan follows from the text alone; no file is needed."""
    checked = check(FLOW, tmp_path / "not-there.yaml")
    assert checked.problems == ()
    assert checked.plan is not None
    assert [(task.name, [need.task for need in task.needs]) for task in checked.plan.tasks] == [
        ("plan", []),
        ("write", ["plan"]),
    ]


def test_errors_come_before_warnings_and_in_the_order_of_the_file(tmp_path: Path) -> None:
    """A literal secret warns in line 4, errors stand further down: the errors are told first."""
    text = FLOW.replace(
        "tasks:\n",
        "agents:\n  - {name: api, type: http_api, authentication: {type: bearer, token: abc},"
        " endpoint: 'https://x.test'}\ntasks:\n",
        1,
    )
    text = text.replace("agent_name: shell", "agent_name: shel")
    checked = check(text, tmp_path / "flow.yaml")
    assert checked.plan is None
    severities = [each.severity for each in checked.problems]
    assert severities == sorted(severities)
    assert (checked.errors, checked.warnings) == (2, len(severities) - 2)
    assert checked.warnings > 0
    assert checked.problems[0].line == 6
    assert checked.problems[1].line == 10


def test_a_variable_that_is_not_set_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow may run elsewhere: it has a plan and no errors."""
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    checked = check(FLOW.replace("[echo, hi]", '[echo, "${NOT_SET_HERE}"]'), tmp_path / "flow.yaml")
    assert [(each.code, each.severity) for each in checked.problems] == [("missing-variable", "warning")]
    assert checked.errors == 0
    assert checked.plan is not None


def test_a_variable_whose_value_matters_leaves_no_plan(tmp_path: Path) -> None:
    """Nothing is made up for a number that nobody knows."""
    checked = check(FLOW + "max_parallel: ${NOT_SET_HERE}\n", tmp_path / "flow.yaml")
    assert [each.code for each in checked.problems] == ["missing-variable"]
    assert checked.plan is None


def test_variables_come_from_the_env_file_beside_the_flow(tmp_path: Path) -> None:
    """As `leadtui validate` reads them."""
    (tmp_path / ".env").write_text("BESIDE=1\n")
    assert check(FLOW.replace("hi]", '"${BESIDE}"]'), tmp_path / "flow.yaml").problems == ()


def test_an_env_file_that_cannot_be_read_is_a_problem_without_a_place(tmp_path: Path) -> None:
    """It is told, not raised."""
    (tmp_path / ".env").write_bytes(b"A=\xff\n")
    checked = check(FLOW, tmp_path / "flow.yaml")
    assert [(each.code, each.line) for each in checked.problems] == [("unreadable", None)]


@pytest.mark.parametrize("text", ["", "a: [", "- 1\n", "a: \x1b[31m\n", "\ud800", "{{", "a: &a [*a]\n"])
def test_no_text_is_too_strange(tmp_path: Path, text: str) -> None:
    """Whatever somebody types has an answer with an error."""
    checked = check(text, tmp_path / "flow.yaml")
    assert checked.errors
    assert checked.plan is None


def test_an_agent_type_that_breaks_does_not_break_the_editor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Foreign code judges a part of the text: its exception becomes a problem."""

    class Broken(registry.agent_class("mock")):  # type: ignore[misc]
        config_model = property(lambda self: None)

    monkeypatch.setitem(registry._registered, "broken", Broken)
    text = FLOW.replace("tasks:\n", "agents: [{name: b, type: broken}]\ntasks:\n", 1)
    checked = check(text, tmp_path / "flow.yaml")
    assert checked.problems[0].code == "unreadable"
    assert "cannot be checked" in checked.problems[0].message


@pytest.mark.parametrize(
    "name", ["flow.yaml", "my report.yaml", "7days.yaml", "été.yaml", ".yaml", "a{b}.yml"]
)
def test_the_template_is_a_valid_flow(tmp_path: Path, name: str) -> None:
    """Whatever the new file is called."""
    path = tmp_path / name
    checked = check(template(path), path)
    assert checked.problems == ()
    assert checked.plan is not None


# --- a difference


@given(TEXTS, TEXTS)
def test_a_difference_tells_exactly_what_changed(before: str, after: str) -> None:
    """Without the added lines it reads as the old text does there, without the removed ones as the new."""
    lines = difference(before, after)
    assert (not lines) == (before == after)
    old = [line.text for line in lines if line.kind in ("same", "removed")]
    new = [line.text for line in lines if line.kind in ("same", "added")]
    assert _is_part_of(old, editing._lines(before))
    assert _is_part_of(new, editing._lines(after))
    grown = sum(line.kind == "added" for line in lines) - sum(line.kind == "removed" for line in lines)
    assert grown == len(editing._lines(after)) - len(editing._lines(before))


def _is_part_of(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(line in rest for line in part)


def test_a_difference_shows_three_lines_around_and_where_it_is() -> None:
    """One changed line in the middle of many."""
    before = [f"line {number}" for number in range(1, 101)]
    after = [*before[:49], "other", *before[50:]]
    lines = difference("\n".join(before) + "\n", "\n".join(after) + "\n")
    assert [(line.kind, line.text) for line in lines] == [
        ("place", "line 47"),
        *(("same", f"line {number}") for number in (47, 48, 49)),
        ("removed", "line 50"),
        ("added", "other"),
        *(("same", f"line {number}") for number in (51, 52, 53)),
    ]


def test_a_difference_in_the_last_newline_is_told() -> None:
    """It can be seen that the end of the file lacks one."""
    assert [(line.kind, line.text) for line in difference("a\n", "a")][1:] == [
        ("removed", "a"),
        ("added", "a  (no newline at the end)"),
    ]


def test_long_texts_that_share_nothing_are_not_compared() -> None:
    """All old lines, then all new ones, at once; what stayed at the ends is left out."""
    before = "head\n" + "".join(f"old {number}\n" for number in range(5_000)) + "tail\n"
    after = "head\n" + "".join(f"new {number}\n" for number in range(4_500)) + "tail\n"
    lines = difference(before, after)
    assert lines[0].text == "line 2"
    kinds = [line.kind for line in lines[1:]]
    assert kinds == ["removed"] * 5_000 + ["added"] * 4_500


# --- a search


def test_a_search_heeds_case_only_if_asked() -> None:
    """Capitals make it exact; signs of regular expressions are plain text."""
    lines = ["Name: a.b", "name: axb", ""]
    assert find_all(lines, "name") == [(0, 0), (1, 0)]
    assert find_all(lines, "Name") == [(0, 0)]
    assert find_all(lines, "a.b") == [(0, 6)]
    assert find_all(lines, "") == []


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, unique=True), st.data())
def test_next_and_previous_go_round(places: list[tuple[int, int]], data: st.DataObject) -> None:
    """From any place, all are visited once before the first comes again, in both directions."""
    places.sort()
    start = data.draw(st.sampled_from(places))
    for step in (following, preceding):
        here, seen = start, []
        for _ in places:
            here = places[step(places, here)]
            seen.append(here)
        assert sorted(seen) == places
        assert here == start


def test_next_and_previous_from_between() -> None:
    """The nearest in each direction."""
    places = [(0, 2), (3, 0)]
    assert following(places, (0, 3)) == 1
    assert preceding(places, (0, 3)) == 0
    assert following(places, (9, 0)) == 0
    assert preceding(places, (0, 0)) == 1
