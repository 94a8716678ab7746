"""The inputs of a run: typed, checked all at once, masked where they are secret."""

import pytest

from lead_tui.errors import InvalidFlow, UsageError
from lead_tui.flow.inputs import mask_inputs, parse_text, read_inputs_file, resolve_inputs, secret_values
from lead_tui.flow.models import Workflow

TASKS = [{"name": "t", "agent_name": "x", "action": "x"}]


def flow(**inputs):
    return Workflow.model_validate({"name": "w", "tasks": TASKS, "inputs": inputs})


def test_defaults_and_precedence():
    """Flags win over the file, the file over the default; what is optional may be null."""
    workflow = flow(
        city="Paris",
        n={"type": "integer"},
        maybe={"required": False},
        ratio=0.5,
        on=True,
        tags=["a"],
        o={"k": 1},
    )
    values = resolve_inputs(workflow, {"n": 1, "city": "Rome"}, texts={"city": "Oslo", "on": "no"})
    assert values == {
        "city": "Oslo",
        "n": 1,
        "maybe": None,
        "ratio": 0.5,
        "on": False,
        "tags": ["a"],
        "o": {"k": 1},
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "@file", "@file"),
        ("string", "3", "3"),
        ("integer", "-3", -3),
        ("number", "1.5", 1.5),
        ("number", "2", 2),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("list", '["a", 1]', ["a", 1]),
        ("object", '{"a": null}', {"a": None}),
    ],
)
def test_texts(kind, text, value):
    """A text of the command line is read as the input's type."""
    values = resolve_inputs(flow(i={"type": kind}), {}, texts={"i": text})
    assert values == {"i": value}
    assert type(values["i"]) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "1.5"), ("integer", "x"),
     ("integer", "1_000"), ("integer", "٣"), ("integer", ""),
     ("number", "NaN"), ("number", "Infinity"), ("number", "x"),
     ("boolean", "maybe"),
     ("list", "{}"), ("list", "[" * 100_000), ("object", "[]"), ("object", "x"), ("integer", "9" * 5000),
     ("number", "true"), ("number", "[1]")],
)  # fmt: skip
def test_texts_of_another_type(kind, text):
    """A text that does not fit is told in one diagnostic."""
    with pytest.raises(InvalidFlow, match="bad-input the input 'i' must be"):
        resolve_inputs(flow(i={"type": kind}), {}, texts={"i": text})


def test_everything_at_once():
    """Unknown, missing, wrong and not allowed inputs are told together, without any place."""
    workflow = flow(
        city={"choices": ["Paris", "Rome"]}, n={"type": "integer", "description": "how many"}, s="x", b=True
    )
    with pytest.raises(InvalidFlow) as caught:
        resolve_inputs(workflow, {"citi": 1, "city": "Oslo", "s": 3, "b": 1}, texts={"zzz": "1"})
    assert [str(each) for each in caught.value.diagnostics] == [
        "unknown-input the flow has no input 'citi' (did you mean 'city'?)",
        "unknown-input the flow has no input 'zzz' (the flow declares its inputs under `inputs`)",
        "bad-input the input 'city' must be one of Paris, Rome",
        "missing-input the input 'n' is required (give it with -i n=VALUE: how many)",
        "bad-input the input 's' must be text",
        "bad-input the input 'b' must be true or false",
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", True),
        ("number", True),
        ("integer", 1.0),
        ("string", 1),
        ("list", "x"),
        ("object", []),
        ("string", None),
    ],
)
def test_types_are_not_bent(kind, value):
    """A typed value must have the input's type; true is no number."""
    with pytest.raises(InvalidFlow, match="bad-input"):
        resolve_inputs(flow(i={"type": kind}), {"i": value})


def test_secrets():
    """A secret input is masked where values are stored, and every text in it is known."""
    workflow = flow(
        s={"secret": True}, o={"type": "object", "secret": True}, e={"secret": True, "required": False}, p="x"
    )
    values = {"s": "hush", "o": {"a": ["deep", 42, True, None]}, "e": None, "p": "x", "other": 1}
    assert mask_inputs(workflow, values) == {"s": "***", "o": "***", "e": None, "p": "x", "other": 1}
    assert secret_values(workflow, values) == {"hush", "deep", "42"}


def test_inputs_files(tmp_path):
    """A file of inputs is YAML or JSON and holds a map."""
    (tmp_path / "a.yaml").write_text("city: Rome\nn: 3")
    (tmp_path / "a.json").write_text('{"city": "Rome", "n": 3}')
    for name in ("a.yaml", "a.json"):
        assert read_inputs_file(tmp_path / name) == {"city": "Rome", "n": 3}
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(InvalidFlow, match="holds a map"):
        read_inputs_file(tmp_path / "list.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        read_inputs_file(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("kind", "text"),
    [("string", "a\udcff"), ("list", '["\udcff"]'), ("list", '["\\ud800"]'), ("object", '{"\\ud800": 1}')],
)
def test_text_that_is_no_unicode(kind, text):
    """Bytes of a command line that are no UTF-8, and halves of characters in JSON, are refused."""
    with pytest.raises(InvalidFlow, match=r"bad-input the input 'i' (must be UTF-8 text|holds text)"):
        resolve_inputs(flow(i={"type": kind}), {}, texts={"i": text})
    with pytest.raises(InvalidFlow, match="bad-input"):
        resolve_inputs(flow(i={"type": "list"}), {"i": [{"k": "\udcff"}]})


def test_parse_text_is_total():
    """The reader of texts refuses with ValueError and nothing else."""
    with pytest.raises(ValueError, match="a map"):
        parse_text("object", "{'a': 1}")
