"""Text to plain data: YAML 1.2's core types, positions, and everything that is refused."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.errors import InvalidFlow
from lead_tui.flow.document import MAX_BYTES, parse


def refused(text, filename="f.yaml"):
    with pytest.raises(InvalidFlow) as caught:
        parse(text, filename)
    return [f"{each.line}:{each.col} {each.code}" for each in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("yes", "yes"), ("No", "No"), ("1:30", "1:30"), ("017", "017"), ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"), ("1.2.3", "1.2.3"), ("+", "+"), ("-", None), (".", "."), ("0x", "0x"),
        (".inf", ".inf"), (".nan", ".nan"), ("NaN", "NaN"),
        ("0", 0), ("-7", -7), ("+7", 7), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True), ("False", False), ("~", None), ("null", None), ("", None),
        ("'1'", "1"), ('"true"', "true"), ("'null'", "null"), ("|\n  1", "1"), (">\n  a\n  b", "a b"),
    ],
)  # fmt: skip
def test_scalars(text, value):
    """Plain words are null, true, false or numbers only where YAML 1.2's core says so."""
    if text == "-":
        assert parse("a:\n-")[0] == {"a": [None]}
        return
    result = parse(f"a: {text}")[0]["a"]
    assert result == value
    assert type(result) is type(value)


def test_positions():
    """Each value and key knows its line and column; a path that is not there gives its nearest parent."""
    _, positions = parse("a: 1\nb:\n  - x\n  - c: {d: 2}\ne: |\n  one\n    two\n")
    assert positions.find(()) == (1, 1)
    assert positions.find(("a",)) == (1, 4)
    assert positions.find(("a",), "key") == (1, 1)
    assert positions.find(("b", 1, "c", "d")) == (4, 12)
    assert positions.find(("b", 1, "c", "d"), "key") == (4, 9)
    assert positions.find(("b", 1, "nope", "deeper")) == (4, 5)
    assert positions.find(("e",)) == (5, 4)
    assert positions.find(("e",), line=1) == (6, 3)
    assert positions.find(("e",), line=2) == (7, 5)
    assert positions.find(("e",), line=9) == (5, 4)


def test_anchors():
    """Small anchors and merge keys work; what is merged stands where it was written."""
    data, positions = parse(
        "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo:\n  <<: [*b, {z: 4}]\nname: &n z\nlast: *n\n"
    )
    assert data["one"] == {"x": 1, "y": 3}
    assert data["two"] == {"x": 1, "y": 2, "z": 4}
    assert data["last"] == "z"
    assert positions.find(("one", "x")) == (1, 14)


def test_json():
    """JSON is read with its tabs, escapes and pairs of surrogates."""
    value = {"a": [1, None, True, 'é\t"\\/😀'], "b": {"c": 1.5}}
    for indent in (None, 2, "\t"):
        text = json.dumps(value, indent=indent)
        assert parse(text)[0] == value
        assert parse(text.replace("/", "\\/"), "f.json")[0] == value
    assert parse("[1,\n\t2]", "f.json")[0] == [1, 2]


SCALARS = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text("ab \\'😀/{}:#", max_size=5)
NESTED = st.recursive(
    SCALARS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text("abc", min_size=1), each, max_size=3),
    max_leaves=8,
)


