"""A server made with the SDK's own framework, whose tool asks a person twice."""

from typing import Annotated

from mcp.server.mcpserver import Elicit, MCPServer, Resolve
from pydantic import BaseModel

app = MCPServer("books")


class Traveller(BaseModel):
    name: str


class Seat(BaseModel):
    number: int


def ask_who() -> Elicit[Traveller]:
    return Elicit("Who travels?", Traveller)


def ask_where(who: Annotated[Traveller, Resolve(ask_who)]) -> Elicit[Seat]:
    return Elicit(f"Which seat for {who.name}?", Seat)


@app.tool(structured_output=False)
def book(who: Annotated[Traveller, Resolve(ask_who)], seat: Annotated[Seat, Resolve(ask_where)]) -> str:
    return f"seat {seat.number} for {who.name}"


if __name__ == "__main__":
    app.run("stdio")
