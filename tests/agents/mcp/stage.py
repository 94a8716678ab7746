"""What the tests of MCP servers share: servers by the names of their scripts, and a count of processes."""

import asyncio
import os
import sys
from pathlib import Path

import psutil

from lead_tui.agents.mcp import McpServer, McpServerConfig
from lead_tui.agents.process_guard import guard
from lead_tui.agents.process_tree import OWNER, owner
from lead_tui.core.events import Service
from lead_tui.errors import AgentError

SERVERS = Path(__file__).parent / "servers"


def config(script="plain", **settings):
    """A server of `servers/`, quick to kill, which is never asked whether it lives."""
    usual = {"name": script, "type": "mcp_server", "kill_after": 0.2, "ping_interval": 0}
    if "endpoint" not in settings:
        usual |= {"command": sys.executable, "args": [str(SERVERS / f"{script}.py")]}
    else:
        usual.pop("kill_after")
    return McpServerConfig(**{**usual, **settings})


def server(script="plain", **settings):
    return McpServer(config(script, **settings))


def written(folder, text, **settings):
    """A server whose script is this text, which may import what `servers/` has."""
    script = folder / "script.py"
    script.write_text(f"import sys\nsys.path.insert(0, sys.argv[1])\n{text}")
    return server(args=[str(script), str(SERVERS)], **settings)


async def failure(call):
    """How a call failed, raised or returned."""
    try:
        response = await call
    except AgentError as error:
        return error.failure
    assert not response.success, f"it gave {response.result!r}"
    return response.error


def states(context):
    return [note.state for note in context.notes if isinstance(note, Service)]


def ours():
    """What runs because of us: our children with theirs, and what carries our marker, without the guard."""
    guard().watch()
    found = {each for each in psutil.Process().children(recursive=True) if not _is_guard(each)}
    return found | {each for each in psutil.process_iter() if _is_marked(each)}


def _is_guard(process):
    try:
        return "leadtui-guard" in process.cmdline() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _is_marked(process):
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid()
        return alive and process.environ().get(OWNER) == owner()
    except psutil.Error:
        return False


async def until(condition):
    """Wait for what another process or task does."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it is no event of ours
            await asyncio.sleep(0.005)
