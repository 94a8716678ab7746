"""`leadtui tools`: list, show and call, without a flow."""

import json
import shlex
from types import SimpleNamespace
from typing import Annotated

import pytest
from pydantic import Field

from lead_tui.tools import registry
from lead_tui.tools.context import ToolContext
from lead_tui.tools.tool import tool


@pytest.fixture
def registered(monkeypatch):
    """Tools of this process: an admin one, and one that says what it is given."""
    monkeypatch.setattr(registry, "_registered", {})

    @tool(access_level="admin", rate_limit={"requests": 2, "per": 30})
    def wipe() -> str:
        """Wipe it."""
        return "wiped"

    @tool
    async def tell(text: str, context: ToolContext, count: int = 1, kind: str | None = None) -> dict:
        """Tell."""
        context.log("said")
        context.log("unsaid", level="debug")
        return {"text": text, "count": count, "kind": kind, "roots": [str(root) for root in context.roots]}

    for each in (wipe, tell):
        registry.register_tool(each)


def test_the_list(leadtui, registered):
    """Each tool in a line, with level, category and where it comes from; `list` may be left out."""
    said = leadtui("tools")
    assert said.code == 0
    assert leadtui("tools", "list").out == said.out
    lines = {line.split()[0]: line.split() for line in said.out.splitlines()}
    assert lines["read_file"][1:4] == ["restricted", "files", "leadtui"]
    assert lines["wipe"][1] == "admin"


def test_the_list_as_json(leadtui, registered):
    """The same as data."""
    found = {each["name"]: each for each in leadtui("tools", "--json").json}
    assert found["wipe"]["rate_limit"] == {"requests": 2, "per": 30}
    assert found["json_parse"] == {
        "name": "json_parse", "description": "Make data of a JSON text. Tells line and column of a mistake.",
        "category": "data", "access_level": "public", "rate_limit": None,
        "source": found["read_file"]["source"],
    }  # fmt: skip


def test_a_broken_plugin_is_told_beside_the_list(leadtui, monkeypatch):
    """On stderr, with the reason; with --json among the others."""
    monkeypatch.setattr(registry, "broken", lambda: [registry.Broken("x", "acme 1", "no module y")])
    said = leadtui("tools")
    assert said.code == 0
    assert said.err == "x of acme 1 cannot be used: no module y\n"
    assert {"name": "x", "source": "acme 1", "problem": "no module y"} in leadtui("tools", "--json").json


def test_show(leadtui, registered):
    """Arguments with type, default and description, and an example that can be typed."""
    said = leadtui("tools", "show", "json_stringify").out
    assert "data       any value, required  Anything that JSON can hold." in said
    assert "indent     integer, 0 by default" in said
    assert "leadtui tools call json_stringify -p data=text" in said
    assert "level      public" in said
    admin = leadtui("tools", "show", "wipe").out
    assert "limit      2 calls in 30 seconds" in admin
    assert "arguments\n  none" in admin
    assert "--access-level admin" in admin
    assert "kind   string or null" in leadtui("tools", "show", "tell").out
    assert "text|base64" in leadtui("tools", "show", "write_file").out
    assert "-p 'data=[]'" in leadtui("tools", "show", "calculate_metrics").out
    assert "sections  array, required" in leadtui("tools", "show", "generate_report").out


def test_show_as_json(leadtui):
    """With the JSON Schema of the arguments."""
    found = leadtui("tools", "show", "json_parse", "--json").json
    assert found["schema"]["required"] == ["text"]


@pytest.mark.parametrize(
    "name", ["calculate_metrics", "json_parse", "generate_report", "validate_code", "json_stringify"]
)
def test_the_example_of_each_public_tool_parses(leadtui, name):
    """What `show` prints can be called; it may fail for its values, not for its words."""
    example = leadtui("tools", "show", name).out.strip().splitlines()[-1]
    assert leadtui(*shlex.split(example)[1:]).code in (0, 1)


def test_a_call(leadtui):
    """Data as JSON, text as it is; exit 0."""
    assert leadtui("tools", "call", "calculate_metrics", "-p", "data=[1, 2]").json["sum"] == 3
    said = leadtui("tools", "call", "json_stringify", "-p", 'data={"a": 1}')
    assert (said.code, said.out) == (0, '{"a": 1}\n')


def test_arguments(leadtui, registered):
    """Text stays text where the tool takes text, all else is JSON if it can be; its log goes to stderr."""
    said = leadtui(
        "tools", "call", "tell", "-p", "text=12", "-p", "count=3", "-p", "kind=a b", "--root", "sub"
    )
    assert said.json["text"] == "12"
    assert (said.json["count"], said.json["kind"]) == (3, "a b")
    assert said.json["roots"][0].endswith("/sub")
    assert said.err == "said\n"


