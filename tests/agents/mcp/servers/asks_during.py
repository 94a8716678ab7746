"""A server made with the SDK's own framework, whose tools ask in the middle of a call."""

import warnings

import mcp_types as types
from mcp.server.mcpserver import AcceptedElicitation, Context, MCPServer
from pydantic import BaseModel

app = MCPServer("asks_during")


class Seat(BaseModel):
    number: int


@app.tool(structured_output=False)
async def book(ctx: Context) -> str:
    answer = await ctx.elicit("Which seat?", Seat)
    return f"seat {answer.data.number}" if isinstance(answer, AcceptedElicitation) else answer.action


@app.tool(structured_output=False)
async def think(ctx: Context) -> str:
    hello = types.SamplingMessage(role="user", content=types.TextContent(type="text", text="hello"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sampling leaves the protocol, and servers still do it
        asked = ctx.session.create_message([hello], max_tokens=5, related_request_id=ctx.request_id)
    return (await asked).content.text


@app.tool(structured_output=False)
def speaks(ctx: Context) -> str:
    return ctx.request_context.protocol_version


if __name__ == "__main__":
    app.run("stdio")
