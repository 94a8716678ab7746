"""The drawing of graphs: what every drawing keeps to, and what some look like."""

from itertools import combinations, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.core.plan import Need, Plan, PlannedTask
from lead_tui.tui.dag import FRAMED, ROOMY, SNUG, TIGHT, Drawing, Edge, Graph
from lead_tui.tui.dag.channels import Link, bundled
from lead_tui.tui.dag.fit import fitted
from lead_tui.tui.dag.layers import in_layers
from lead_tui.tui.dag.nearby import STUB, Surroundings
from lead_tui.tui.dag.order import crossings, ordered
from lead_tui.tui.dag.planned import WHOLE, PlanGraph
from lead_tui.tui.dag.walk import edges_through, next_box

ARMS = {
    "─": "LR", "┄": "LR", "│": "UD", "┆": "UD", "╭": "DR", "╮": "DL", "╰": "UR", "╯": "UL",
    "├": "UDR", "┤": "UDL", "┬": "LRD", "┴": "LRU", "┼": "LRUD", "▸": "L", "▾": "U",
}  # fmt: skip
STEPS = {(1, 0): ("R", "L"), (-1, 0): ("L", "R"), (0, 1): ("D", "U"), (0, -1): ("U", "D")}
SPACINGS = st.sampled_from([FRAMED, ROOMY, SNUG, TIGHT])


def width(name: str) -> int:
    return len(name) + 2


def edges(text: str) -> dict[str, list[str]]:
    """`a>b>c, x`: needs by name."""
    needs: dict[str, list[str]] = {}
    for chain in text.split(","):
        names = chain.strip().split(">")
        for name in names:
            needs.setdefault(name, [])
        for one, other in pairwise(names):
            needs[other].append(one)
    return needs


def drawn(text: str, *, dashed: str = "", apart: str = "", ascii_only: bool = False, **how) -> Drawing:
    needs = edges(text)
    conditional = frozenset(Edge(*each.split(">")) for each in dashed.split())
    graph = Graph(list(needs), needs, dashed=conditional, apart=frozenset(apart.split()))
    return graph.laid_out(width, **how).painted(ascii_only=ascii_only)