def test_a_failure(leadtui):
    """Exit 1 with the error on stderr, or all of it as JSON."""
    said = leadtui("tools", "call", "json_parse", "-p", "text={")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("error: tool_error: this is no JSON")
    said = leadtui("tools", "call", "json_parse", "-p", "text={", "--json")
    assert said.code == 1
    assert said.json["success"] is False
    assert said.json["error"]["category"] == "tool_error"
    assert leadtui("tools", "call", "json_parse", "-p", "text=1", "--json").json == {
        "success": True, "result": 1, "error": None,
    }  # fmt: skip
    assert leadtui("tools", "call", "json_parse", "-p", "txt=1").code == 1


def test_folders_are_granted_on_the_command_line(leadtui, own_place):
    """Without --root no file is read; with it only inside."""
    (own_place / "data").mkdir()
    (own_place / "data" / "a.txt").write_text("hi")
    said = leadtui("tools", "call", "read_file", "-p", "path=data/a.txt")
    assert said.code == 2
    assert "--root DIR" in said.err
    said = leadtui("tools", "call", "read_file", "-p", "path=data/a.txt", "--access-level", "admin")
    assert (said.code, "no folder is granted" in said.err, "--root" in said.err) == (1, True, True)
    said = leadtui("tools", "call", "read_file", "-p", "path=data/a.txt", "--root", "data")
    assert said.json["content"] == "hi"
    said = leadtui("tools", "call", "read_file", "-p", "path=journal.db", "--root", "data")
    assert (said.code, "outside of what is granted: data" in said.err) == (1, True)


def test_hosts_are_granted_on_the_command_line(leadtui):
    """One that is not named is not called; a connection that was made is closed."""
    said = leadtui("tools", "call", "http_request", "-p", "url=http://127.0.0.1:1/", "--host", "example.com")
    assert (said.code, "not granted" in said.err, "--host" in said.err) == (1, True, True)
    said = leadtui(
        "tools", "call", "http_request", "-p", "url=http://127.0.0.1:1/", "--host", "127.0.0.1", "--json"
    )
    assert said.json["error"]["category"] == "network_error"


def test_levels(leadtui, registered):
    """An admin tool needs its level, and nothing less."""
    assert leadtui("tools", "call", "wipe").code == 2
    assert "--access-level admin" in leadtui("tools", "call", "wipe", "--root", ".").err
    assert leadtui("tools", "call", "wipe", "--access-level", "restricted").code == 2
    assert leadtui("tools", "call", "wipe", "--access-level", "admin").out == "wiped\n"
    assert leadtui("tools", "call", "wipe", "--access-level", "root").code == 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["shw"], "did you mean 'show'?"),
        (["zzz"], "one of list, show, call"),
        (["show"], "needs the NAME"),
        (["show", "json_pars"], "did you mean 'json_parse'?"),
        (["call", "json_parse", "-p", "text"], "-p takes NAME=VALUE"),
        (["call", "read_file", "--host", "a/b"], "--host: 'a/b' is no"),
    ],
)
def test_wrong_words(leadtui, words, complaint):
    """Exit 2, with what to write instead."""
    said = leadtui("tools", *words)
    assert said.code == 2
    assert complaint in said.err


def test_names_are_completed():
    """The shell offers the tools, with what they do."""
    from lead_tui.cli import completion

    offered = dict(completion.tools(SimpleNamespace(params={}), "json_"))
    assert set(offered) == {"json_parse", "json_stringify"}


def test_in_a_process_of_its_own(program):
    """Headless, with no terminal."""
    said = program("tools", "call", "calculate_metrics", "-p", "data=[2]", "--json").end()
    assert said.code == 0
    assert json.loads(said.out)["result"]["mean"] == 2


@pytest.mark.parametrize("name", ["read_file", "write_file"])
def test_the_example_of_a_tool_for_files_works(leadtui, name, tmp_path):
    """As it is printed, in a folder that has such a file."""
    (tmp_path / "notes.txt").write_text("hello")
    example = leadtui("tools", "show", name).out.strip().splitlines()[-1]
    assert leadtui(*shlex.split(example)[1:]).code == 0


def test_the_example_of_a_restricted_tool(leadtui, monkeypatch):
    """With what it needs to be granted, or its level if that is all."""
    monkeypatch.setattr(registry, "_registered", {})

    @tool(access_level="restricted")
    def inside(count: Annotated[int, Field(examples=[7])]) -> int:
        return count

    registry.register_tool(inside)
    example = leadtui("tools", "show", "inside").out.strip().splitlines()[-1]
    assert leadtui(*shlex.split(example)[1:]).json == 7
    web = leadtui("tools", "show", "http_request").out.splitlines()[-1].strip()
    assert web == "leadtui tools call http_request -p url=https://example.com/ --host example.com"


def test_a_root_that_is_a_file(leadtui, tmp_path):
    """The folder is what has to be named."""
    (tmp_path / "a.txt").write_text("x")
    said = leadtui("tools", "call", "read_file", "-p", "path=a.txt", "--root", "a.txt")
    assert said.code == 2
    assert "--root a.txt: it is no folder" in said.err
