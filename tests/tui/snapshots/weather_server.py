"""An MCP server made with the SDK, over stdio: tools with parameters of every simple kind."""

from typing import Annotated, Literal

from mcp.server import MCPServer
from pydantic import BaseModel, Field

server = MCPServer("weather")


class Forecast(BaseModel):
    city: str
    degrees: list[float]
    scale: str


@server.tool()
def forecast(
    city: Annotated[str, Field(description="a name or a post code")],
    days: Annotated[int, Field(ge=1, le=14)] = 3,
    scale: Literal["celsius", "fahrenheit"] = "celsius",
    wind: bool = False,
) -> Forecast:
    """The weather of the days to come, in one city."""
    return Forecast(city=city, degrees=[7.5 + day for day in range(days)], scale=scale)


@server.tool()
def stations(near: str, limit: int | None = None) -> list[dict[str, str | float]]:
    """Stations that measure near a place, the nearest first."""
    return [{"name": f"{near} {each}", "km": 1.5 * each} for each in range(1, (limit or 3) + 1)]


@server.resource("weather://legend")
def legend() -> str:
    """What the signs mean."""
    return "☀ sunny, ☂ rain"


@server.prompt()
def packing(city: str) -> str:
    """What to pack for a journey."""
    return f"What do I pack for {city}?"


if __name__ == "__main__":
    server.run()