def picture(drawing: Drawing) -> list[str]:
    """Boxes as their names, edges as they are."""
    grid = [[" "] * drawing.width for _ in range(drawing.height)]
    for (x, y), char in drawing.cells.items():
        grid[y][x] = char
    for box in drawing.boxes.values():
        grid[box.y + box.height // 2][box.x : box.x + box.width] = box.name.center(box.width)
    return ["".join(row).rstrip() for row in grid]


@st.composite
def graphs(draw, most: int = 12):
    """Names, needs without circles, and some edges that are conditional."""
    names = [f"{'n' * draw(st.integers(1, 9))}{index}" for index in range(draw(st.integers(1, most)))]
    order = draw(st.permutations(names))
    needs = {
        name: draw(st.lists(st.sampled_from(order[:index]), max_size=4)) if index else []
        for index, name in enumerate(order)
    }
    every = sorted({Edge(need, name) for name, needed in needs.items() for need in needed})
    dashed = frozenset(draw(st.sets(st.sampled_from(every)))) if every else frozenset()
    return names, needs, dashed


# every drawing


@given(graphs(), st.booleans(), SPACINGS, st.integers(1, 90), st.data())
def test_everything_has_its_place(graph, across, spacing, room, data):
    """Boxes lie within the drawing and never overlap, and no edge runs through a box."""
    names, needs, dashed = graph
    apart = frozenset(data.draw(st.sets(st.sampled_from(names))))
    drawing = (
        Graph(names, needs, dashed=dashed, apart=apart)
        .laid_out(width, across=across, spacing=spacing, room=room)
        .painted()
    )
    taken = set()
    for box in drawing.boxes.values():
        cells = set(product(range(box.x, box.x + box.width), range(box.y, box.y + box.height)))
        assert not cells & taken
        taken |= cells
    assert sorted(drawing.boxes) == sorted(names)
    assert not taken & drawing.cells.keys()
    for x, y in taken | drawing.cells.keys():
        assert 0 <= x < drawing.width
        assert 0 <= y < drawing.height


@given(graphs(), st.booleans(), SPACINGS)
def test_each_edge_is_a_way(graph, across, spacing):
    """From a source to its target each cell leads on to the next, and the last one is a head at the box."""
    names, needs, dashed = graph
    drawing = Graph(names, needs, dashed=dashed).laid_out(width, across=across, spacing=spacing).painted()
    for edge in drawing.routes:
        source, target = drawing.boxes[edge.source], drawing.boxes[edge.target]
        way = list(drawing.way(edge))
        step = (1, 0) if across else (0, 1)
        assert source.contains(way[0][0] - step[0], way[0][1] - step[1])
        assert target.contains(way[-1][0] + step[0], way[-1][1] + step[1])
        assert drawing.cells[way[-1]] == ("▸" if across else "▾")
        for one, other in pairwise(way):
            out, into = STEPS[other[0] - one[0], other[1] - one[1]]
            for point, arm in ((one, out), (other, into)):
                under = point in drawing.crossings and arm in "LR"
                assert under or arm in ARMS[drawing.cells[point]]
        assert {*drawing.seen(edge)} <= {*way}


@given(graphs(), st.booleans())
def test_edges_lead_on(graph, across):
    """A task stands in a later layer than all that it needs."""
    names, needs, dashed = graph
    drawing = Graph(names, needs, dashed=dashed).laid_out(width, across=across).painted()
    for edge in drawing.routes:
        source, target = drawing.boxes[edge.source], drawing.boxes[edge.target]
        assert target.x > source.x + source.width if across else target.y > source.y + source.height


@given(graphs())
def test_only_what_is_implied_is_left_out(graph):
    """An edge is drawn if and only if it is conditional or no other way of plain edges leads there."""
    names, needs, dashed = graph
    every = {Edge(need, name) for name, needed in needs.items() for need in needed}
    plain = every - dashed

    def leads(start: str, end: str) -> bool:
        return any(edge.target == end or leads(edge.target, end) for edge in plain if edge.source == start)

    implied = {
        edge
        for edge in plain
        if any(
            leads(first.target, edge.target)
            for first in plain
            if first.source == edge.source and first.target != edge.target
        )
    }
    drawing = Graph(names, needs, dashed=dashed).laid_out(width).painted()
    assert drawing.routes.keys() == every - implied


@given(graphs(), st.booleans())
def test_the_same_again(graph, across):
    """The same graph gives the same drawing, in the order of its names alone."""
    names, needs, dashed = graph
    one, other = (
        Graph(names, needs, dashed=dashed).laid_out(width, across=across).painted() for _ in range(2)
    )
    assert one == other


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9)), max_size=30), st.booleans())
def test_a_flow_that_cannot_run_is_drawn(pairs, across):
    """Circles, needs of oneself and of tasks that do not exist are left out, all tasks are there."""
    names = [f"t{index}" for index in range(8)]
    needs = {f"t{one}": [f"t{other}" for it, other in pairs if it == one] for one in range(8)}
    drawing = Graph(names, needs).laid_out(width, across=across).painted()
    assert sorted(drawing.boxes) == names
    for edge in drawing.routes:
        assert edge.source in needs[edge.target]


def test_a_circle_loses_one_edge():
    """Of tasks that wait for each other all edges but the one that closes the circle are drawn."""
    drawing = drawn("a>b>c>a")
    assert len(drawing.routes) == 2


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1), st.data())
def test_no_two_bundles_are_taken_for_one(pairs, data):
    """Bundles never touch in a track, and a row has been left before others come to it."""
    dashed = data.draw(st.sets(st.sampled_from(sorted(pairs))))
    links = [Link(start, end, (start, end) in dashed) for start, end in sorted(pairs)]
    tracks, bundles = bundled(links)
    every = [*bundles, *(each.detour for each in bundles if each.detour)]
    turning = [each for each in every if each.track >= 0]
    assert all(each.track < tracks for each in turning)
    assert {
        (start, end) for each in bundles for start in each.starts for end in range(7) if each.leads_to(end)
    } == pairs
    for one, other in combinations(turning, 2):
        (low, high), (first, last) = one.span, other.span
        fork = one.starts == other.starts and {low, high} & {first, last} == one.starts
        assert one.track != other.track or high < first or last < low or fork
    for one, other in product(turning, turning):
        shared = one.starts & other.ends - one.ends
        assert not shared or one.starts == other.starts or one.track < other.track


