"""The commands by name, with one line each: the help needs no more. A command's module loads when it runs.

A module of `commands/` has the function `command`, its parameters in typer's words, and `EXAMPLES`.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

SECTIONS: dict[str, dict[str, str]] = {
    "Run": {
        "run": "Run a flow and watch it",
        "edit": "Write a flow, with its mistakes and its graph in sight",
        "plan": "Show what would run, in what order, with what settings",
        "validate": "Check flows without starting anything",
        "test-agent": "Make single calls to the agents of a flow",
        "demo": "A guided run that needs no network",
    },
    "Look": {
        "watch": "The cockpit on any run, live or past",
        "runs": "List runs, newest first",
        "show": "One run: its tasks, errors and outputs",
        "logs": "What the agents of a run said",
        "events": "The log of a run as JSON lines",
        "why": "Why a task is where it is",
    },
    "Steer": {
        "cancel": "End a run, or one task of it",
        "pause": "Start nothing new until `resume`",
        "resume": "End a pause, or take up a waiting or crashed run",
        "retry": "Run again what failed, was cancelled or interrupted",
        "skip": "Settle an interrupted task without running it",
        "approve": "Answer a gate with yes",
        "reject": "Answer a gate with no",
        "raise-budget": "Raise the limits of a budget that is spent",
        "breaker": "Open or close the circuit breaker of an agent",
    },
    "Set up": {
        "init": "Lay out a new flow",
        "agents": "The agent types that are installed",
        "tools": "The tools that are installed; show one, call one",
        "schema": "JSON Schema of a flow, for editors",
        "doctor": "Check this installation",
    },
}
SUMMARIES = {name: summary for section in SECTIONS.values() for name, summary in section.items()}
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class Commands(TyperGroup):
    """Knows its commands by name, and imports the one that is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(SUMMARIES)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        return load_command(cmd_name) if cmd_name in SUMMARIES else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(map(len, SUMMARIES))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), summary) for name, summary in commands.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Names the nearest command for one that there is not; the base class would import them all."""
        if args and args[0] not in SUMMARIES and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], SUMMARIES, 1)
            hint = f"did you mean {near[0]!r}?" if near else "`leadtui --help` lists them"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        from lead_tui.cli.failure import explained

        with explained():
            return super().invoke(ctx)


def load_command(name: str) -> TyperCommand:
    module = import_module(f"lead_tui.cli.commands.{name.replace('-', '_')}")
    examples = "\n".join(f"  {line}" for line in module.EXAMPLES)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, epilog=f"\b\nExamples:\n{examples}", context_settings=HELP_OPTIONS)(module.command)
    found = typer.main.get_command(app)
    assert isinstance(found, TyperCommand)  # noqa: S101 - an app with one command is that command
    return found


def _version(wanted: bool) -> None:
    if wanted:
        from lead_tui import __version__

        print(f"leadtui {__version__}")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_version
    ),
) -> None:
    """Run flows of agents: durable, watched, steered from any terminal.

    Without a command, on a terminal, it opens the cockpit: the flows of this folder, the runs of all, what
    needs you. RUN is a run's id, its unique beginning, or `last`.
    """
    if ctx.invoked_subcommand is not None:
        return
    from lead_tui.cli.screen import has_screen

    if not has_screen():
        print(ctx.get_help())
        return
    from lead_tui.cli.home import home

    raise typer.Exit(home())


def application() -> typer.Typer:
    """The whole command line, ready to be called."""
    app = typer.Typer(
        name="leadtui",
        cls=Commands,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=HELP_OPTIONS,
    )
    app.callback(invoke_without_command=True)(_root)
    return app
