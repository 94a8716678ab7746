"""What templates refer to, without evaluating them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.errors import TemplateError
from lead_tui.templating.paths import survey
from lead_tui.templating.references import NOTHING, WHOLE, references, saw


@pytest.mark.parametrize(
    ("source", "tasks"),
    [
        ("tasks.a.result.id", {"a": {"result"}}),
        ("tasks['a-b'].status", {"a-b": {"status"}}),
        ("tasks['a']['error']", {"a": {"error"}}),
        ("tasks.a", {"a": {WHOLE}}),
        ("tasks.a[inputs.k]", {"a": {WHOLE}}),
        ("tasks.a.result[tasks.b.result]", {"a": {"result"}, "b": {"result"}}),
        ("tasks.a.status == 'x' or tasks.a.duration > 1", {"a": {"status", "duration"}}),
        ("tasks.a.result | map(attribute='x') | join(tasks.b.result)", {"a": {"result"}, "b": {"result"}}),
        ("{{ tasks.a.result }}", {"a": {"result"}}),
        ("[tasks for tasks in 1]", None),
        ("1 + 2", {}),
    ],
)
def test_tasks(source, tasks):
    """Every task read is found with the attributes that are read."""
    if tasks is None:
        with pytest.raises(TemplateError):
            references(source, expression=True)
        return
    found = references(source, expression=True)
    assert {name: set(parts) for name, parts in found.tasks.items()} == tasks


def test_nested_values():
    """All strings of a nested value count together; names that the template binds itself do not."""
    found = references(
        {
            "a": ["{{ tasks.x }} {{ inputs.s }}", "no template: tasks.z"],
            "b": "{% for i in run.id %}{{ i.z }}{{ loop.index }}{{ range(3) }}{% endfor %}",
            "c": ("{% set t = foo.bar %}{{ t.baz }} {{ inputs.t | upper }}", 3, None),
        }
    )
    assert found.tasks == {"x": frozenset({WHOLE})}
    assert found.inputs == {"s", "t"}
    assert found.processed == {"t"}
    assert found.names == {"run", "foo"}
    assert found.paths == ("tasks.x", "inputs.s", "run.id", "foo.bar", "inputs.t")


def test_all_inputs_at_once():
    """Reading `inputs` as a whole, or by a computed name, reads all of them."""
    assert references("{{ inputs | tojson }}").inputs == {WHOLE}
    assert references("{{ inputs[run.id] }}").processed == {WHOLE}


def test_shadowed_names():
    """A loop variable named like a root is not that root."""
    assert references("{% for tasks in [1] %}{{ tasks }}{% endfor %}").tasks == {}


def test_text_without_markers():
    """Nothing to find costs nothing."""
    assert references({"a": ["b", 1, None]}) is NOTHING
    assert references("x") is NOTHING


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tasks.a-b.result", r"write tasks\['a-b'\]"),
        ("tasks.a-b", r"write tasks\['a-b'\]"),
        ("tasks.a-1", "reads as a subtraction"),
        ("tasks[inputs.x].result", "plain text"),
        ("tasks | length", "plain text"),
        ("tasks[0]", "plain text"),
        ("x y", "more after the end"),
        ("x | nofilter", "nofilter"),
    ],
)
def test_what_cannot_be_known(source, message):
    """A name known only at run time and a name with a dash are told, not guessed."""
    with pytest.raises(TemplateError, match=message):
        references(source, expression=True)


def test_the_line_of_a_mistake():
    """A mistake names its line in the source."""
    with pytest.raises(TemplateError) as caught:
        references("one\n{{ tasks.a-b.result }}")
    assert caught.value.line == 2


def test_saw():
    """What an expression read is told with its values, without what is missing, long ones shortened."""
    scope = {
        "tasks": {"x": {"status": "failed", "result": "r" * 500}, "a-b": {"result": [1]}},
        "inputs": {"n": 3, "big": list(range(500))},
    }
    seen = saw("tasks.x.status == 'a' and inputs.n > 1 and inputs.gone and tasks['a-b'].result", scope)
    assert seen == {"tasks.x.status": "failed", "inputs.n": 3, "tasks['a-b'].result": [1]}
    assert len(saw("tasks.x.result", scope)["tasks.x.result"]) == 200
    assert len(saw("{{ inputs.big }}", scope)["inputs.big"]) == 200
    assert saw({"a": "{{ inputs.n }}"}, scope, expression=False) == {"inputs.n": 3}
    assert saw("run.started", {"run": {"started": frozenset()}}) == {"run.started": "frozenset()"}


@given(st.text(alphabet="tasks.inputs {}[]'|-+()n0"))
def test_nothing_but_template_errors(source):
    """Any source is either understood or refused; `saw` never raises."""
    for expression in (True, False):
        with contextlib.suppress(TemplateError):
            references(source, expression)
        assert isinstance(saw(source, {"inputs": {}}, expression), dict)


def test_a_method_is_no_value_that_an_expression_saw():
    """What it was called on is."""
    assert saw("result.startswith('x')", {"result": "yes"}) == {"result": "yes"}


def test_a_survey_finds_everything():
    """Every path and every mistake has its line, also in a text that cannot be parsed."""
    found = survey(
        "{{ tasks.a.result }}\n{{ 1 | nof }}\n{{ x y }} {{ inputs.b\n| upper }}\n{{ p q }}{{ other }}"
    )
    assert [(path.text, path.line, path.processed) for path in found.paths] == [
        ("tasks.a.result", 1, False),
        ("inputs.b", 3, True),
    ]
    assert [(str(error), error.line) for error in found.errors] == [
        ("there is no filter 'nof'", 2),
        ("expected token 'end of print statement', got 'y'", 3),
        ("expected token 'end of print statement', got 'q'", 5),
    ]


def test_a_survey_of_a_bad_expression():
    """Of an expression that cannot be parsed nothing is known but the mistake."""
    found = survey("inputs.a b", expression=True)
    assert (found.paths, len(found.errors)) == ((), 1)
    assert survey("inputs.a | nof", expression=True).paths[0].text == "inputs.a"


def test_what_can_be_read_despite_mistakes():
    """References may be asked for although something is wrong beside them."""
    found = references("{{ tasks.a.result | nof }} {{ tasks[run.id] }}", despite_errors=True)
    assert found.tasks == {"a": frozenset({"result"})}


@given(st.text(alphabet="tasks.inputs {}[]'\"|-+()n0#%\n"))
def test_a_survey_never_raises(source):
    """Whatever the text, each line that is told lies within it."""
    for expression in (True, False):
        found = survey(source, expression)
        lines = [each.line for each in (*found.paths, *found.errors)]
        assert all(1 <= line <= source.count("\n") + 1 for line in lines)
