"""A server made with the SDK's own framework that has everything. `python full.py`: over stdio."""

import asyncio
import warnings
from typing import Annotated

import mcp_types as types
from mcp.server.mcpserver import AcceptedElicitation, Context, Elicit, Image, MCPServer, Resolve, Sample
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import ElicitationResult
from pydantic import BaseModel

PICTURE = bytes(range(256))
app = MCPServer("full")


class Trip(BaseModel):
    city: str
    days: int = 3


def ask_trip() -> Elicit[Trip]:
    return Elicit("Where to?", Trip)


def ask_model() -> Sample:
    hello = types.TextContent(type="text", text="hello")
    return Sample([types.SamplingMessage(role="user", content=hello)], max_tokens=5, system_prompt="be brief")


@app.tool()
def add(a: int, b: int) -> dict[str, int]:
    return {"sum": a + b}


@app.tool(structured_output=False)
def greet(name: str) -> str:
    return f"hello {name}"


@app.tool(structured_output=False)
def several() -> list[str | Image]:
    return ["a picture:", Image(data=PICTURE, format="png")]


@app.tool(structured_output=False)
def large(size: int) -> Image:
    return Image(data=bytes(size), format="png")


@app.tool(structured_output=False)
def embedded() -> types.EmbeddedResource:
    contents = types.TextResourceContents(uri="file:///a.txt", mime_type="text/plain", text="inside")
    return types.EmbeddedResource(type="resource", resource=contents)


@app.tool(structured_output=False)
def long(word: str, size: int) -> str:
    return word * size


@app.tool(structured_output=False)
def long_embedded(word: str, size: int) -> types.EmbeddedResource:
    contents = types.TextResourceContents(uri="file:///a.html", mime_type="text/html", text=word * size)
    return types.EmbeddedResource(type="resource", resource=contents)


@app.tool()
def fail() -> str:
    raise ToolError("the cupboard is bare")


@app.tool(structured_output=False)
async def work(ctx: Context) -> str:
    await ctx.report_progress(1, 2, "half")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logging leaves the protocol, and servers still do it
        told = ctx.session.send_log_message("warning", "it is hot", "oven", related_request_id=ctx.request_id)
    await told
    return "done"


@app.tool(structured_output=False)
async def wait() -> str:
    await asyncio.sleep(1000)
    return "never"


@app.tool(structured_output=False)
def travel(trip: Annotated[ElicitationResult[Trip], Resolve(ask_trip)]) -> str:
    if isinstance(trip, AcceptedElicitation):
        return f"{trip.data.days} days in {trip.data.city}"
    return trip.action


@app.tool(structured_output=False)
def think(thought: Annotated[types.CreateMessageResult, Resolve(ask_model)]) -> str:
    return f"{thought.model} said {thought.content.text}"


@app.resource("note://today", mime_type="text/plain")
def today() -> str:
    return "buy milk"


@app.resource("note://picture", mime_type="image/png")
def picture() -> bytes:
    return PICTURE


@app.prompt()
def review(code: str) -> str:
    """Look at code."""
    return f"please review {code}"


if __name__ == "__main__":
    app.run("stdio")
