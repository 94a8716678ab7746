"""`leadtui run FLOW`: start a flow and stay until it ends, or until only a person can move it."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lead_tui.cli import cockpit, options, session
from lead_tui.cli.driving import Watching, drive
from lead_tui.core.compile import compile_plan
from lead_tui.errors import UsageError
from lead_tui.flow.inputs import read_inputs_file, resolve_inputs
from lead_tui.flow.models import BadDuration, Workflow, parse_duration
from lead_tui.observers.hub import Observer
from lead_tui.runner.engine import Overrides, new_run_id
from lead_tui.runner.handle import LocalRun
from lead_tui.runner.prerequisites import check_prerequisites

EXAMPLES = (
    "leadtui run flow.yaml -i city=Paris",
    "leadtui run flow.yaml --inputs inputs.json --output json --report junit=report.xml",
)


def command(
    flow: options.Flow,
    inputs: options.Inputs = None,
    inputs_file: options.InputsFile = None,
    output: options.Output = "text",
    report: options.Reports = None,
    max_parallel: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Tasks in flight at most.", show_default=False)
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="Deadline of the whole run: 90, 30s, 1h30m.", show_default=False
        ),
    ] = None,
    env_file: options.EnvFile = None,
    db: options.Db = None,
    run_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The run's id instead of a drawn one.", show_default=False),
    ] = None,
    strict: options.Strict = False,
    no_ui: options.NoUi = False,
    quiet: options.Quiet = False,
) -> None:
    """Run a flow and watch it.

    On a terminal it opens the cockpit. Without one, with CI, `--no-ui`, `--quiet` or an `--output` other than
    text it is headless. Either way the result goes to stdout at the end, and it exits with 0 completed,
    1 failed, 3 invalid (nothing was started), 5 waiting for a person or parked, 130 cancelled.
    """
    document, environment = session.load_flow(flow, env_file)
    given = read_inputs_file(inputs_file) if inputs_file is not None else {}
    values = resolve_inputs(document.workflow, given, texts=session.pairs(inputs))
    check_prerequisites(document.workflow, environment)
    overrides = Overrides(max_parallel=max_parallel, global_timeout=_seconds(timeout))
    watching = Watching(
        output=output, reports=tuple(report or ()), quiet=quiet, strict=strict, db=db,
        total=len(document.workflow.all_tasks), secrets=_secrets(document.workflow, values),
    )  # fmt: skip
    screen = cockpit.opens(watching, no_ui=no_ui)
    with session.engine(db) as engine:
        run_id = run_id or new_run_id()

        async def start(observers: Sequence[Observer]) -> LocalRun:
            return await engine.start(
                document,
                values,
                environment=environment,
                overrides=overrides,
                run_id=run_id,
                park_when_waiting=not screen,
                observers=observers,
            )

        if not screen:
            raise typer.Exit(session.wait_for(drive(engine, start, watching)))
        plan = compile_plan(overrides.apply(document.workflow), document.graph)
        launch = cockpit.launch(engine, start, run_id, plan, document.source, watching, env_file=env_file)
        raise typer.Exit(session.wait_for(launch))


def _secrets(workflow: Workflow, values: dict[str, Any]) -> tuple[str, ...]:
    """Inputs that whoever goes on with the run gives again."""
    specs = workflow.inputs
    return tuple(
        name for name, value in values.items()
        if specs[name].secret and specs[name].default is None and value is not None
    )  # fmt: skip


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except BadDuration as error:
        raise UsageError(f"--timeout: {error}") from None
    if seconds == 0:
        raise UsageError("--timeout must be longer than 0")
    return seconds
