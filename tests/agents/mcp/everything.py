"""What a server with everything answers, over whatever it is connected: asked of `servers/full.py`."""

import asyncio
import stat
from base64 import b64decode
from pathlib import Path

import pytest

from lead_tui.agents.base import AgentResponse
from lead_tui.core.events import Log, Progress
from lead_tui.errors import Category, Outcome
from lead_tui.flow.models import AgentConfig
from lead_tui.testing import scripted
from lead_tui.testing.context import approval, rejection
from tests.agents.mcp.servers.full import PICTURE
from tests.agents.mcp.stage import failure, until


async def looks_around(agent, here):
    tools = {each["name"]: each for each in (await agent.execute("list_tools", {}, here)).result}
    assert {"add", "greet", "several", "large", "fail", "work", "travel", "think"} <= set(tools)
    assert tools["add"]["input_schema"]["required"] == ["a", "b"]
    resources = (await agent.execute("list_resources", {}, here)).result
    assert {each["uri"] for each in resources} == {"note://today", "note://picture"}
    assert (await agent.execute("read_resource", {"uri": "note://today"}, here)).result == "buy milk"
    read = (await agent.execute("read_resource", {"uri": "note://picture"}, here)).result
    assert (read["mime_type"], b64decode(read["data"])) == ("image/png", PICTURE)
    (prompt,) = (await agent.execute("list_prompts", {}, here)).result
    assert (prompt["name"], prompt["arguments"][0]["name"]) == ("review", "code")
    got = await agent.execute("get_prompt", {"name": "review", "arguments": {"code": 7}}, here)
    assert got.result["messages"] == [{"role": "user", "content": "please review 7"}]
    assert (await agent.execute("ping", {}, here)).result["alive"] is True


async def gives_plain_data(agent, here):
    added = await agent.execute("add", {"a": 1, "b": 2}, here)
    assert (added.result, added.meta["tool"]) == ({"sum": 3}, "add")
    assert (await agent.execute("greet", {"name": "[1]"}, here)).result == "hello [1]"
    words, picture = (await agent.execute("several", {}, here)).result
    assert (words, picture["type"], picture["mime_type"]) == ("a picture:", "image", "image/png")
    assert b64decode(picture["data"]) == PICTURE
    embedded = (await agent.execute("embedded", {}, here)).result
    assert embedded == {
        "type": "resource", "uri": "file:///a.txt", "mime_type": "text/plain", "text": "inside"
    }  # fmt: skip


async def writes_what_is_large_to_files(agent, here):
    result = (await agent.execute("large", {"size": 300_000}, here)).result
    file = Path(result.pop("file"))
    assert result == {"type": "image", "mime_type": "image/png", "bytes": 300_000}
    assert file.parent == here.files
    assert (file.suffix, file.read_bytes()) == (".png", bytes(300_000))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = (await agent.execute("large", {"size": 300_000}, here)).result
    assert Path(again["file"]) == file
    assert [each.name for each in file.parent.iterdir()] == [file.name]


async def writes_long_text_to_files(agent, here):
    assert (await agent.execute("long", {"word": "é", "size": 2**19}, here)).result == "é" * 2**19
    result = (await agent.execute("long", {"word": "é", "size": 2**19 + 1}, here)).result
    file = Path(result.pop("file"))
    about = {"bytes": 2**20 + 2, "characters": 2**19 + 1, "preview": "é" * 500}
    assert result == {"type": "text", "mime_type": "text/plain", **about}
    assert (file.parent, file.suffix, file.read_text("utf-8")) == (here.files, ".txt", "é" * (2**19 + 1))
    result = (await agent.execute("long_embedded", {"word": "x", "size": 2**20 + 1}, here)).result
    assert Path(result.pop("file")).suffix == ".html"
    about = {"bytes": 2**20 + 1, "characters": 2**20 + 1, "preview": "x" * 500}
    assert result == {"type": "resource", "uri": "file:///a.html", "mime_type": "text/html", **about}


async def fails_clearly(agent, here):
    found = await failure(agent.execute("fail", {}, here))
    assert (found.category, found.outcome, found.code) == (Category.TOOL, Outcome.PERMANENT, "tool_failed")
    assert "the cupboard is bare" in found.message
    for action, parameters, category, text in (
        ("greett", {}, Category.VALIDATION, "no such tool; did you mean 'greet'?"),
        (
            "add",
            {"a": "x"},
            Category.VALIDATION,
            "'b' is a required property; a: 'x' is not of type 'integer'",
        ),
        ("ping", {"x": 1}, Category.VALIDATION, "x"),
        ("get_prompt", {"name": "no"}, None, "get_prompt no: "),
        ("read_resource", {"uri": "note://no"}, None, "read_resource note://no: "),
        ("greet", {"name": "\ud800"}, Category.VALIDATION, "lone surrogates"),
    ):
        found = await failure(agent.execute(action, parameters, here))
        assert found.outcome is Outcome.PERMANENT
        assert found.category is category or category is None
        assert text in found.message


async def tells_how_it_goes(agent, here):
    assert (await agent.execute("work", {}, here)).result == "done"
    await until(lambda: _progress(here) and _warnings(here))
    assert _progress(here) == [(1.0, 2.0, "half")]
    assert _warnings(here) == ["oven: it is hot"]


def _progress(here):
    return [(note.done, note.total, note.text) for note in here.notes if isinstance(note, Progress)]


def _warnings(here):
    return [note.text for note in here.notes if isinstance(note, Log) and note.level == "warning"]


async def asks_people(agent, context):
    here = context(answers=[approval(values={"city": "Rome", "days": 2})])
    assert (await agent.execute("travel", {}, here)).result == "2 days in Rome"
    (gate,) = here.gates
    assert (gate.message, gate.action) == ("full asks: Where to?", "input")
    assert gate.form["city"]["type"] == "string"
    assert (gate.form["days"]["type"], gate.form["days"]["default"]) == ("integer", 3)
    here = context(answers=[rejection()])
    assert (await agent.execute("travel", {}, here)).result == "decline"


async def asks_models(agent, context):
    asked = []

    def answer(call):
        asked.append((call.action, call.parameters))
        return {"content": "hi", "model": "small", "finish_reason": "stop"}

    model = scripted(answer)(AgentConfig(name="model", type="scripted"))
    here = context(agents={"model": model})
    assert (await agent.execute("think", {}, here)).result == "small said hi"
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
    assert asked == [("chat_completion", {"messages": messages, "max_tokens": 5})]
    failing = scripted(lambda call: AgentResponse.fail(Category.RESOURCE, "no money"))
    here = context(agents={"model": failing(AgentConfig(name="model", type="scripted"))})
    assert "no money" in (await failure(agent.execute("think", {}, here))).message


async def cancels_one_call_only(agent, context):
    hanging = asyncio.create_task(agent.execute("wait", {}, context()))
    beside = asyncio.create_task(agent.execute("greet", {"name": "you"}, context()))
    assert (await beside).result == "hello you"
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert (await agent.execute("greet", {"name": "me"}, context())).result == "hello me"


async def everything(agent, context):
    here = context()
    await looks_around(agent, here)
    await gives_plain_data(agent, here)
    await writes_what_is_large_to_files(agent, here)
    await writes_long_text_to_files(agent, here)
    await fails_clearly(agent, here)
    await asks_people(agent, context)
    await asks_models(agent, context)
    await cancels_one_call_only(agent, context)
    return here
