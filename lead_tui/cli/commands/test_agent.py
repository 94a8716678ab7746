"""`leadtui test-agent FLOW AGENT`: one real call, with the retries, timeouts and breaker of a run."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lead_tui.cli import cockpit, completion, options, session
from lead_tui.cli.driving import Watching
from lead_tui.cli.screen import need_screen
from lead_tui.cli.terminal import out, out_json, say, short
from lead_tui.core import events as ev
from lead_tui.errors import UsageError
from lead_tui.flow.loader import Document
from lead_tui.journal.memory import MemoryJournal
from lead_tui.observers.hub import Item
from lead_tui.runner.engine import Engine
from lead_tui.runner.result import ExitCode
from lead_tui.runner.trial import Trial, Try, begin_trial
from lead_tui.text.safe import safe
from lead_tui.text.words import duration, failure_text, spending

EXAMPLES = (
    "leadtui test-agent flow.yaml api",
    "leadtui test-agent flow.yaml",
    "leadtui test-agent flow.yaml writer -p 'prompt=Three names for a cat?'",
    "leadtui test-agent flow.yaml api --action get -p endpoint=/health -p 'query={\"deep\": true}'",
)


def command(
    flow: options.Flow,
    agent: Annotated[
        str | None,
        typer.Argument(
            metavar="AGENT",
            autocompletion=completion.agents,
            help="An agent of the flow; a screen to choose one opens without it.",
            show_default=False,
        ),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option(help="By default what the flow's first task asks of it.", show_default=False),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="JSON, else text.", show_default=False),
    ] = None,
    as_json: options.Json = False,
    env_file: options.EnvFile = None,
) -> None:
    """Make one real call to one agent.

    Tells whether it can be reached, how long it took, what it answered and what was tried. Stored nowhere.
    What a model writes is shown as it comes, if this is a terminal. Without AGENT it opens a screen for as
    many calls as you like, in which you can also answer what an agent asks.
    """
    document, environment = session.load_flow(flow, env_file)
    if agent is None:
        if as_json:
            raise UsageError(f"--json needs an AGENT: {_agents(document)}")
        need_screen(f"name one of {_agents(document)}")
        raise typer.Exit(_screen(flow, env_file))
    texts = _texts(document, agent, action)
    given = {
        name: text if name in texts else _value(text)
        for name, text in session.pairs(parameters, "-p").items()
    }
    voice = _Voice(loud=not as_json and _is_terminal())
    trial = session.wait_for(_called(document, environment, agent, action, given, voice))
    if as_json:
        out_json(trial)
    else:
        out(_text(trial, told=voice.spoke))
    raise typer.Exit(ExitCode.COMPLETED if trial.success else ExitCode.FAILED)


async def _called(
    document: Document,
    environment: Mapping[str, str],
    agent: str,
    action: str | None,
    parameters: dict[str, Any],
    voice: "_Voice",
) -> Trial:
    engine = Engine(MemoryJournal(keep_files=True))  # what it shows refers to them
    run = await begin_trial(engine, document, agent, action, parameters, environment=environment)
    try:
        return await run.follow(voice.hear)
    finally:
        voice.end_line()


def _is_terminal() -> bool:
    return sys.stdout.isatty()


class _Voice:
    """Says what a call says while it is under way, if it is `loud`. `spoke`: something of its answer was."""

    def __init__(self, *, loud: bool) -> None:
        self.spoke = False
        self._loud = loud
        self._within_line = False

    def hear(self, batch: Sequence[Item]) -> None:
        for item in batch if self._loud else ():
            match item:
                case ev.Tokens(text=text):
                    self._speak(text)
                case ev.ToolCalled(tool=tool, arguments=arguments):
                    self._tell(f"  {tool} {short(arguments)}")
                case ev.ToolReturned(result=result, failure=failure, duration=seconds):
                    gave = failure_text(failure) if failure is not None else short(result)
                    self._tell(f"  -> {gave}, {duration(seconds)}")
                case ev.AttemptFailed(attempt=attempt, failure=failure, retry_in=float(again)):
                    self.spoke = False  # an answer that broke off is none
                    self._tell(f"  attempt {attempt}: {failure_text(failure)}, again in {duration(again)}")

    def end_line(self) -> None:
        if self._within_line:
            print(flush=True)
        self._within_line = False

    def _speak(self, text: str) -> None:
        print(safe(text), end="", flush=True)
        self.spoke, self._within_line = True, not text.endswith("\n")

    def _tell(self, text: str) -> None:
        self.end_line()
        say(text)


def _texts(document: Document, agent: str, action: str | None) -> set[str]:
    """The parameters that are texts whatever stands in them: `-p prompt=1` is no number."""
    config = next((each for each in document.workflow.agents if each.name == agent), None)
    asked = (task.action for task in document.workflow.all_tasks if task.agent_name == agent)
    model = config.parameters_model(action or next(asked, "")) if config is not None else None
    properties = model.model_json_schema().get("properties", {}) if model is not None else {}
    return {name for name, schema in properties.items() if _is_text(schema)}


def _is_text(schema: Mapping[str, Any]) -> bool:
    kinds = {each.get("type") for each in schema.get("anyOf", [schema])}
    return "string" in kinds and kinds <= {"string", "null"}


def _agents(document: Document) -> str:
    return ", ".join(sorted({task.agent_name for task in document.workflow.all_tasks}))


def _screen(flow: Path, env_file: Path | None) -> int:
    from lead_tui.tui.opening import TryAgents

    with session.engine(None) as engine:
        return session.wait_for(cockpit.look(engine, TryAgents(flow), Watching(), env_file=env_file))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(trial: Trial, *, told: bool) -> str:
    """`told`: the answer is on the screen already."""
    lines = [f"{trial.agent_name} {trial.verdict}: {trial.action}, {duration(trial.response_time)}"]
    lines += [_attempt(each) for each in trial.attempts]
    if trial.first_token is not None:
        lines.append(f"  first token: {duration(trial.first_token)}")
    if spent := spending(trial.usage):
        lines.append(f"  usage: {spent}")
    if trial.tool_calls:
        lines.append(f"  tools: {', '.join(use.tool for use in trial.tool_calls)}")
    if trial.breaker != "closed":
        lines.append(f"  breaker: {trial.breaker}")
    if trial.error is not None:
        lines.append(f"  {trial.error}")
    elif not told:
        lines.append(f"  result: {short(_answer(trial.result), 2000)}")
    lines += [
        f"  {name}: {short(value)}" for name, value in trial.meta.items() if value not in (None, "", False)
    ]
    return "\n".join(lines)


def _answer(result: Any) -> Any:
    """Of a model what it says; its usage stands above."""
    return result["content"] if isinstance(result, dict) and {"content", "usage"} <= result.keys() else result


def _attempt(each: Try) -> str:
    what = "ok" if each.success else str(each.error)
    again = f", again in {duration(each.retry_in)}" if each.retry_in is not None else ""
    return f"  attempt {each.attempt}: {duration(each.seconds)}, {what}{again}"
