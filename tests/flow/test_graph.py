"""Dependencies from `depends_on` and from references, cycles and layers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.flow.graph import build_graph, find_cycles, layers
from lead_tui.flow.models import TaskSpec, Workflow


def workflow(*tasks, finally_=()):
    made = [TaskSpec(agent_name="x", action="x", **task) for task in tasks]
    last = [TaskSpec(agent_name="x", action="x", **task) for task in finally_]
    return Workflow(name="w", tasks=made, finally_=last)


def needs(graph, name):
    return {each.task: each.on for each in graph.dependencies[name]}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ({"depends_on": ["a", {"task": "b", "on": "failed"}]}, {"a": None, "b": "failed"}),
        ({"parameters": {"x": [{"y": "{{ tasks.a.result }}"}]}}, {"a": None}),
        ({"parameters": {"x": "{{ tasks.a.attempts }} {{ tasks.b.meta.status }}"}}, {"a": None, "b": None}),
        ({"parameters": {"x": "{{ tasks.a }}"}}, {"a": None}),
        ({"when": "tasks.a.status == 'failed'"}, {"a": "any"}),
        ({"when": "tasks.a.error"}, {"a": "any"}),
        ({"when": "tasks.a.status", "parameters": {"x": "{{ tasks.a.result }}"}}, {"a": None}),
        ({"when": "tasks.a.status", "depends_on": ["a"]}, {"a": None}),
        (
            {"parameters": {"x": "{{ tasks.a.result }}"}, "depends_on": [{"task": "a", "on": "skipped"}]},
            {"a": "skipped"},
        ),
        (
            {"expect": ["result == tasks.a.result"], "output": {"x": "{{ tasks.b.result }}"}},
            {"a": None, "b": None},
        ),
        ({"when": "tasks.c.result and tasks.nope.result"}, {}),
        ({"when": "tasks. and"}, {}),
        ({"when": True, "output": "text"}, {}),
        ({"depends_on": ["c", "nope"]}, {}),
        ({"when": "tasks.last.status"}, {}),
    ],
)
def test_dependencies(task, expected):
    """A reference is a dependency, by what it reads; an explicit entry wins."""
    graph = build_graph(
        workflow({"name": "a"}, {"name": "b"}, {"name": "c", **task}, finally_=[{"name": "last"}])
    )
    assert needs(graph, "c") == expected
    for name in "ab":
        assert graph.dependents[name] == (("c",) if name in expected else ())


def test_finally():
    """A task of `finally` waits only for others of `finally`, whatever it reads."""
    graph = build_graph(
        workflow(
            {"name": "a"},
            finally_=[{"name": "x"}, {"name": "y", "when": "tasks.a.result", "depends_on": ["x", "a"]}],
        )
    )
    assert needs(graph, "y") == {"x": None}
    assert graph.dependents["a"] == ()


def test_cycles():
    """A cycle is found with its path, also behind tasks that are no part of it."""
    assert find_cycles(build_graph(workflow({"name": "a"}, {"name": "b", "depends_on": ["a"]}))) == []
    graph = build_graph(
        workflow(
            {"name": "start", "depends_on": ["a"]},
            {"name": "a", "depends_on": ["b"]},
            {"name": "b", "when": "tasks.c.result"},
            {"name": "c", "depends_on": ["a"]},
        )
    )
    assert find_cycles(graph) == [["a", "b", "c", "a"]]
    assert layers(graph) == []


def test_every_cycle():
    """Each group of tasks that wait for each other gives one cycle, in document order."""
    graph = build_graph(
        workflow(
            {"name": "a", "depends_on": ["b"]},
            {"name": "b", "depends_on": ["a", "c"]},
            {"name": "c", "depends_on": ["d"]},
            {"name": "d", "depends_on": ["e", "c"]},
            {"name": "e"},
            finally_=[{"name": "x", "depends_on": ["y"]}, {"name": "y", "depends_on": ["x"]}],
        )
    )
    assert find_cycles(graph) == [["a", "b", "a"], ["c", "d", "c"], ["x", "y", "x"]]


def test_layers():
    """Each task stands in the first layer after all it waits for; a part may be taken alone."""
    graph = build_graph(
        workflow(
            {"name": "d", "depends_on": ["b", "c"]},
            {"name": "a"},
            {"name": "b", "depends_on": ["a"]},
            {"name": "c", "depends_on": ["a"]},
            finally_=[{"name": "z"}],
        )
    )
    assert layers(graph) == [["a", "z"], ["b", "c"], ["d"]]
    assert layers(graph, ["a", "b"]) == [["a"], ["b"]]


def test_a_long_chain():
    """A chain of many tasks needs no recursion."""
    count = 20_000
    tasks = [{"name": f"t{n}", "depends_on": [f"t{n + 1}"]} for n in range(count - 1)] + [
        {"name": f"t{count - 1}"}
    ]
    graph = build_graph(workflow(*tasks))
    assert find_cycles(graph) == []
    assert len(layers(graph)) == count
    looped = build_graph(workflow(*tasks[:-1], {"name": f"t{count - 1}", "depends_on": ["t0"]}))
    (cycle,) = find_cycles(looped)
    assert len(cycle) == count + 1


@given(st.lists(st.sets(st.integers(0, 7), max_size=4), min_size=1, max_size=8))
def test_layers_and_cycles_agree(edges):
    """There are cycles exactly when some task finds no layer; each is one, and no two share a task."""
    graph = build_graph(
        workflow(
            *(
                {"name": f"t{n}", "depends_on": [f"t{to}" for to in sorted(wanted)]}
                for n, wanted in enumerate(edges)
            )
        )
    )
    cycles = find_cycles(graph)
    assert (cycles == []) == (sum(map(len, layers(graph))) == len(edges))
    for cycle in cycles:
        assert cycle[0] == cycle[-1]
        for name, following in itertools.pairwise(cycle):
            assert following in needs(graph, name)
    members = [name for cycle in cycles for name in cycle[1:]]
    assert len(members) == len(set(members))
