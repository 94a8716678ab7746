"""`leadtui test-agent FLOW AGENT`: one real call, with the retries, timeouts and breaker of a run."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lead_tui.cli import cockpit, completion, options, session
from lead_tui.cli.driving import Watching
from lead_tui.cli.screen import need_screen
from lead_tui.cli.terminal import out, out_json, short
from lead_tui.errors import UsageError
from lead_tui.flow.loader import Document
from lead_tui.journal.memory import MemoryJournal
from lead_tui.runner.engine import Engine
from lead_tui.runner.result import ExitCode
from lead_tui.runner.trial import Trial, Try, try_agent
from lead_tui.text.words import duration

EXAMPLES = (
    "leadtui test-agent flow.yaml api",
    "leadtui test-agent flow.yaml",
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
    Without AGENT it opens a screen for as many calls as you like.
    """
    document, environment = session.load_flow(flow, env_file)
    if agent is None:
        if as_json:
            raise UsageError(f"--json needs an AGENT: {_agents(document)}")
        need_screen(f"name one of {_agents(document)}")
        raise typer.Exit(_screen(flow, env_file))
    given = {name: _value(text) for name, text in session.pairs(parameters, "-p").items()}
    engine = Engine(MemoryJournal())
    trial = session.wait_for(try_agent(engine, document, agent, action, given, environment=environment))
    if as_json:
        out_json(trial)
    else:
        out(_text(trial))
    raise typer.Exit(ExitCode.COMPLETED if trial.success else ExitCode.FAILED)


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


def _text(trial: Trial) -> str:
    verdict = "works" if trial.success else "answers with an error" if trial.reachable else "does not answer"
    lines = [f"{trial.agent_name} {verdict}: {trial.action}, {duration(trial.response_time)}"]
    lines += [_attempt(each) for each in trial.attempts]
    if trial.breaker != "closed":
        lines.append(f"  breaker: {trial.breaker}")
    if trial.error is not None:
        lines.append(f"  {trial.error}")
    else:
        lines.append(f"  result: {short(trial.result, 2000)}")
    lines += [
        f"  {name}: {short(value)}" for name, value in trial.meta.items() if value not in (None, "", False)
    ]
    return "\n".join(lines)


def _attempt(each: Try) -> str:
    what = "ok" if each.success else str(each.error)
    again = f", again in {duration(each.retry_in)}" if each.retry_in is not None else ""
    return f"  attempt {each.attempt}: {duration(each.seconds)}, {what}{again}"
