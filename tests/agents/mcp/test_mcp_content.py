"""What is too large for the journal is a file of the run, and a map that refers to it."""

import json
import os
import sys
from pathlib import Path

import mcp_types as types
import msgspec

from lead_tui.agents.mcp import content
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.testing.flows import story_of
from tests.agents.mcp.stage import SERVERS

SECRET = 'a "quoted" secret'


async def test_text_keeps_no_secret(context):
    """Neither the file of a long text nor its preview has a secret of the flow, and no half of one."""
    here = context()
    here.conceal(SECRET)
    text = "x" * (content.PREVIEW - 5) + SECRET + "x" * content.LARGEST_TEXT
    result = await content.block(types.TextContent(type="text", text=text), here)
    written = Path(result["file"]).read_text("utf-8")
    assert SECRET not in written
    assert (result["preview"], result["characters"]) == (written[: content.PREVIEW], len(written))
    assert "quoted" not in result["preview"]
    assert '"' not in result["preview"]


async def test_text_stays_up_to_its_bound(context):
    """Text of as many bytes as the bound stays text, in whatever characters; one more is a file."""
    here = context()
    for character in "aé€😀":
        most = character * (content.LARGEST_TEXT // len(character.encode()))
        assert await content.block(types.TextContent(type="text", text=most), here) == most
        one_more = most + character
        kept = await content.block(types.TextContent(type="text", text=one_more), here)
        assert Path(kept["file"]).read_text("utf-8") == one_more
        assert (kept["bytes"], kept["characters"]) == (len(one_more.encode()), len(one_more))


async def test_data_is_json_without_secrets(context):
    """Large structured content is the same data in a file; a secret in it is masked and leaves it JSON."""
    here = context()
    here.conceal(SECRET)
    here.conceal("48151623")
    small = {"word": SECRET, "rows": ["x" * 1000] * 10}
    assert await content.structured(small, here) is small
    large = {"word": SECRET, "pin": 48151623, "many": [1.5, None, True], "rows": ["x" * 1000] * 4200}
    kept = await content.structured(large, here)
    file = Path(kept["file"])
    assert kept == {"mime_type": "application/json", "file": str(file), "bytes": file.stat().st_size}
    assert file.suffix == ".json"
    assert json.loads(file.read_text("utf-8")) == large | {"word": "***", "pin": "***"}
    plain = {"rows": ["y" * 1000] * 4200}
    kept = await content.structured(plain, here)
    assert json.loads(Path(kept["file"]).read_text("utf-8")) == plain


SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
from plain import answer, serve

def call(request):
    rows = ["x" * 1000] * 4200
    answer(request, {"content": [], "structuredContent": {"rows": rows, "count": 4200}})

serve(call=call)
"""


async def test_template_that_reads_a_field_of_a_file_fails(tmp_path):
    """The journal holds the reference alone, and a template that reads on fails with the path."""
    (tmp_path / "server.py").write_text(SERVER)
    agent = {"name": "data", "type": "mcp_server", "command": sys.executable,
             "args": ["server.py", str(SERVERS)], "kill_after": 0.2}  # fmt: skip
    shell = {"command": "echo {{ tasks.load.result.count }}"}
    tasks = [
        {"name": "load", "agent_name": "data", "action": "echo", "parameters": {"text": "x"}},
        {"name": "use", "agent_name": "shell", "action": "run", "parameters": shell, "depends_on": ["load"]},
    ]
    engine = Engine(MemoryJournal())
    data = {"name": "large", "agents": [agent], "tasks": tasks}
    run = await engine.start(load_dict(data, tmp_path, os.environ), {}, environment=os.environ)
    story = story_of(engine.journal, run, await run.wait())
    assert story.result.status == "failed"
    assert set(story.result.results["load"]) == {"mime_type", "file", "bytes"}
    assert "tasks.load.result.count" in str(story.result.errors)
    assert "xxxx" not in msgspec.json.encode(story.events).decode()
