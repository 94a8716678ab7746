"""A server of the SDK whose tool tells how far it is, and waits at a door after each step."""

import asyncio
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer

app = MCPServer("slow")


@app.tool(structured_output=False)
async def work(folder: str, steps: int, ctx: Context) -> str:
    for number in range(steps):
        await ctx.report_progress(number, steps)
        await asyncio.to_thread((Path(folder) / f"door{number}").read_text)
    return "done"


if __name__ == "__main__":
    app.run("stdio")
