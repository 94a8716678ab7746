"""Agent types by name."""

import subprocess
import sys

import pytest

from lead_tui.agents import registry
from lead_tui.agents.custom import CustomAgent
from lead_tui.agents.shell import ShellAgent, ShellConfig
from lead_tui.errors import UsageError
from lead_tui.testing import scripted

OURS = {"custom", "http_api", "human", "mock", "python", "shell"}


@pytest.fixture
def plugins(monkeypatch, tmp_path):
    """A folder of installed plugins: `plugins(distribution, type=reference)` adds one."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_registered", {})
    registry._entry_points.cache_clear()

    def install(distribution, **types):
        info = tmp_path / f"{distribution}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.5\n")
        lines = "\n".join(f"{name} = {value}" for name, value in types.items())
        (info / "entry_points.txt").write_text(f"[lead_tui.agents]\n{lines}\n")
        registry._entry_points.cache_clear()

    yield install
    registry._entry_points.cache_clear()


def test_our_types_come_by_the_plugins_door():
    """Every built-in type is an entry point of the distribution."""
    assert set(registry.type_names()) >= OURS
    assert registry.agent_class("shell") is ShellAgent
    assert registry.config_model("shell") is ShellConfig


def test_an_unknown_type_is_told_with_the_nearest(plugins):
    """A slip of the pen is found; far from everything, the known ones are listed."""
    with pytest.raises(UsageError, match=r"no agent type 'shel'; did you mean 'shell'"):
        registry.agent_class("shel")
    with pytest.raises(UsageError, match=r"known are .*mock"):
        registry.agent_class("qqqqqq")
    assert registry.config_model("shel") is None


def test_a_type_can_be_registered(plugins):
    """It goes before an entry point, and must be an agent."""
    mine = scripted(lambda call: 1)
    registry.register_agent_type("shell", mine)
    registry.register_agent_type("mine", mine)
    assert registry.agent_class("shell") is registry.agent_class("mine") is mine
    for wrong in (object, "text", None):
        with pytest.raises(UsageError, match=r"must derive from lead_tui\.BaseAgent"):
            registry.register_agent_type("wrong", wrong)


def test_a_broken_plugin_breaks_nobody_else(plugins, tmp_path):
    """Who names it learns which package it is of; the others work, and `describe` shows the problem."""
    (tmp_path / "broken_plugin.py").write_text("raise ValueError('old version')")
    plugins("acme", broken="broken_plugin:Agent", odd="json:loads", fine="lead_tui.agents.mock:MockAgent")
    with pytest.raises(UsageError, match=r"'broken' of acme 1.5 cannot be loaded: ValueError: old version"):
        registry.agent_class("broken")
    with pytest.raises(UsageError, match=r"'odd' of acme 1.5 must derive"):
        registry.config_model("odd")
    assert registry.agent_class("fine").__name__ == "MockAgent"
    told = {each.name: each for each in registry.describe()}
    assert "old version" in told["broken"].problem
    assert told["broken"].source == "acme 1.5"
    assert told["fine"].problem == ""


def test_two_packages_that_bring_the_same_type_are_told_apart_by_nobody(plugins):
    """Neither wins in silence."""
    plugins("acme", weather="lead_tui.agents.mock:MockAgent")
    plugins("other", weather="lead_tui.agents.shell:ShellAgent")
    with pytest.raises(UsageError, match=r"comes from (acme|other) 1.5 and (acme|other) 1.5: uninstall one"):
        registry.agent_class("weather")


def test_the_description_of_a_type():
    """What `leadtui agents` shows, for ours and for registered ones."""
    told = {each.name: each for each in registry.describe() if each.name in OURS - {"http_api"}}
    shell, custom = told["shell"], told["custom"]
    assert (shell.summary, shell.actions, shell.builtin) == (
        "Run a shell command or a program.",
        ["run"],
        True,
    )
    assert shell.fields == ["env", "cwd", "shell", "kill_after"]
    assert shell.source.startswith("leadtui ")
    assert (custom.fields, custom.actions, custom.builtin) == (["class"], None, False)
    assert not any(each.problem for each in told.values())
    assert {"human", "python", "shell"} <= {each.name for each in told.values() if each.builtin}


def test_a_registered_type_is_described_by_its_module(plugins):
    """There is no distribution to name."""
    registry.register_agent_type("mine", scripted(lambda call: 1))
    mine = next(each for each in registry.describe() if each.name == "mine")
    assert mine.source == __name__
    assert mine.summary == "Answers with what its function returns: a response, or a plain result."


@pytest.mark.parametrize("said", ["SystemExit(7)", "KeyboardInterrupt('stop')"])
def test_a_plugin_that_wants_to_end_us(plugins, tmp_path, capsys, said):
    """Neither does: it is its failure, and what it prints before does not reach stdout."""
    module = f"plugin_that_ends_{said.lower()[:6]}"
    (tmp_path / f"{module}.py").write_text(f"print('welcome')\nraise {said}")
    plugins("acme", ends=f"{module}:Agent")
    with pytest.raises(UsageError, match=f"'ends' of acme 1.5 cannot be loaded: {said.partition('(')[0]}"):
        registry.agent_class("ends")
    assert capsys.readouterr() == ("", "welcome\n")


def test_a_type_loads_when_it_is_named():
    """Naming `mock` imports neither the others nor a client library."""
    code = (
        "import sys; from lead_tui.agents import registry; registry.agent_class('mock');"
        "print([m for m in sys.modules if m.startswith(('lead_tui.agents.', 'psutil', 'httpx2', 'aiohttp'))])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert eval(shown) == ["lead_tui.agents.base", "lead_tui.agents.registry", "lead_tui.agents.mock"]


def test_custom_is_a_type_like_any_other():
    """Its model knows the key `class`."""
    assert registry.agent_class("custom") is CustomAgent
    assert "class" in registry.config_model("custom").model_json_schema()["properties"]
