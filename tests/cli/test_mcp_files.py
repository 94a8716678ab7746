"""What an MCP server answers that is too large for the journal: files of the run."""

import json
import stat
import sys
from pathlib import Path

from tests.agents.mcp.stage import SERVERS

PICTURE = {"type": "image", "mimeType": "image/png", "data": "AAAA" * 100_000}


def flow_of(flow, *blocks, script="plain"):
    """A flow whose task `look` gets these blocks."""
    program = {"command": sys.executable, "args": [str(SERVERS / f"{script}.py")]}
    agent = {"name": "desk", "type": "mcp_server", **program}
    parameters = {"result": {"content": [*blocks]}}
    return flow(
        {"name": "look", "agent_name": "desk", "action": "show", "parameters": parameters}, agents=[agent]
    )


def test_files_of_a_run_lie_beside_its_journal(leadtui, flow, own_place):
    """In a folder of the run, for this user alone; the result refers to them, and `show` says where."""
    ran = leadtui("run", flow_of(flow, PICTURE), "--run-id", "w1", "--output", "json")
    file = Path(ran.json["results"]["look"]["file"])
    assert (file.stat().st_size, stat.S_IMODE(file.stat().st_mode)) == (300_000, 0o600)
    assert file.parent == own_place / "journal.db.files" / "w1"
    assert {stat.S_IMODE(each.stat().st_mode) for each in file.parents[:2]} == {0o700}
    assert f"files {file.parent}" in leadtui("show", "w1").out.splitlines()
    assert leadtui("show", "w1", "--json").json["files"] == str(file.parent)


def test_a_run_without_files_has_no_folder_for_them(leadtui, flow, own_place):
    """What is small enough is in the journal."""
    path = flow_of(flow, {"type": "text", "text": "hello"})
    assert leadtui("run", path, "--run-id", "w1", "-q").code == 0
    assert not (own_place / "journal.db.files").exists()
    assert "\nfiles " not in leadtui("show", "w1").out
    assert leadtui("show", "w1", "--json").json["files"] is None


def test_a_test_call_keeps_the_files_that_it_shows(program, flow, own_place, monkeypatch):
    """It is stored nowhere, so they are in the system's temporary folder."""
    monkeypatch.setenv("TMPDIR", str(own_place))
    path = flow_of(flow, script="full")
    said = program("test-agent", path, "desk", "--action", "large", "-p", "size=300000", "--json").end()
    file = Path(json.loads(said.out)["result"]["file"])
    assert (file.stat().st_size, file.parents[2]) == (300_000, own_place)
