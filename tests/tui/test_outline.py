"""The order of the tasks in a table, and the guides before their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core.plan import Need, Plan, PlannedTask
from lead_tui.tui.tasks.outline import DEEPEST, ascii_guides, outline


def plan_of(*lines: str, cleanup: tuple[str, ...] = ()) -> Plan:
    """Lines like `merge: a b`."""
    return Plan("flow", tuple(task(line, cleanup=False) for line in lines) + tuple(
        task(line, cleanup=True) for line in cleanup
    ))  # fmt: skip


def task(line: str, *, cleanup: bool) -> PlannedTask:
    name, _, needs = line.partition(":")
    return PlannedTask(name, "agent", needs=tuple(map(Need, needs.split())), cleanup=cleanup)


def drawn(plan: Plan) -> list[str]:
    return [f"{row.guides}{row.task} {row.badge}".rstrip() for row in outline(plan)]


def test_a_fan_out_lies_under_its_source_and_its_join_comes_last() -> None:
    """Three branches and what joins them hang on the task that they come from."""
    assert drawn(plan_of("plan", "merge: a b c", "a: plan", "b: plan", "c: plan")) == [
        "plan",
        "├ a",
        "├ b",
        "├ c",
        "└ merge needs 3",
    ]


def test_a_chain_stays_flat() -> None:
    """Only children are not indented, at the top or under a branch."""
    assert drawn(plan_of("a", "b: a", "c: b", "d: c", "e: c", "f: e")) == ["a", "b", "c", "├ d", "├ e", "└ f"]


def test_nested_fan_outs_draw_the_lines_that_go_on() -> None:
    """A vertical guide runs past a nested group only if its own group goes on below."""
    assert drawn(plan_of("a", "b: a", "c: b", "d: b", "e: a", "f: e", "g: e")) == [
        "a",
        "├ b",
        "│ ├ c",
        "│ └ d",
        "└ e",
        "  ├ f",
        "  └ g",
    ]


def test_what_joins_several_branches_stands_under_their_common_source() -> None:
    """A join of a nested and an outer branch belongs to neither of them."""
    assert drawn(plan_of("a", "b: a", "c: b", "d: b", "e: a", "join: d e")) == [
        "a",
        "├ b",
        "│ ├ c",
        "│ └ d",
        "├ e",
        "└ join needs 2",
    ]


def test_a_join_of_two_roots_is_no_ones_child() -> None:
    """Tasks without a common source stand at the margin, in the file's order."""
    assert drawn(plan_of("join: a b", "b", "a")) == ["b", "a", "join needs 2"]


def test_file_order_breaks_ties() -> None:
    """Of two tasks that could come next, the first of the file does."""
    assert drawn(plan_of("z", "y", "x: z")) == ["z", "x", "y"]


def test_finally_tasks_come_last_as_a_group_of_their_own() -> None:
    """They are marked, and ordered among themselves."""
    plan = plan_of("a", "b: a", cleanup=("report: close", "close", "both: report close"))
    assert drawn(plan) == ["a", "b", "close finally", "├ report finally", "└ both needs 2"]


def test_depth_is_capped() -> None:
    """A fan-out below the deepest level goes on beside its source."""
    lines = ["t0"] + [f"{kind}{level}: t{level - 1}" for level in range(1, 20) for kind in "tu"]
    rows = outline(plan_of(*lines))
    assert max(len(row.guides) for row in rows) == 2 * DEEPEST
    assert_guides_fit(rows)


def test_a_need_outside_of_the_plan_is_left_to_the_checks() -> None:
    """The order is still drawn, and the badge counts what was written."""
    assert drawn(plan_of("a: ghost other")) == ["a needs 2"]


def test_a_cycle_is_refused() -> None:
    """No order exists, and saying so beats losing tasks."""
    with pytest.raises(ValueError, match="wait for each other"):
        outline(plan_of("a: b", "b: a"))


def test_guides_have_an_ascii_form_of_the_same_width() -> None:
    """For terminals without box drawing."""
    assert ascii_guides("│ ├ ") == "| | "
    assert ascii_guides("  └ ") == "  ` "


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    size = draw(st.integers(0, 25))
    order = draw(st.permutations(range(size)))
    tasks = []
    for rank, number in enumerate(order):
        needs = draw(st.lists(st.sampled_from(order[:rank]), max_size=3)) if rank else []
        cleanup = False
        tasks.append(
            (
                number,
                PlannedTask(
                    f"t{number}", "agent", needs=tuple(Need(f"t{n}") for n in needs), cleanup=cleanup
                ),
            )
        )
    return Plan("flow", tuple(task for _, task in sorted(tasks)))


def assert_guides_fit(rows) -> None:
    """Each row's guides continue what the row above has opened, and the last row leaves nothing open."""
    open_levels: list[bool] = []
    for row in rows:
        assert len(row.guides) % 2 == 0
        cells = [row.guides[at : at + 2] for at in range(0, len(row.guides), 2)]
        assert len(cells) <= len(open_levels) + 1
        for cell, is_open in zip(cells[:-1], open_levels, strict=False):
            assert cell == ("│ " if is_open else "  ")
        assert all(cell in ("│ ", "  ") for cell in cells[:-1])
        assert not any(open_levels[len(cells) :]), "a group was left open"
        if cells:
            assert cells[-1] in ("├ ", "└ ")
            assert len(cells) > len(open_levels) or open_levels[len(cells) - 1], (
                "a group went on after its end"
            )
            open_levels = [*open_levels[: len(cells) - 1], cells[-1] == "├ "]
        else:
            open_levels = []
    assert not any(open_levels)


def dominators(plan: Plan) -> dict[str, set[str]]:
    """By the definition: what lies on every path from a root, oneself included."""
    needs = {task.name: [need.task for need in task.needs] for task in plan.tasks}
    found: dict[str, set[str]] = {}

    def of(name: str) -> set[str]:
        if name not in found:
            above = [of(need) for need in needs[name]]
            found[name] = {name} | (set.intersection(*above) if above else set())
        return found[name]

    return {name: of(name) for name in needs}


@given(plans())
def test_every_task_stands_once_below_what_it_needs(plan: Plan) -> None:
    """The rows are a topological order of the whole plan."""
    rows = outline(plan)
    place = {row.task: index for index, row in enumerate(rows)}
    assert sorted(place) == sorted(task.name for task in plan.tasks)
    assert len(rows) == len(plan.tasks)
    for task in plan.tasks:
        assert all(place[need.task] < place[task.name] for need in task.needs)


@given(plans())
def test_guides_are_consistent(plan: Plan) -> None:
    """No line begins or ends in the air."""
    assert_guides_fit(outline(plan))


@given(plans())
def test_all_that_a_task_dominates_follows_it_without_a_gap(plan: Plan) -> None:
    """The rows are the preorder of the dominator tree, checked against the definition of dominance."""
    place = {row.task: index for index, row in enumerate(outline(plan))}
    above = dominators(plan)
    for name in place:
        below = sorted(place[other] for other, over in above.items() if name in over)
        assert below == list(range(place[name], place[name] + len(below)))