@given(NESTED)
def test_json_round_trip(value):
    """Whatever JSON can hold comes through, from JSON and from YAML."""
    document = {"v": value}
    assert parse(json.dumps(document), "f.json")[0] == document
    assert parse(yaml.safe_dump(document, allow_unicode=True))[0] == document


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1:1 empty"]),
        ("# only a comment\n", ["1:1 empty"]),
        ("~", ["1:1 empty"]),
        ("a: 1\na: 2\nb: 1\nb: 2", ["2:1 duplicate-key", "4:1 duplicate-key"]),
        ('{"a": 1, "a": 2}', ["1:10 duplicate-key"]),
        ("a: !!str 5", ["1:4 yaml-tag"]),
        ("a: ! x", ["1:4 yaml-tag"]),
        ("a: !!python/object/apply:os.system [ls]", ["1:4 yaml-tag"]),
        ("a: 1\n---\nb: 2", ["2:1 several-documents"]),
        ("a: 1\n1: x\ntrue: y", ["2:1 bad-key", "3:1 bad-key"]),
        ("? [a]\n: b", ["1:3 bad-key"]),
        ("!!str a: b", ["1:1 bad-key"]),
        ("x: {{ a }}", ["1:5 bad-key"]),
        ("x: {{ a.b }} z", ["1:5 bad-key"]),
        ("a: *x", ["1:4 bad-alias"]),
        ("a: &a [*a]", ["1:8 bad-alias"]),
        ("a: &a 1\nb: {<<: *a}", ["1:4 bad-alias"]),
        ("a: 1e999", ["1:4 bad-value"]),
        ("a: " + "9" * 5000, ["1:4 bad-value"]),
        ("a: 99999999999999999999", ["1:4 bad-value"]),
        ("a:\n\tb: 1", ["2:1 yaml-syntax"]),
        ("a: 'x", ["1:6 yaml-syntax"]),
        ("a: [1, 2\nb: 3", ["2:2 yaml-syntax"]),
        ("a: b: c", ["1:5 yaml-syntax"]),
        ("a: \x00", ["1:4 yaml-syntax"]),
        ("ok: 1\na: \x1b[2J", ["2:4 yaml-syntax"]),
        (b"ok: 1\nabc: \xff", ["2:6 not-utf8"]),
        ("a: x".encode("utf-16"), ["1:1 not-utf8"]),
        ("a: \ud800", ["1:4 not-utf8"]),
        ("[" * 200_000, ["1:51 too-deep"]),
        ("{a: " * 200_000, ["1:201 too-deep"]),
        ("- " * 200_000, ["1:101 too-deep"]),
        ("a: " + "x" * MAX_BYTES, ["1:1 too-large"]),
    ],
)  # fmt: skip
def test_refused(text, problems):
    """What is no document for us is refused at its place, before anything is built of it."""
    assert refused(text) == problems


def test_alias_bombs():
    """Aliases may not expand without bound, neither in number nor in depth."""
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert len(bomb) < 500
    assert refused(bomb) == ["5:28 alias-bomb"]
    lists = [("a: &a ", 20, "x"), ("b: &b ", 18, "*a"), ("c: ", 13, "*b")]
    deep = "".join(f"{key}{'[' * count}{value}{']' * count}\n" for key, count, value in lists)
    assert refused(deep) == ["3:17 too-deep"]


def test_hints():
    """The usual slips are told with the way out."""
    for text, hint in (
        ("x: {{ a }}", "a template stands in quotes"),
        ("a:\n\tb: 1", "spaces, not tabs"),
        ("a: b {{ c: d }}", "a template stands in quotes"),
        ("1: x", "put it in quotes"),
    ):
        with pytest.raises(InvalidFlow, match=hint):
            parse(text, "f.yaml")


def test_byte_order_mark_and_line_ends():
    """A BOM and Windows line ends change nothing."""
    assert parse("\ufeffa: 1\r\nb: 2\r\n".encode())[0] == {"a": 1, "b": 2}


def test_without_the_c_parser(monkeypatch):
    """The pure Python parser gives the same data and refuses the same things."""
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert parse('{\n\t"a": 1, "b": [true, "\\ud83d\\ude00"]}')[0] == {"a": 1, "b": [True, "😀"]}
    assert refused("[" * 2_000) == ["1:51 too-deep"]
    assert refused("a: 1\na: 2") == ["2:1 duplicate-key"]


@given(
    st.binary(max_size=60)
    | st.text(max_size=60)
    | st.text(alphabet="a:{}[]-&*!|>'\"\\#?,<\n\t %1.e0x~", max_size=60)
)
def test_any_input_is_read_or_refused(text):
    """Nothing but InvalidFlow ever comes out of bad text, and each problem has a code."""
    try:
        parse(text, "f.yaml")
    except InvalidFlow as error:
        assert error.diagnostics
        assert all(each.code and each.message for each in error.diagnostics)