def test_bundles_that_wait_for_each_other():
    """Two edges that change places over the same rows: one takes a way over a free row."""
    _, bundles = bundled([Link(0, 1), Link(1, 0), Link(0, 3)])
    detours = [each.detour for each in bundles if each.detour]
    assert [each.starts for each in detours] == [frozenset({2})]


# some drawings


def test_a_diamond():
    """Edges of one task share a line until they part, and edges to one task from where they meet."""
    assert picture(drawn("fetch>clean>merge, fetch>check>merge>report")) == [
        "        ╭─▸ clean ─╮",
        " fetch ─┤          ├─▸ merge ──▸ report",
        "        ╰─▸ check ─╯",
    ]


def test_top_to_bottom():
    """The same graph stands upright, its heads pointing down."""
    drawing = drawn("fetch>clean>merge, fetch>check>merge>report", across=False, spacing=TIGHT)
    assert picture(drawing) == [
        "     fetch",
        "   ╭───┴───╮",
        "   ▾       ▾",
        " clean   check",
        "   ╰───┬───╯",
        "       ▾",
        "     merge",
        "       ▾",
        "    report",
    ]


def test_many_to_many_is_one_junction():
    """Where each of several tasks leads to each of several others, all edges share one line."""
    assert picture(drawn("a>x, b>x, c>x, a>y, b>y, c>y", spacing=TIGHT)) == [
        " a ┬─▸ x",
        " b ┼─▸ y",
        " c ╯",
    ]


def test_long_edges_share_their_bends():
    """Edges to one task that skip layers are one line from where they meet."""
    drawing = drawn("a>b>c>d, a>x>d, a>y>d", spacing=TIGHT)
    assert picture(drawing) == [
        "   ╭─▸ b ──▸ c ╮",
        " a ┼─▸ x ┬─────┴─▸ d",
        "   ╰─▸ y ╯",
    ]


def test_conditional_edges_are_dashed():
    """A conditional edge has a style of its own and stays, although another way implies it."""
    assert picture(drawn("a>alert, a>b", dashed="a>alert")) == [
        "    ╭┄▸ alert",
        " a ─┤",
        "    ╰─▸ b",
    ]
    assert Edge("a", "c") in drawn("a>b>c, a>c", dashed="a>c").routes


def test_ascii():
    """Terminals without line characters get `-`, `|`, `+` and heads of ASCII, dots for dashes."""
    drawing = drawn("a>b>d, a>c>d, d>e, d>f", dashed="d>f", ascii_only=True)
    assert "".join(sorted({*"".join(drawing.cells.values())})).isascii()
    assert {".", "-", "|", "+", ">"} >= {*drawing.cells.values()} > {".", "-", ">"}
    down = drawn("a>b", across=False, ascii_only=True)
    assert picture(down) == [" a", " |", " v", " b"]


def test_an_edge_lies_on_top_where_two_cross():
    """A crossing is no junction: only the upright edge is seen there."""
    drawing = drawn("a>x, a>y, a>z, b>x, b>y, c>y, c>z, d>x, d>z", spacing=SNUG)
    assert drawing.crossings
    for point in drawing.crossings:
        assert drawing.cells[point] == "│"
        over = [edge for edge in drawing.routes if point in drawing.seen(edge)]
        under = [edge for edge in drawing.routes if point in drawing.way(edge) and edge not in over]
        assert over
        assert under


def test_edges_that_must_make_a_detour():
    """Four to four in a ring, drawn so that no edge is taken for another."""
    drawing = drawn("d>e, b>e, a>f, c>f, b>g, c>g, a>h, d>h, h>i, g>i, f>i", spacing=SNUG)
    assert len(drawing.routes) == 11
    assert {drawing.boxes[name].x for name in "abcd"} == {0}


