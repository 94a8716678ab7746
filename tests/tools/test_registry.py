"""Tools by name, ours and those of plugins."""

import textwrap

import pytest

from lead_tui.errors import UsageError
from lead_tui.tools import registry
from lead_tui.tools.tool import tool

OURS = {
    "calculate_metrics", "generate_report", "http_request", "json_parse", "json_stringify", "read_file",
    "validate_code", "write_file",
}  # fmt: skip


def test_our_tools_come_by_the_plugins_door():
    """Each built-in is an entry point of the distribution, with a schema and a description."""
    ours = {each.name: each for each in registry.all_tools()}
    assert set(ours) >= OURS
    for name in OURS:
        assert ours[name].source.startswith("leadtui ")
        assert ours[name].schema["type"] == "object"
        assert all(each.get("description") for each in ours[name].schema["properties"].values())
        assert ours[name].description
    restricted = {name for name in OURS if ours[name].access_level != "public"}
    assert restricted == {"http_request", "read_file", "write_file"}


def test_an_unknown_tool_is_told_with_the_nearest(plugins):
    """A slip of the pen is found; far from everything, the known ones are listed."""
    with pytest.raises(UsageError, match="no tool 'json_pars'; did you mean 'json_parse'"):
        registry.find_tool("json_pars")
    with pytest.raises(UsageError, match="one of calculate_metrics"):
        registry.find_tool("qqqqqqqq")


def test_a_tool_can_be_registered(plugins):
    """It goes before an entry point, and must be a tool."""

    @tool(name="json_parse")
    def mine() -> None: ...

    registry.register_tool(mine)
    assert registry.find_tool("json_parse").function is mine
    assert [each.function for each in registry.all_tools() if each.name == "json_parse"] == [mine]
    with pytest.raises(UsageError, match="decorate it with @tool"):
        registry.register_tool(len)


def test_a_plugin_brings_a_function(plugins):
    """An entry point with the tool's name gives it, and says whose it is."""
    source = "from lead_tui import tool\n@tool\ndef shout(t: str) -> str: return t.upper()"
    plugins("acme", "acme_one", source, shout="acme_one:shout")
    assert registry.find_tool("shout").source == "acme 1.5"
    assert registry.find_tool("shout").function("a") == "A"
    assert registry.find_tool("shout") is registry.find_tool("shout")


def test_a_plugin_brings_a_module(plugins):
    """Every tool of a module is there, by its own name."""
    source = """
        from lead_tui import tool
        @tool
        def one() -> int: return 1
        @tool(name="second")
        def two() -> int: return 2
        def no_tool(): ...
    """
    plugins("acme", "acme_two", textwrap.dedent(source), anything="acme_two")
    assert registry.find_tool("second").function() == 2
    assert {"one", "second"} <= set(registry.tool_names())
    assert "no_tool" not in registry.tool_names()


@pytest.mark.parametrize(
    ("source", "points", "complaint"),
    [
        (
            "import nowhere_at_all",
            {"broken": "acme_bad:broken"},
            "acme 1.5 cannot be loaded: ModuleNotFoundError",
        ),
        ("raise RuntimeError('no licence')", {"broken": "acme_bad:broken"}, "RuntimeError: no licence"),
        (
            "import sys; sys.exit(7)",
            {"broken": "acme_bad:broken"},
            "acme 1.5 cannot be loaded: SystemExit: 7",
        ),
        ("raise KeyboardInterrupt", {"broken": "acme_bad"}, "acme 1.5 cannot be loaded: KeyboardInterrupt"),
        ("broken = 5", {"broken": "acme_bad:broken"}, "is no tool and no module with tools"),
        ("x = 5", {"other": "acme_bad"}, "no tool 'broken'.*acme 1.5 cannot be loaded: acme_bad is no tool"),
        (
            "from lead_tui import tool\n@tool\ndef other() -> int: return 1",
            {"broken": "acme_bad:other"},
            "the entry point is named 'broken', the tool 'other'",
        ),
        (
            "from lead_tui import tool\n@tool(name='a b')\ndef broken() -> int: return 1",
            {"broken": "acme_bad:broken"},
            "up to 64 letters",
        ),
    ],
)
def test_a_broken_plugin_hurts_only_who_names_it(plugins, source, points, complaint):
    """It says whose it is and why; all others are there as before, and it is listed as broken."""
    plugins("acme", "acme_bad", source, **points)
    with pytest.raises(UsageError, match=complaint):
        registry.find_tool("broken")
    assert set(registry.tool_names()) >= OURS
    (broken,) = registry.broken()
    assert (broken.name, broken.source) == (next(iter(points)), "acme 1.5")
    assert registry.find_tool("json_parse").name == "json_parse"


def test_two_plugins_of_one_name(plugins):
    """Neither wins: who names the tool is told to uninstall one."""
    source = "from lead_tui import tool\n@tool\ndef twice() -> int: return 1"
    plugins("acme", "acme_a", source, twice="acme_a:twice")
    plugins("other", "acme_b", source, twice="acme_b:twice")
    with pytest.raises(UsageError, match=r"from (acme|other) 1\.5 and (acme|other) 1\.5: uninstall one"):
        registry.find_tool("twice")
