"""What an agent may call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_tui.flow.models import AgentConfig, RateLimit
from lead_tui.testing import FakeContext
from lead_tui.tools import registry
from lead_tui.tools.grants import ToolGrants, split_server_tool
from lead_tui.tools.tool import LEVELS, tool


class Config(ToolGrants, AgentConfig):
    """As an agent's config inherits it."""


def config(*tools, **settings):
    return Config.model_validate({"name": "a", "type": "x", "tools": list(tools), **settings})


def complaint(*tools, **settings):
    with pytest.raises(ValidationError) as caught:
        config(*tools, **settings)
    return caught.value.errors()


@pytest.fixture
def secret_tool(plugins):
    """An installed admin tool, `wipe`, and a public one with a rate limit, `slow`."""

    @tool(access_level="admin", category="data")
    def wipe() -> None: ...

    @tool(rate_limit={"requests": 2})
    def slow() -> None: ...

    registry.register_tool(wipe)
    registry.register_tool(slow)


def test_nothing_is_granted_by_default():
    """Without a list there are no tools, no folders and no hosts."""
    assert config().granted_tools() == {}
    assert config().granted_tool("json_parse") is None
    assert config().access_level == "restricted"


def test_tools_by_name():
    """Exactly what is named, restricted ones, too."""
    granted = config(
        "json_parse",
        {"name": "write_file", "approval": "always", "rate_limit": {"requests": 1}},
        roots=["data"],
    )
    tools = granted.granted_tools()
    assert list(tools) == ["json_parse", "write_file"]
    assert tools["json_parse"].approval == "never"
    assert (tools["write_file"].approval, tools["write_file"].rate_limit) == ("always", RateLimit(requests=1))
    assert granted.granted_tool("write_file") == tools["write_file"]
    assert granted.granted_tool("read_file") is None
    assert granted.granted_tool("nonsense") is None


def test_wildcards_give_public_tools_only(secret_tool):
    """`*` and a category bring neither restricted nor admin tools, whatever the access level."""
    everything = config("*", access_level="admin").granted_tools()
    assert {each.tool.access_level for each in everything.values()} == {"public"}
    assert {"json_parse", "slow"} <= set(everything)
    of_category = config("category:data").granted_tools()
    assert {"json_parse", "json_stringify", "calculate_metrics"} <= set(of_category)
    assert not {"wipe", "slow", "generate_report"} & set(of_category)
    assert config("category:files").granted_tools() == {}


def test_the_most_particular_grant_counts():
    """A name goes before its category, and that before `*`, in whatever order they are written."""
    granted = config(
        {"name": "*", "approval": "first"},
        {"name": "category:data", "approval": "always"},
        "json_parse",
    )
    tools = granted.granted_tools()
    assert tools["json_parse"].approval == "never"
    assert tools["json_stringify"].approval == "always"
    assert tools["generate_report"].approval == "first"
    assert all(granted.granted_tool(name) == each for name, each in tools.items())


def test_a_rate_limit_of_the_grant_replaces_the_tools(secret_tool):
    """The tool's own holds unless the grant has one."""
    assert config("slow").granted_tools()["slow"].rate_limit == RateLimit(requests=2)
    mine = config({"name": "slow", "rate_limit": {"requests": 9}})
    assert mine.granted_tools()["slow"].rate_limit == RateLimit(requests=9)


def test_levels(secret_tool):
    """An admin tool needs its name and `access_level: admin`; `public` refuses restricted ones."""
    (error,) = complaint("wipe")
    assert "needs `access_level: admin`" in error["msg"]
    assert error["loc"] == ("tools", 0)
    assert "wipe" in config("wipe", access_level="admin").granted_tools()
    assert "needs `access_level: restricted`" in complaint("read_file", access_level="public")[0]["msg"]
    assert [each["loc"] for each in complaint("wipe", access_level="root")] == [("access_level",)]


def test_unknown_tools_are_told_at_their_place():
    """With the nearest name; the others are told, too."""
    errors = complaint("json_pars", "json_parse", {"name": "reed_file"})
    assert [each["loc"][:2] for each in errors] == [("tools", 0), ("tools", 2)]
    assert "did you mean 'json_parse'?" in errors[0]["msg"]
    assert "granted twice" in complaint("json_parse", {"name": "json_parse"})[0]["msg"]


def test_bad_settings_are_told():
    """Folders and hosts that are none, unknown approvals and keys."""
    assert complaint(roots=[""])[0]["loc"] == ("roots", 0)
    assert complaint(roots=["a\0b"])[0]["loc"] == ("roots", 0)
    assert "no host" in complaint(hosts=["2130706433"])[0]["msg"]
    assert complaint({"name": "json_parse", "approval": "often"})[0]["type"] == "literal_error"
    assert complaint({"name": "json_parse", "when": 1})[0]["type"] == "extra_forbidden"


