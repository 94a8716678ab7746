"""The scenes, one for each picture."""

from collections.abc import Awaitable, Callable

from lead_tui.core.state import RUN_ENDED, TaskStatus
from lead_tui.tui.opening import Edit, Home, Opening, TryAgents, Watch
from lead_tui.tui.widgets.tasks_table import TasksTable
from lead_tui.tui.widgets.yaml_area import YamlArea
from tests.pictures.models import MODEL_SCENES
from tests.pictures.stage import Scene, Stage

Open = Callable[[Stage], Awaitable[Opening]]


def launching(flow: str, run_id: str) -> Open:
    async def opening(stage: Stage) -> Opening:
        return stage.launch(flow, run_id)

    return opening


async def ended(stage: Stage, run_id: str) -> None:
    await stage.until(lambda: stage.state(run_id).status in RUN_ENDED)


async def quickstart(stage: Stage) -> None:
    await ended(stage, "3f9a1c")
    await stage.press("j", "j", "j")


async def parallel(stage: Stage) -> None:
    await stage.until(lambda: stage.state("b71e04").tasks["summarise_web"].status is TaskStatus.RUNNING)
    stage.app.screen.query_one(TasksTable).select("search_archive")


async def failed(stage: Stage) -> None:
    await ended(stage, "c20d77")


async def breaker(stage: Stage) -> None:
    def is_open() -> bool:
        breakers = stage.state("9ae5b1").breakers
        return "museum" in breakers and breakers["museum"].state == "open"

    await stage.until(is_open)
    await stage.press("5")
    await stage.pilot.pause(0.2)


async def graph(stage: Stage) -> None:
    await ended(stage, "3f9a1c")
    await stage.press("2", "right", "right")


async def timeline(stage: Stage) -> None:
    await ended(stage, "b71e04")
    await stage.press("3")


async def task(stage: Stage) -> None:
    await ended(stage, "3f9a1c")
    stage.app.screen.query_one(TasksTable).select("by_drink")
    await stage.press("enter", "3")


async def approval(stage: Stage) -> None:
    await stage.until(lambda: bool(stage.state("77c0de").gates))
    await stage.press("a")
    await stage.pilot.pause(0.5)


async def replay(stage: Stage) -> None:
    await stage.until(lambda: getattr(stage.app.screen, "feed", None) is not None)
    await stage.until(lambda: stage.app.screen.feed.replay is not None)
    await stage.press("plus")


async def past(stage: Stage) -> Opening:
    run = await stage.run("parallel_research.yaml", "b71e04")
    await run.wait()
    return Watch("b71e04", at=70)


async def home(stage: Stage) -> Opening:
    for run_id, flow in (
        ("3f9a1c", "quickstart"),
        ("c20d77", "failure_strategies"),
        ("77c0de", "approval_gate"),
    ):
        await (await stage.run(f"{flow}.yaml", run_id)).wait()
    await (await stage.run("quickstart.yaml", "5d81f2")).wait()
    return Home()


async def settle(stage: Stage) -> None:
    await stage.pilot.pause(1.5)


async def editing(stage: Stage) -> Opening:
    return Edit(stage.flows / "quickstart.yaml")


async def problem(stage: Stage) -> None:
    await stage.pilot.pause(1.5)
    area = stage.app.screen.query_one(YamlArea)
    broken = area.text.replace('orders.result.orders }}", by: drink', 'order.result.orders }}", by: drink')
    area.text = broken.replace("expect: [result > 15]", "expects: [result > 15]")
    await stage.pilot.pause(1.0)
    await stage.press("f8")
    await stage.pilot.pause(0.5)


async def testing(stage: Stage) -> Opening:
    return TryAgents(stage.flows / "timeouts_and_breaker.yaml", "museum")


async def tested(stage: Stage) -> None:
    await stage.pilot.pause(0.5)
    await stage.press("ctrl+r")
    await stage.pilot.pause(2.0)


async def starting(stage: Stage) -> Opening:
    return Home()


async def form(stage: Stage) -> None:
    from lead_tui.tui.intents import PrepareFlow

    stage.app.on_prepare_flow(PrepareFlow(stage.flows / "quickstart.yaml"))
    await stage.pilot.pause(1.0)


async def helping(stage: Stage) -> None:
    await ended(stage, "3f9a1c")
    await stage.press("question_mark")


SCENES = {
    "run": Scene(launching("parallel_research.yaml", "b71e04"), parallel, (140, 40)),
    "quickstart": Scene(launching("quickstart.yaml", "3f9a1c"), quickstart, (80, 24)),
    "failed": Scene(launching("failure_strategies.yaml", "c20d77"), failed, (100, 28)),
    "breaker": Scene(launching("timeouts_and_breaker.yaml", "9ae5b1"), breaker, (100, 28)),
    "graph": Scene(launching("quickstart.yaml", "3f9a1c"), graph, (110, 26)),
    "timeline": Scene(launching("parallel_research.yaml", "b71e04"), timeline, (110, 26)),
    "task": Scene(launching("quickstart.yaml", "3f9a1c"), task, (100, 28)),
    "approval": Scene(launching("approval_gate.yaml", "77c0de"), approval, (100, 28)),
    "replay": Scene(past, replay, (110, 32)),
    "home": Scene(home, settle, (120, 32)),
    "start": Scene(starting, form, (100, 30)),
    "editor": Scene(editing, problem, (130, 36)),
    "test_agent": Scene(testing, tested, (110, 32)),
    "help": Scene(launching("quickstart.yaml", "3f9a1c"), helping, (90, 40)),
    "light": Scene(launching("parallel_research.yaml", "b71e04"), parallel, (140, 40), "leadtui-light"),
    **MODEL_SCENES,
}
