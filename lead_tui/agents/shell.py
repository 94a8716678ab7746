"""`shell`: run a command, text through a shell or a list as it is.

`result` is stdout without its last newline, or the JSON in it with `parse: json`; `meta` has
`exit_code`, `signal`, `stderr` (its tail) and `truncated`. Output is logged line by line while it
comes.

Exit 0 is success, 75 (EX_TEMPFAIL) a failure that surely did nothing and is tried again, up to three
times in all when nothing is configured; any other exit is final. Death by a signal and a timeout have
an unknown outcome: such a command runs again only where `retry_config.max_attempts` asks for it and the
task is idempotent.

When a call ends early its whole process tree goes, see `process.py`. What a command leaves in the
background may serve later tasks; it is stopped at the end of the run.
"""

import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from pydantic import Field

from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.agents.output import MAX_OUTPUT, Output, Stream, excerpt
from lead_tui.agents.parameters import checked
from lead_tui.agents.program import Scalar, as_text, cannot_start, variables
from lead_tui.errors import Category, Outcome, failed
from lead_tui.flow.models import AgentConfig, Duration, ParametersModel
from lead_tui.flow.parameters import Parameters, Templated

_TEMPORARY = 75  # EX_TEMPFAIL of sysexits.h
Environment = dict[str, Scalar | None]
Argv = Annotated[list[Scalar], Field(min_length=1)]


class ShellConfig(AgentConfig):
    """`env`: null removes a variable. `cwd` starts at the flow's folder. `kill_after`: from TERM to KILL."""

    actions: ClassVar[frozenset[str] | None] = frozenset({"run"})
    builtin: ClassVar[bool] = True
    default_attempts: ClassVar[int] = 3
    default_retries_unknown: ClassVar[bool] = False
    default_breaker: ClassVar[bool] = False

    env: Environment = Field(default_factory=dict)
    cwd: str | None = None
    shell: str = "/bin/sh"
    kill_after: Duration = 3.0

    @classmethod
    def parameters_model(cls, action: str) -> ParametersModel | None:
        return RunParameters


class RunParameters(Parameters):
    """`command`: text for the shell, or a program and its arguments, which no shell reads."""

    command: Templated[Annotated[str, Field(min_length=1)] | Argv]
    env: Templated[dict[str, Templated[Scalar | None]]] = Field(default_factory=dict)
    cwd: str | None = None
    stdin: Any = None
    parse: Templated[Literal["text", "json"]] = "text"


class ShellAgent(BaseAgent[ShellConfig]):
    """Run a shell command or a program."""

    config_model = ShellConfig

    def __init__(self, config: ShellConfig) -> None:
        super().__init__(config)
        self._markers: set[str] = set()

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        call = checked(RunParameters, parameters)
        output = Output(lambda line, stream: context.log(line, stream=stream), context.mask)
        code = await self._run(call, context, output)
        output.close()
        if output.overflowed:
            return _too_much(output, output.overflowed)
        return _success(call, output, context) if code == 0 else _failure(code, output)

    async def _run(self, call: RunParameters, context: AgentContext, output: Output) -> int:
        from lead_tui.agents.process import running
        from lead_tui.agents.process_tree import marker

        mark = marker(context.run_id, context.task)
        self._markers.add(mark)
        argv, cwd = self._argv(call), self._cwd(call, context)

        def receive(stream: Stream, data: bytes) -> None:
            context.heartbeat()  # also for what is no line yet, and for lines that are too many to log
            output.receive(stream, data)

        try:
            async with running(
                argv, env=self._env(call, context), cwd=cwd, marker=mark, on_output=receive,
                stdin=_stdin(call.stdin), grace=self.config.kill_after,
            ) as child:  # fmt: skip
                output.on_full = child.kill
                code = await child.wait()
                if output.overflowed:
                    await child.stop(0)
                return code
        except (OSError, ValueError) as error:
            raise cannot_start(argv[0], error) from error

    async def close(self) -> None:
        if self._markers:
            from lead_tui.agents.process import stop_leftovers

            await stop_leftovers(self._markers, self.config.kill_after)

    def _argv(self, call: RunParameters) -> list[str]:
        if isinstance(call.command, str):
            return [self.config.shell, "-c", call.command]
        return [as_text(each) for each in call.command]

    def _cwd(self, call: RunParameters, context: AgentContext) -> Path:
        path = context.folder / (self.config.cwd or "") / (call.cwd or "")
        if not path.is_dir():
            raise failed(Category.SYSTEM, f"cwd {str(path)!r} is no folder", code="bad_cwd")
        return path

    def _env(self, call: RunParameters, context: AgentContext) -> dict[str, str]:
        return variables(context.environment, self.config.env, call.env)


def _stdin(value: Any) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)


def _success(call: RunParameters, output: Output, context: AgentContext) -> AgentResponse:
    meta = _meta(0, output)
    text = output.stdout.removesuffix("\n")
    if call.parse == "text":
        return AgentResponse(success=True, result=text, meta=meta)
    try:
        return AgentResponse(success=True, result=msgspec.json.decode(text), meta=meta)
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"stdout is no JSON ({error}): {excerpt(text, context.mask)!r}"
        return AgentResponse.fail(Category.VALIDATION, message, code="bad_json", meta=meta)


def _failure(code: int, output: Output) -> AgentResponse:
    said = output.last_line()
    meta = _meta(code, output)
    result = output.stdout.removesuffix("\n")
    if code < 0:
        message = f"killed by {meta['signal']}"
        outcome, word = Outcome.UNKNOWN, str(meta["signal"]).lower()
    else:
        message, word = f"exit code {code}", f"exit_{code}"
        outcome = Outcome.SAFE if code == _TEMPORARY else Outcome.PERMANENT
    return AgentResponse.fail(
        Category.AGENT,
        f"{message}: {said}" if said else message,
        outcome,
        code=word,
        result=result,
        meta=meta,
    )


def _too_much(output: Output, stream: Stream) -> AgentResponse:
    return AgentResponse.fail(
        Category.RESOURCE,
        f"{stream} passed {MAX_OUTPUT // 2**20} MiB and the command was killed: write it to a file instead",
        code="output_too_large",
        meta=_meta(-signal.SIGKILL, output),
    )


def _meta(code: int, output: Output) -> dict[str, Any]:
    name = None
    if code < 0:
        name = str(-code)
        with suppress(ValueError):  # a real-time signal has only a number
            name = signal.Signals(-code).name
    return {
        "exit_code": code if code >= 0 else None, "signal": name,
        "stderr": output.stderr.removesuffix("\n"), "truncated": output.truncated,
    }  # fmt: skip