def test_tools_of_servers_are_kept_not_resolved():
    """`server.tool` and `server.*` are for whoever knows the server; a named tool goes before `*`."""
    granted = config({"name": "time.*", "approval": "first"}, {"name": "time.now"}, "json_parse")
    assert list(granted.granted_tools()) == ["json_parse"]
    assert [each.of_server for each in granted.server_grants()] == [("time", "*"), ("time", "now")]
    assert granted.server_grant("time", "now").approval == "never"
    assert granted.server_grant("time", "zone").approval == "first"
    assert granted.server_grant("git", "log") is None
    assert granted.granted_tool("time.now") is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [("a.b", ("a", "b")), ("a.b.c", ("a", "b.c")), ("a", None), (".b", None), ("a.", None), ("*", None)],
)
def test_names_of_server_tools(name, parts):
    """The server is what stands before the first dot."""
    assert split_server_tool(name) == parts


def test_the_context_of_a_call(tmp_path):
    """Roots start at the flow's folder, absolute ones stay; each call has an idempotency key of its own."""
    granted = config(roots=["data", "/srv", "../up"], hosts=["a.example"])
    attempt = FakeContext(folder=tmp_path, environment={"A": "1"}, idempotency_key="key")
    found = granted.tool_context(attempt)
    assert [str(root) for root in found.roots] == [f"{tmp_path}/data", "/srv", f"{tmp_path.parent}/up"]
    assert found.hosts.allow("a.example", 443)
    assert (found.idempotency_key, found.environment) == ("key", {"A": "1"})
    found.heartbeat()
    assert attempt.heartbeats == 1
    keys = {granted.tool_context(attempt, call).idempotency_key for call in ("", "1", "2")}
    assert len(keys) == 3
    assert granted.tool_context(attempt, "1").idempotency_key in keys
    found.log("hello")
    found.conceal("secret")
    assert attempt.lines() == ["hello"]
    assert found.mask("a secret") == "a ***"


NAMES = ["*", "category:data", "category:files", "category:none", "time.now", "json_parse", "read_file",
         "validate_code", "http_request"]  # fmt: skip


@given(tools=st.lists(st.sampled_from(NAMES), unique=True), level=st.sampled_from(["restricted", "admin"]))
def test_whatever_is_granted_is_meant(tools, level):
    """A tool above public is granted exactly if its own name is in the list, and nothing is out of level."""
    granted = config(*tools, access_level=level, roots=["."], hosts=["*"]).granted_tools()
    for each in registry.all_tools():
        if each.access_level != "public":
            assert (each.name in granted) == (each.name in tools)
        else:
            meant = {"*", f"category:{each.category}", each.name} & set(tools)
            assert (each.name in granted) == bool(meant)
    assert all(LEVELS.index(each.tool.access_level) <= LEVELS.index(level) for each in granted.values())


@pytest.mark.parametrize(
    ("name", "need"), [("read_file", "roots"), ("write_file", "roots"), ("http_request", "hosts")]
)
def test_tools_that_can_do_nothing_alone(name, need):
    """Who grants a tool by its name grants what it needs, too: nothing would come of it otherwise."""
    (error,) = complaint(name)
    assert f"the tool '{name}' can do nothing without `{need}`" in error["msg"]
    assert config(name, **{need: ["data"]}).granted_tool(name) is not None


def test_what_cannot_be_used_is_left_out(plugins):
    """`*` and categories pass over a broken plugin and a tool without a schema; a name is refused."""
    plugins("acme", "acme_gone", "import sys; sys.exit(7)", gone="acme_gone:gone")
    source = "from lead_tui import tool\n@tool(category='data')\ndef odd(x: 'Nope'): ..."
    plugins("other", "acme_odd", source, odd="acme_odd:odd")
    for pattern in ("*", "category:data"):
        granted = config(pattern)
        assert "json_parse" in granted.granted_tools()
        assert not {"gone", "odd"} & set(granted.granted_tools())
        told = {each.name: (each.source, each.problem) for each in granted.unusable_tools()}
        assert told["gone"] == ("acme 1.5", "SystemExit: 7")
        assert told["odd"][0] == "other 1.5"
        assert "annotations name what is not there" in told["odd"][1]
    assert config("json_parse").unusable_tools() == []
    for name, why in (("gone", "SystemExit: 7"), ("odd", "annotations name what is not there")):
        (error,) = complaint(name)
        assert why in error["msg"]
