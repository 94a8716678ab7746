"""Scenes with models and MCP servers: an answer that streams, servers, a budget, single calls to both."""

from typing import Any

from lead_tui.core.state import TASK_ENDED
from lead_tui.testing import call, say
from lead_tui.testing.model_server.request import ModelRequest
from lead_tui.tui.model import RunModel
from lead_tui.tui.opening import Launch, Opening, TryAgents
from lead_tui.tui.screens.test_agent import TestAgentScreen
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.tasks_table import TasksTable
from tests.pictures.stage import Scene, Stage

PRICES = "prices: {input: 0.4, output: 1.6}"
ADVICE = """\
There are two Ethiopian coffees on the list, and one of them is in stock: **Yirgacheffe**, twelve bags of it.

- It tastes of bergamot and apricot, and is roasted lightly.
- A bag of 250 g costs 14.50 euros, so two come to 29.00 euros and stay well below your 40.

The other one, Guji, would be 32.00 euros for two, but there is none left at the moment. If you would"""

SERVERS = """\
name: two-shops
agents:
  - {name: stock, type: mcp_server, command: "${PYTHON:-python3}", args: [stock_server.py]}
  - name: archive
    type: mcp_server
    command: ${PYTHON:-python3}
    args: [-c, "import sys; sys.exit('archive.db is locked by another process')"]
    retry_config: {max_attempts: 2, initial_delay: 0.1}
  - {name: desk, type: mock, latency: 1h}
tasks:
  - {name: tools, agent_name: stock, action: list_tools}
  - {name: beans, agent_name: stock, action: find_beans, parameters: {origin: Ethiopia}}
  - {name: orders, agent_name: archive, action: find_orders}
  - {name: report, agent_name: desk, action: write}
parallel_execution: true
failure_strategy: continue_on_failure
"""

LETTERS = f"""\
name: letters
description: Writes to every customer whose order is late.
parallel_execution: true
max_parallel: 2
budget: {{usd: 0.02, mode: enforce}}
agents:
  - name: writer
    type: ai_agent
    provider: openai
    model: gpt-4.1
    max_tokens: 400
    {PRICES.replace("0.4", "2").replace("1.6", "8")}
tasks:
"""
CUSTOMERS = ("ada", "bruno", "chiara", "dmitri", "emil", "fatou", "grete", "hugo")


def advises(request: ModelRequest) -> Any:
    """Looks into the stock twice, then speaks and does not end."""
    find = next((name for name in request.tools if name.endswith("find_beans")), "")
    asked = sum(message["role"] == "tool" for message in request.messages)
    if asked < 2:
        return call(find, origin=("Ethiopia", "Colombia")[asked]).using(input=640 + 300 * asked, output=24)
    pieces = [f"{word} " for word in ADVICE.split(" ")]
    return say(*pieces, "rather ", "wait ", "for it").using(input=1400, output=180).hanging(after=len(pieces))


def writes(request: ModelRequest) -> Any:
    return say("Dear customer, your parcel is late, and we are sorry. It leaves today.").using(
        input=900, output=260
    )


def priced(stage: Stage) -> str:
    """The example with a price for its model."""
    name = "mcp_tools.yaml"
    text = (stage.flows / name).read_text(encoding="utf-8")
    stage.write(name, text.replace("max_tokens: 600", f"max_tokens: 600\n    {PRICES}"))
    return name


async def advising(stage: Stage) -> Launch:
    return stage.launch(priced(stage), "4be1d9")


async def advised(stage: Stage) -> None:
    """Until it speaks of what is not in stock."""
    await said(stage, "4be1d9", "Guji")
    stage.app.screen.query_one(TasksTable).select("advise")
    await stage.pilot.pause(1.0)


async def said(stage: Stage, run_id: str, word: str) -> None:
    model = stage.app.feeds.of(run_id).model
    await stage.until(lambda: word in all_of(model))


async def ended(stage: Stage, run_id: str, *tasks: str) -> None:
    await stage.until(lambda: all(stage.state(run_id).tasks[each].status in TASK_ENDED for each in tasks))


async def two_servers(stage: Stage) -> Launch:
    stage.write("two_shops.yaml", SERVERS)
    return stage.launch("two_shops.yaml", "a31f70")


async def one_failed(stage: Stage) -> None:
    await ended(stage, "a31f70", "orders", "beans")
    await stage.press("5", "j", "j")


async def many_letters(stage: Stage) -> Launch:
    tasks = [
        f"  - {{name: {name}, agent_name: writer, action: chat_completion, "
        f'parameters: {{prompt: "Write to {name}: the parcel is late."}}}}\n'
        for name in CUSTOMERS
    ]
    stage.write("letters.yaml", LETTERS + "".join(tasks))
    return stage.launch("letters.yaml", "e07a52")


async def spent(stage: Stage) -> None:
    await stage.until(lambda: stage.state("e07a52").status == "waiting")


async def trying_model(stage: Stage) -> Opening:
    return TryAgents(stage.flows / priced(stage), "adviser")


async def streaming(stage: Stage) -> None:
    screen = stage.app.screen
    assert isinstance(screen, TestAgentScreen)
    await stage.until(lambda: len(screen.query("FieldEdit")) == 3)
    await stage.press("ctrl+r")
    await stage.until(lambda: bool(screen.calls) and "Guji" in all_of(screen.calls[0].model))


def all_of(model: RunModel | None) -> str:
    """What was said in a run."""
    items = model.log.all.items if model is not None else ()
    return "".join(getattr(item, "text", "") for item in items)


async def trying_server(stage: Stage) -> Opening:
    stage.write(".env", f"PYTHON={stage.environment['PYTHON']}\n")
    return TryAgents(stage.flows / "mcp_tools.yaml", "stock")


async def reserved(stage: Stage) -> None:
    screen = stage.app.screen
    assert isinstance(screen, TestAgentScreen)
    await stage.until(lambda: bool(screen.calls) and not screen.calls[0].under_way)
    await stage.press("enter", "down", "enter", *"yirga", "enter", "2", "enter")
    await stage.until(lambda: len(screen.calls) == 2 and not screen.calls[0].under_way)
    screen.query_one(Form).focus_first()


MODEL_SCENES = {
    "answer": Scene(advising, advised, (120, 40), model=advises),
    "mcp": Scene(two_servers, one_failed, (120, 32)),
    "budget": Scene(many_letters, spent, (110, 28), model=writes),
    "test_model": Scene(trying_model, streaming, (120, 34), model=advises),
    "test_server": Scene(trying_server, reserved, (120, 34)),
}
