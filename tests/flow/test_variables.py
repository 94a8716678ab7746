"""`${NAME}` in a document: values of the environment, which are never YAML and never a template."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.errors import TemplateError, UsageError
from lead_tui.flow.diagnostics import Problems
from lead_tui.flow.loader import environment_for, read_env_file
from lead_tui.flow.variables import Substitution, holds_variable, mask_defaults
from lead_tui.templating.environment import evaluate, render


def substitute(text, environment, field="parameters"):
    substitution = Substitution(environment, Problems())
    return substitution.apply({"tasks": [{field: text}]})["tasks"][0][field]


EVIL = [
    "{{ 7 * 7 }}",
    '" ~ 7 * 7 ~ "',
    "' ~ 7 * 7 ~ '",
    "{% raw %}",
    "{#",
    "}}",
    "\\",
    "\\'",
    "{",
    "%}{{ 1 }}",
    "\n",
    "é😀",
    "${A}",
    "",
]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("${A}", "A"),
        ("x ${A} y", "x A y"),
        ("x ${A} {{ 1 }}", "x A 1"),
        ("{${A}}", "{A}"),
        ("{{{{ 1 }}${A}", None),
        ("{{ '${A}' }}", "A"),
        ('{{ "<${A}>" }}', "<A>"),
        ("{{ ${A} }}", "A"),
        ("{{ [${A}, '${A}'] | join('|') }}", "A|A"),
        ("{{ {'a': {'b': '${A}'}}.a.b }} ${A}", "A A"),
        ("{% if '${A}' == ${A} %}${A}{% endif %}", "A"),
        ("{# ${A} #}-${A}", "-A"),
        ("${{ '${A}' }}", "$A"),
        ("$${{ '${A}' }}", "$A"),
        ("$${A} ${A%x} $A $(A) ${A", "${A} ${A%x} $A $(A) ${A"),
    ],
)
@pytest.mark.parametrize("value", EVIL)
def test_values_stay_values(source, expected, value):
    """Wherever a variable stands in a template, its value comes out as it is, whatever it looks like."""
    rendered = substitute(source, {"A": value})
    if expected is None:
        with pytest.raises(TemplateError):
            render(rendered, {})
        return
    literal = source.startswith("$${A}")
    assert render(rendered, {}) == (expected if literal else expected.replace("A", value))


@given(st.text(), st.sampled_from(["${A}", "<${A}>", "{{ '${A}' }}", "{${A}{{ 1 }}", "{{ ${A} }}${A}"]))
def test_any_value_stays_itself(value, source):
    """No text of the environment can become code."""
    expected = {"{{ '${A}' }}": value, "{{ ${A} }}${A}": value * 2, "{${A}{{ 1 }}": "{" + value + "1"}
    wanted = expected.get(source, source.replace("${A}", value))
    assert render(substitute(source, {"A": value}), {}) == wanted


@pytest.mark.parametrize("value", EVIL)
def test_expressions(value):
    """In a bare expression a variable is a text, quoted or not."""
    assert evaluate(substitute("'${A}' == ${A} and '${A}' == v", {"A": value}, "when"), {"v": value}) is True
    assert evaluate(substitute("{{ ${A} == v }}", {"A": value}, "when"), {"v": value}) is True


def test_forms(flow):
    """Defaults hold for unset and for empty variables; `$$` escapes; other shell forms stay."""
    document = flow.file(
        "name: ${A}-${B:-b}-${C:-c}-$${A}-${D:-}\nmax_parallel: ${N:-4}\nglobal_timeout: ${T}\n"
        "parallel_execution: ${P:-true}\n"
        "description: '$A ${A%x} $(A) ${1} ${E:-{x}}'\n"
        "tasks:\n  - {name: t, agent_name: local, action: run, parameters: {command: 'echo $HOME ${A}'}}\n",
        A="a", C="", T="1m",
    )  # fmt: skip
    workflow = document.workflow
    assert workflow.name == "a-b-c-${A}-"
    assert (workflow.max_parallel, workflow.global_timeout, workflow.parallel_execution) == (4, 60.0, True)
    assert workflow.description == "$A ${A%x} $(A) ${1} {x}"
    assert workflow.tasks[0].parameters == {"command": "echo $HOME a"}
    assert document.raw["name"] == "${A}-${B:-b}-${C:-c}-$${A}-${D:-}"


def test_typed_defaults_of_inputs(flow):
    """The default of an input is read as the input's type."""
    text = (
        "name: x\ninputs: {{n: {{type: integer, default: '${{N:-4}}'}}, l: {{type: list, default: {}}}}}\n{}"
    )
    tasks = "tasks:\n  - {name: t, agent_name: local, action: run, parameters: {command: x}}\n"
    document = flow.file(text.format("'${L}'", tasks), L='["a"]')
    assert document.workflow.inputs["n"].default == 4
    assert document.workflow.inputs["l"].default == ["a"]
    assert flow.problems(text.format("'${L}'", tasks), L="[", N="x") == ["2:38 bad-input", "2:75 bad-input"]


def test_environment_files(tmp_path):
    """`.env` beside the flow counts, the process's variables win, a named file must exist."""
    assert environment_for(tmp_path, base={"A": "1"}) == {"A": "1"}
    (tmp_path / ".env").write_text('A=file\nexport B="two words"\nC=$A\n# note\nEMPTY\n')
    assert environment_for(tmp_path, base={"A": "process"}) == {"A": "process", "B": "two words", "C": "$A"}
    (tmp_path / "other").write_text("A=other")
    assert environment_for(tmp_path, tmp_path / "other", base={}) == {"A": "other"}
    with pytest.raises(UsageError, match="does not exist"):
        environment_for(tmp_path, tmp_path / "gone", base={})
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        read_env_file(tmp_path / "bad")


def test_what_holds_a_variable():
    """An escape or another form of the shell is no variable; a default can be hidden."""
    assert holds_variable("a ${B}")
    assert not holds_variable("$${B} ${B%x} $B")
    assert mask_defaults("${A:-x} ${B} $${C:-y}") == "${A:-***} ${B} $${C:-y}"