def test_cleanup_stands_apart():
    """`finally` tasks stand below a divider, after the others."""
    drawing = drawn("a>b, x>y, c", apart="x y")
    assert drawing.divider is not None
    for name, box in drawing.boxes.items():
        assert (box.y > drawing.divider) == (name in "xy")
    assert drawn("x>y", apart="x y").divider is None


def test_tasks_without_edges_stand_in_rows():
    """They take the width there is, in their order."""
    assert picture(drawn("a, b, c, d, e", room=15)) == [" a    b    c", "", " d    e"]


def test_parts_stand_beside_each_other_from_top_to_bottom():
    """Parts that do not hang together stand beside each other while there is room, left to right never."""
    assert picture(drawn("a>b, c>d", across=False)) == [" a     c", " │     │", " ▾     ▾", " b     d"]
    assert picture(drawn("a>b, c>d", across=False, room=8))[4:] == ["", " c", " │", " ▾", " d"]
    assert picture(drawn("a>b, c>d")) == [" a ──▸ b", "", " c ──▸ d"]


def test_frames():
    """With frames a box is three lines high and two cells wider than its label, and knows if it leads on."""
    boxes = drawn("a>b", spacing=FRAMED).boxes
    assert [(box.width, box.height, box.leads) for box in boxes.values()] == [(5, 3, True), (5, 3, False)]


def test_a_wide_fan_keeps_the_order_of_the_file():
    """Sixty tasks between two others stand one below the other, as they are written."""
    drawing = drawn(", ".join(f"plan>s{index}>merge" for index in range(60)), spacing=TIGHT)
    rows = [drawing.boxes[f"s{index}"].y for index in range(60)]
    assert rows == list(range(60))
    assert drawing.height == 60


def test_file_order_where_it_costs_nothing():
    """Crossings that can be avoided are, and otherwise tasks stand in the order of the file."""
    needs = edges("plan>web>sum, plan>papers>sum, sum>merge, plan>ok>merge, papers>pdf>tables>merge")
    graph = in_layers(list(needs), needs, frozenset())
    assert crossings(graph, ordered(graph)) == 0


def test_nothing_to_draw():
    """A graph without tasks is empty and has no size."""
    drawing = Graph([], {}).laid_out(width).painted()
    assert (drawing.width, drawing.height, drawing.boxes, drawing.cells) == (0, 0, {}, {})


def test_a_long_chain():
    """A chain of hundreds needs no recursion and is one line."""
    drawing = drawn(">".join(f"t{index}" for index in range(600)), spacing=TIGHT)
    assert drawing.height == 1


# which drawing


@pytest.mark.parametrize(
    ("room", "across", "height"),
    [
        ((40, 3), True, 3),
        ((36, 20), True, 1),
        ((29, 1), True, 1),
        ((20, 18), False, 3),
        ((9, 9), False, 1),
        ((1, 1), False, 1),
    ],
)
def test_the_roomiest_that_fits(room, across, height):
    """Frames if there is room, else labels; left to right if the width allows, else top to bottom."""
    needs = edges("one>two>three>four")
    layout = fitted(Graph(list(needs), needs), width, room)
    assert (layout.across, next(iter(layout.painted().boxes.values())).height) == (across, height)


def test_a_chosen_direction():
    """A direction that was chosen is kept, whatever fits."""
    needs = edges("one>two>three>four")
    graph = Graph(list(needs), needs)
    assert fitted(graph, width, (10, 10), across=True).across
    assert not fitted(graph, width, (99, 99), across=False).across


def test_what_is_too_high_still_fits_the_width():
    """Left to right is kept if only the height does not suffice."""
    needs = edges(", ".join(f"a>b{index}>c" for index in range(30)))
    layout = fitted(Graph(list(needs), needs), width, (40, 10))
    assert layout.across
    assert layout.width <= 40


# a large graph


def fan(count: int) -> Surroundings:
    needs = edges(", ".join(f"plan>s{index}>merge" for index in range(count)) + ", merge>report>mail")
    return Surroundings(list(needs), needs)


