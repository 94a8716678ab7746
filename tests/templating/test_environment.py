"""Templates and expressions: native types, strictness, bounds, and a sandbox that holds."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.errors import TemplateError
from lead_tui.templating.environment import evaluate, render
from lead_tui.templating.paths import survey

SCOPE = {
    "inputs": {"n": 3, "city": "Paris", "flag": False},
    "tasks": {
        "fetch": {
            "status": "completed",
            "result": {
                "items": [1, 2],
                "keys": "K",
                "values": None,
                "text": "[1, 2]",
                "evil": "{{ 7 * 7 }}{% raw %}",
                "rows": [{"id": 1}, {"id": 2}],
            },
        },
        "a-b": {"result": 5},
    },
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ inputs.n }}", 3),
        ("{{- inputs.n -}}", 3),
        ("{{+ inputs.n }}", 3),
        ("{{ inputs.flag }}", False),
        ("{{ none }}", None),
        ("{{ inputs }}", {"n": 3, "city": "Paris", "flag": False}),
        ("{{ tasks['a-b'].result + 1 }}", 6),
        ("{{ tasks.fetch.result.items }}", [1, 2]),
        ("{{ tasks.fetch.result.keys }}", "K"),
        ("{{ tasks.fetch.result.values }}", None),
        ("{{ tasks.fetch.result.rows | map(attribute='id') }}", [1, 2]),
        ("{{ tasks.fetch.result.rows | selectattr('id', '>', 1) | list }}", [{"id": 2}]),
        ("{{ '{{ x }}' }}", "{{ x }}"),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ 1.5 }}", 1.5),
        (" {{ inputs.n }}", " 3"),
        ("{{ inputs.n }}\n", "3\n"),
        ("{{ 1 }}{{ 2 }}", "12"),
        ("n={{ inputs.n }}", "n=3"),
        ("{# note #}x", "x"),
        ("{% for x in [1, 2] %}{{ x }},{{ loop.index }};{% endfor %}", "1,1;2,2;"),
        ("{% set r = range(3) %}{{ r | list }}", "[0, 1, 2]"),
        ("plain $ text { }", "plain $ text { }"),
    ],
)
def test_types(source, value):
    """A string that is one whole expression keeps the type of its value; everything else is text."""
    result = render(source, SCOPE)
    assert result == value
    assert type(result) is type(value)


def test_text_of_agents_is_never_parsed():
    """Text that looks like a list, a number or a template stays the very same text."""
    for text in ("[1, 2]", "None", "1e3", "{{ 7 * 7 }}", "{% for %}", "${HOME}"):
        scope = {"result": text}
        assert render("{{ result }}", scope) == text
        assert render("<{{ result }}>", scope) == f"<{text}>"
        assert evaluate("result", scope) == text


@given(st.text(), st.text(alphabet="{}%#'\"\\ ab"))
def test_any_text_goes_through_unchanged(plain, braces):
    """Whatever a value holds, it comes out as it went in, alone or inside text."""
    for text in (plain, braces):
        assert render("{{ v }}", {"v": text}) == text
        assert render("a{{ v }}b", {"v": text}) == f"a{text}b"


def test_nested_values():
    """Maps and lists are rendered inside; keys and other types stay."""
    value = {"a": ["{{ inputs.n }}", 1, None], "{{ k }}": {"b": ("{{ inputs.city }}!",)}}
    assert render(value, SCOPE) == {"a": [3, 1, None], "{{ k }}": {"b": ["Paris!"]}}


def test_results_are_copies():
    """What a template gives shares nothing with the scope, so no reader can change a result."""
    scope = {"rows": [{"id": 1}]}
    rendered = render("{{ rows }}", scope)
    rendered[0]["id"] = 2
    assert scope == {"rows": [{"id": 1}]}


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("{{ tasks.fetch.result.id }}", "tasks.fetch.result.id"),
        ("{{ tasks.nope.result.id }}", "tasks.nope"),
        ("{{ tasks['a-b'].result.x }}", "tasks['a-b'].result.x"),
        ("{{ [tasks.fetch.result.id] }}", "tasks.fetch.result.id"),
        ("{{ {'k': inputs.zip} }}", "inputs.zip"),
        ("{{ tasks.fetch.result.rows[0].name }}", "tasks.fetch.result.rows[0].name"),
        ("{{ tasks.fetch.result.rows[7] }}", "tasks.fetch.result.rows[7]"),
        ("text {{ foo }}", "foo"),
        ("{{ foo.bar }}", "foo"),
        ("{{ (inputs.a if inputs.flag else inputs.b) }}", "inputs.b"),
        ("{% for row in tasks.fetch.result.rows %}{{ row.name }}{% endfor %}", "name"),
    ],
)
def test_undefined_names_the_path(source, path):
    """What is missing is told as it was written, up to the part that is missing."""
    with pytest.raises(TemplateError) as caught:
        render(source, SCOPE)
    assert caught.value.path == path
    assert str(caught.value) == f"{path} is undefined"


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''['__class__']",
        "tasks.fetch.result.__class__",
        "tasks.fetch.result.text.__class__.__mro__",
        "inputs.n.__class__",
        "inputs.n.real",
        "tasks.fetch.result.items.__class__",
        "tasks.fetch.result.items.append(3)",
        "tasks.fetch.result.items()",
        "inputs.update({'n': 4})",
        "inputs.get('n')",
        "'x' | attr('__class__')",
        "'{0.__class__}'.format(1)",
        "'%s'.format_map({})",
        "range.__globals__",
        "range",
        "(inputs.rows | default([])).__init__",
        "namespace.__init__.__globals__",
        "lipsum.__globals__",
        "cycler",
        "[1, 2] | random",
        "self.__init__",
    ],
)
def test_the_sandbox_holds(expression):
    """No attribute of Python, no method that changes something and no function gets out."""
    with pytest.raises(TemplateError):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 10 ** 9 }}",
        "{{ 10 ** 9 * 'a' }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ 9 ** (9 ** 9) }}",
        "{% set x = 3 ** 2000 %}{% set x = x * x %}{% set x = x * x %}{{ x }}",
        "{{ range(10 ** 9) | list }}",
        "{{ range(10 ** 30) | length }}",
        "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ 'x' | center(10 ** 9) }}",
        "{{ 'x' | indent(width=10 ** 9, first=true) }}",
        "{{ [1] | batch(10 ** 9, 0) | list }}",
        "{{ [1] | tojson(indent=10 ** 9) }}",
        "{% set x = 'a' * 60000 %}{{ x.replace('a', x) }}",
        "{% set x = 'a' * 60000 %}{{ x | replace('a', x) }}",
        "{% set x = 'a' * 60000 %}{{ range(60000) | join(x) }}",
        "{% set x = 'a' * 60000 %}{{ x.join(range(60000)) }}",
        "{% set x = 'a' * 9000000 %}{% set x = x ~ x %}{{ x }}",
        "{% set x = 'a' * 9000000 %}{% set x = x + x %}{{ x }}",
        "{% set x = 'a' * 9000000 %}{{ x }}{{ x }}",
        "{{ ['a' * 9000000, 'a' * 9000000] }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    ],
)
def test_runaway_templates_are_stopped(source):
    """A small source cannot make a big value, a big number or an endless loop."""
    with pytest.raises(TemplateError):
        render(source, {})


@pytest.mark.parametrize(
    "expression", ["1 / 0", "'a' + 1", "'x' | int + []", "[1, 2] | first | length", "'{' | fromjson"]
)
def test_failures_while_evaluating(expression):
    """Whatever goes wrong inside is a TemplateError that says what it was."""
    with pytest.raises(TemplateError, match=r"\w+: "):
        evaluate(expression, {})


def test_useful_filters():
    """JSON both ways, joining, replacing and the methods of text work."""
    assert evaluate("{'a': '<é>'} | tojson", {}) == '{"a": "<é>"}'
    assert evaluate("'[1, {\"a\": null}]' | fromjson", {}) == [1, {"a": None}]
    assert evaluate("[1, 2] | join('-')", {}) == "1-2"
    assert evaluate("rows | join(',', attribute='a.0')", {"rows": [{"a": [1]}, {"a": [2]}]}) == "1,2"
    assert evaluate("'a,b'.split(',') | map('upper') | list", {}) == ["A", "B"]
    assert evaluate("'aa'.replace('a', 'b', 1)", {}) == "ba"
    assert evaluate("'-'.join(['a', 'b'])", {}) == "a-b"
    assert evaluate("'%05.1f|%s' | format(1.25, 'x')", {}) == "001.2|x"
    assert evaluate("'n=%d' % 3 ~ '!' ~ 1", {}) == "n=3!1"
    assert evaluate("2 ** 10 * 2 + 1", {}) == 2049
    assert evaluate("rows | items | list", {"rows": {"a": 1}}) == [["a", 1]]
    assert evaluate("x.y is defined or x.z | default(3)", {"x": {}}) == 3


def test_expressions():
    """Bare or wrapped, over several lines; `result` of the scope is what it reads."""
    assert evaluate("inputs.n > 2 and not inputs.flag", SCOPE) is True
    assert evaluate("  {{ inputs.n }}  ", SCOPE) == 3
    assert evaluate("inputs.n\n  + 1", SCOPE) == 4
    assert evaluate("result.ok", {"result": {"ok": 1}}) == 1
    assert evaluate("{'a': {'b': 1}}", {}) == {"a": {"b": 1}}
    with pytest.raises(TemplateError, match="empty"):
        evaluate(" ", {})


@pytest.mark.parametrize(
    ("source", "expression", "line"),
    [
        ("a\nb {{ x y }}", False, 2),
        ("{{ x", False, 1),
        ("{% if x %}", False, 1),
        ("ok\n{{ x | nofilter }}", False, 2),
        ("{% include 'x' %}", False, 1),
        ("a\n{% extends 'x' %}", False, 2),
        ("x ==\n== 3", True, 2),
        ("x y", True, 1),
        ("x | nofilter", True, 1),
        ("{{ x }} {{ y }}", True, 1),
        ("\n{{ x\n y }}", True, 3),
        ("(" * 5000 + ")" * 5000, True, 1),
        ("{{ " + "[" * 300 + "]" * 300 + " }}", False, 1),
        ("9" * 5000, True, 1),
        ("x" * 70_000, True, 1),
    ],
)
def test_syntax(source, expression, line):
    """A mistake is found without evaluating, with its line."""
    error = survey(source, expression).errors[0]
    assert error.line == line
    assert error.source


def test_good_syntax():
    """What compiles is no mistake, whatever its names."""
    assert not survey("{{ a.b[c] | default(1) }} {% if x %}{% endif %}", expression=False).errors
    assert not survey("a is defined", expression=True).errors


def test_plain_strings_do_not_load_jinja():
    """A flow without templates pays nothing for them."""
    code = (
        "import sys; from lead_tui.templating.environment import render;"
        "from lead_tui.templating.references import references;"
        "render({'a': ['x { y }']}, {}); references({'a': 'b'}); sys.exit('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
