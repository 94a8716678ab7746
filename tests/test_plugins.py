"""Loading what an entry point names."""

import sys
from importlib.metadata import EntryPoint

import pytest

from lead_tui.plugins import CannotLoad, load, source


@pytest.fixture
def point(monkeypatch, tmp_path):
    """The entry point of a module with this text."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text):
        (tmp_path / "plugin_of_a_test.py").write_text(text)
        monkeypatch.delitem(sys.modules, "plugin_of_a_test", raising=False)
        return EntryPoint("x", "plugin_of_a_test:x", "group")

    yield write
    sys.modules.pop("plugin_of_a_test", None)


def test_what_is_loaded(point, capsys):
    """The object; what the import prints goes to stderr, what comes afterwards where it went before."""
    assert load(point("print('hello')\nx = 5")) == 5
    print("mine")
    assert capsys.readouterr() == ("mine\n", "hello\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise SystemExit(7)", "SystemExit: 7"),
        ("import sys; sys.exit()", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit('x')", "GeneratorExit: x"),
        ("y = 1", "AttributeError: module 'plugin_of_a_test' has no attribute 'x'"),
        ("def", "SyntaxError: invalid syntax"),
        ("class E(Exception):\n  def __str__(self): raise SystemExit\nraise E", "__str__ raised SystemExit"),
    ],
)
def test_whatever_it_raises_is_its_failure(point, text, told):
    """Nothing that a plugin does while it is imported ends us."""
    with pytest.raises(CannotLoad, match=told):
        load(point(text))


def test_an_entry_point_without_a_distribution_is_told_by_its_value():
    """Metadata may be incomplete."""
    assert source(EntryPoint("x", "a:b", "group")) == "a:b"