def test_what_is_near_a_task():
    """Its needs and dependents two steps away, some of those beside it, and one stub for all others."""
    near = fan(90).of("s40")
    shown = [name for name in near.needs if not name.startswith(STUB)]
    assert set(shown) == {"plan", "merge", "report", *(f"s{index}" for index in range(37, 44))}
    assert [(stub.text, stub.nearest) for stub in near.stubs.values()] == [("… 83 more", "s36")]
    (name,) = near.stubs
    assert near.needs[name] == ["plan"]
    assert name in near.needs["merge"]
    assert near.leads_on == {"report"}


def test_a_stub_for_each_group():
    """Hidden tasks above and below the same task have a stub each."""
    needs = edges(", ".join(f"a{index}>hub" for index in range(20)))
    needs |= {f"b{index}": ["hub"] for index in range(30)}
    near = Surroundings(list(needs), needs).of("hub")
    assert sorted(stub.count for stub in near.stubs.values()) == [13, 23]


@given(graphs(most=30), st.data())
def test_nearby_is_part_of_the_graph(graph, data):
    """What is near holds the task, needs that exist only, no circle, and it can be drawn."""
    names, needs, _ = graph
    centre = data.draw(st.sampled_from(names))
    near = Surroundings(names, needs).of(centre)
    assert centre in near.needs
    for name, needed in near.needs.items():
        for need in needed:
            assert need in near.needs
            if not need.startswith(STUB) and not name.startswith(STUB):
                assert need in needs[name]
    drawing = Graph(list(near.needs), near.needs).laid_out(width).painted()
    assert drawing.boxes.keys() == near.needs.keys()


def test_a_plan_as_a_graph():
    """Conditional needs are dashed, `finally` tasks stand apart, `completed` is a plain need."""
    tasks = (
        PlannedTask("a", "x"),
        PlannedTask("b", "x", needs=(Need("a", "completed"),)),
        PlannedTask("c", "x", needs=(Need("a", "failed"), Need("b", "any"))),
        PlannedTask("z", "x", cleanup=True),
    )
    graph = PlanGraph(Plan("flow", tasks))
    assert graph.conditions == {Edge("a", "c"): "failed", Edge("b", "c"): "any"}
    drawing = graph.whole.laid_out(width).painted()
    assert drawing.routes.keys() == {("a", "b"), ("a", "c"), ("b", "c")}
    assert drawing.divider is not None
    assert "┄" in drawing.cells.values()
    assert PlanGraph(None).names == ()


def test_a_large_plan_is_drawn_around_a_task():
    """Beyond the limit only what is near a task makes a graph, conditions included."""
    tasks = [PlannedTask(f"t{index}", "x") for index in range(WHOLE)]
    last = PlannedTask("last", "x", needs=(Need("t7", "failed"),))
    assert PlanGraph(Plan("flow", tuple(tasks))).is_whole
    graph = PlanGraph(Plan("flow", (*tasks, last)))
    assert not graph.is_whole
    part, near = graph.around("t7")
    assert list(near.needs) == ["t7", "last"]
    assert "┄" in part.laid_out(width).painted().cells.values()


# ways through a drawing


@pytest.mark.parametrize(
    ("start", "direction", "end"),
    [
        ("plan", "right", "s1"),
        ("s0", "down", "s1"),
        ("s2", "up", "s1"),
        ("s2", "right", "merge"),
        ("merge", "left", "s1"),
        ("s0", "up", "s0"),
        ("plan", "left", "plan"),
        ("lone", "up", "plan"),
    ],
)
def test_arrows(start, direction, end):
    """Along an edge if one goes that way, else to the nearest; nowhere if there is nothing."""
    drawing = drawn("plan>s0>merge, plan>s1>merge, plan>s2>merge, lone")
    assert next_box(drawing, start, direction) == end


def test_an_edge_goes_before_what_is_near():
    """An arrow follows an edge even if another box is nearer."""
    drawing = drawn("a>far, b>c>near>far, b>d")
    ends = {edge.target for edge in drawing.routes if edge.source == "a"}
    assert next_box(drawing, "a", "right") in ends


def test_ways_through_a_task():
    """All edges on ways to a task and from it, and no others."""
    every = drawn("a>b>c>d, b>x, y>c, p>q").routes
    assert set(edges_through(every, "b")) == {("a", "b"), ("b", "c"), ("c", "d"), ("b", "x")}
