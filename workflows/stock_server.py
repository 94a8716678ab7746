"""The stock of a shop for coffee as an MCP server, on stdin and stdout. `mcp_tools.yaml` starts it.

What it reserves it forgets when it ends: it is one process for the whole run.
"""

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

server = MCPServer("stock", instructions="Prices are in cents. Reserve only what is in stock.")


class Bean(BaseModel):
    sku: str
    origin: str
    cents: int = Field(description="for one bag of 250 g")
    bags: int = Field(ge=0, description="in stock")


class Reservation(BaseModel):
    number: int
    sku: str
    bags: int
    cents: int = Field(description="for all bags")


STOCK = {
    bean.sku: bean
    for bean in (
        Bean(sku="yirga", origin="Ethiopia", cents=1450, bags=12),
        Bean(sku="guji", origin="Ethiopia", cents=1600, bags=0),
        Bean(sku="huila", origin="Colombia", cents=1250, bags=40),
    )
}
reservations: list[Reservation] = []


class Beans(BaseModel):
    beans: list[Bean]


@server.tool()
def find_beans(origin: str | None = None) -> Beans:
    """The beans that the shop has, of one country of origin or of all."""
    return Beans(beans=[bean for bean in STOCK.values() if origin in (None, bean.origin)])


@server.tool()
def reserve(sku: str, bags: int) -> Reservation:
    """Put bags of one bean aside for a customer."""
    bean = STOCK.get(sku)
    if bean is None or not 0 < bags <= bean.bags:
        raise ToolError(f"there are {bean.bags if bean else 0} bags of {sku}")
    bean.bags -= bags
    reservations.append(
        Reservation(number=len(reservations) + 1, sku=sku, bags=bags, cents=bags * bean.cents)
    )
    return reservations[-1]


if __name__ == "__main__":
    server.run()
