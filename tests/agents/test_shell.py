"""The agent `shell`, with real commands."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from lead_tui.agents.output import MAX_LINE, MAX_LINES, MAX_OUTPUT, MAX_TAIL, Lines, Output
from lead_tui.agents.shell import ShellAgent, ShellConfig
from lead_tui.errors import AgentError, Category, Outcome
from lead_tui.testing import FakeContext


def shell(**settings):
    return ShellAgent(ShellConfig(name="shell", type="shell", **settings))


@pytest.fixture
def run(context):
    """Run one command and give the response."""

    async def call(command, *, agent=None, using=None, **parameters):
        return await (agent or shell()).execute("run", {"command": command, **parameters}, using or context())

    return call


async def test_text_runs_in_a_shell_and_its_last_newline_is_not_part_of_the_result(run):
    """Pipes work, inner newlines stay, one at the end goes, and meta tells the rest."""
    response = await run("printf 'b\\na\\n\\n' | sort")
    assert response.result == "\na\nb"
    assert response.success
    assert response.meta == {"exit_code": 0, "signal": None, "stderr": "", "truncated": False}


async def test_a_list_is_not_read_by_any_shell(run):
    """Metacharacters in argv arrive as they are; numbers and booleans become text."""
    hostile = "$(echo x); `id` | & > 'out' \\"
    response = await run([sys.executable, "-c", "import sys; print(sys.argv[1:])", hostile, 3, True])
    assert response.result == str([hostile, "3", "true"])


async def test_the_environment_is_the_runs_then_the_agents_then_the_tasks(run, context):
    """Later ones win, null removes, and the markers of leadtui are there."""
    using = context(run_id="r1", task="t1", environment={"PATH": "/usr/bin:/bin", "A": "run", "GONE": "x"})
    agent = shell(env={"A": "agent", "B": 1, "GONE": None})
    response = await run(
        "echo $A $B $C ${GONE-unset} $LEADTUI_RUN", agent=agent, using=using, env={"B": True, "C": 1.5}
    )
    assert response.result == "run true 1.5 unset r1:t1".replace("run ", "agent ", 1)


async def test_folders_start_at_the_flow(run, tmp_path):
    """`cwd` of the agent is relative to the flow's folder, that of the task to the agent's."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert Path((await run("pwd")).result) == tmp_path
    assert Path((await run("pwd", agent=shell(cwd="a"), cwd="b")).result) == tmp_path / "a" / "b"
    with pytest.raises(AgentError, match="no folder") as caught:
        await run("pwd", cwd="missing")
    assert caught.value.failure.outcome is Outcome.PERMANENT


@pytest.mark.parametrize(
    ("stdin", "read"), [("täxt\n", "täxt"), ({"a": [1, None]}, '{"a":[1,null]}'), ("", ""), (None, "")]
)
async def test_stdin_is_text_or_json(run, stdin, read):
    """Text goes in as it is, data as JSON, and without any the command reads an empty stdin."""
    assert (await run("cat", stdin=stdin)).result == read


async def test_a_command_that_does_not_read_its_stdin_succeeds(run):
    """More input than a pipe holds, closed unread, is no failure."""
    assert (await run("exec 0<&-; echo ok", stdin="x" * 1_000_000)).result == "ok"


async def test_another_shell_can_be_named(run):
    """`shell` is the program that reads the text."""
    response = await run("print('from python')", agent=shell(shell=sys.executable))
    assert response.result == "from python"


async def test_json_is_parsed_on_demand(run):
    """`parse: json` gives data; without it the text stays text."""
    assert (await run("echo '[1, 2]'")).result == "[1, 2]"
    assert (await run("echo '[1, 2]'", parse="json")).result == [1, 2]


async def test_bad_json_is_a_validation_error(run):
    """The message shows what came instead."""
    response = await run("echo oops", parse="json")
    assert (response.error.category, response.error.code) == (Category.VALIDATION, "bad_json")
    assert "oops" in response.error.message
    assert response.error.outcome is Outcome.PERMANENT


@pytest.mark.parametrize(
    ("command", "outcome", "code", "message"),
    [
        ("echo why >&2; exit 3", Outcome.PERMANENT, "exit_3", "exit code 3: why"),
        ("exit 1", Outcome.PERMANENT, "exit_1", "exit code 1"),
        ("exit 75", Outcome.SAFE, "exit_75", "exit code 75"),
        ("kill -9 $$", Outcome.UNKNOWN, "sigkill", "killed by SIGKILL"),
        ("kill -TERM $$", Outcome.UNKNOWN, "sigterm", "killed by SIGTERM"),
        (
            [sys.executable, "-c", "import os; os.kill(os.getpid(), 40)"],
            Outcome.UNKNOWN,
            "40",
            "killed by 40",
        ),
    ],
)
async def test_how_a_command_ends_decides_what_may_be_tried_again(run, command, outcome, code, message):
    """75 surely did nothing, other exits are final, death by a signal is of unknown outcome."""
    response = await run(command)
    assert not response.success
    assert response.error.category is Category.AGENT
    assert (response.error.outcome, response.error.code) == (outcome, code)
    assert response.error.message == message


async def test_a_failure_keeps_what_the_command_said(run):
    """Result and meta of a failed command are there for who looks."""
    response = await run("echo out; echo err >&2; exit 2")
    assert response.result == "out"
    assert response.meta == {"exit_code": 2, "signal": None, "stderr": "err", "truncated": False}


@pytest.mark.parametrize("program", ["no-such-program-xyz", "./not-executable", "nul\0byte"])
async def test_what_cannot_start_is_final_and_says_why(run, tmp_path, program):
    """A missing program, one without the x bit, an impossible name: permanent, and named."""
    (tmp_path / "not-executable").write_text("#!/bin/sh\n")
    with pytest.raises(AgentError, match="cannot start") as caught:
        await run([program])
    assert caught.value.failure.category is Category.SYSTEM
    assert caught.value.failure.outcome is Outcome.PERMANENT


async def test_too_long_a_command_line_says_so(run):
    """The limit of the operating system is told in its words."""
    with pytest.raises(AgentError, match="Argument list too long"):
        await run(["echo", "x" * 3_000_000])


async def test_a_machine_out_of_processes_is_worth_another_try(run, monkeypatch):
    """EAGAIN: nothing was executed, later it may be."""

    async def no_process(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio.get_running_loop(), "subprocess_exec", no_process)
    with pytest.raises(AgentError) as caught:
        await run("true")
    assert (caught.value.failure.category, caught.value.failure.outcome) == (Category.RESOURCE, Outcome.SAFE)


async def test_lines_are_logged_while_they_come(context):
    """Both streams, in order, before the command has ended: it waits until the first line was seen."""
    using = context()
    seen = using.folder / "seen"
    seen_log = using.log

    def log(text, level="info", stream="log"):
        seen_log(text, level, stream)
        seen.touch()

    using.log = log
    command = "echo one; while [ ! -e seen ]; do :; done; echo two >&2; printf three"
    await shell().execute("run", {"command": command}, using)
    assert using.lines("stdout") == ["one", "three"]
    assert using.lines("stderr") == ["two"]


async def test_bytes_that_are_no_text_become_replacement_characters(run, context):
    """Binary output is neither an error nor lost."""
    using = context()
    response = await run("printf 'a\\377\\000b\\n'", using=using)
    assert response.result == "a\ufffd\0b"
    assert using.lines() == ["a\ufffd\0b"]


async def test_five_megabytes_come_whole(run):
    """Nothing is lost between the end of the command and the end of its output."""
    response = await run("head -c 5000000 /dev/zero | tr '\\0' x")
    assert response.result == "x" * 5_000_000


async def test_output_past_the_bound_kills_the_command(run):
    """An endless writer ends as a permanent resource_error, and does not fill the memory."""
    response = await run("exec head -c 100000000 /dev/zero")
    assert (response.error.category, response.error.code) == (Category.RESOURCE, "output_too_large")
    assert response.error.outcome is Outcome.PERMANENT
    assert response.meta["truncated"]


async def test_the_tail_of_stderr_is_kept(run):
    """The last kilobytes are in meta, with a note that more was there."""
    response = await run("head -c 20000 /dev/zero | tr '\\0' e >&2; echo end >&2; exit 1")
    assert response.meta["stderr"].endswith("eeend")
    assert len(response.meta["stderr"]) < MAX_TAIL
    assert response.meta["truncated"]


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({}, "parameters: the key 'command' is missing$"),
        ({"command": ""}, "`command`"),
        ({"command": []}, "`command`"),
        ({"command": "x", "parse": "{{ xml }}"}, "`parse` must be one of text, json"),
        ({"command": "x", "comand": 1}, r"unknown key 'comand' \(did you mean 'command'\?\)"),
        ({"command": 3}, "`command` must be text or a list$"),
        (
            {"command": [["a", "b"], "x"]},
            r"parameters: `command\[0\]` must be text, a .*number.* or true or false$",
        ),
        ({"command": "x", "env": {"A": {}}}, r"`env\.A` must be text, a "),
    ],
)
async def test_bad_parameters_are_refused_when_rendered(context, parameters, complaint):
    """A wrong or missing key is a permanent validation_error; a template is no way round it any more."""
    with pytest.raises(AgentError, match=complaint) as caught:
        await shell().execute("run", parameters, context())
    assert caught.value.failure.category is Category.VALIDATION
    assert "union" not in caught.value.failure.message
    assert "constrained" not in caught.value.failure.message


def test_templates_are_welcome_where_values_are_checked_at_load():
    """What is no template is checked already then."""
    shape = ShellConfig.parameters_model("run")
    written = {"command": "{{ inputs.argv }}", "env": {"A": "{{ x }}"}, "parse": "{{ inputs.how }}"}
    assert shape.model_validate(written)
    assert shape.model_validate({"command": ["a", "{{ b }}"], "env": "{{ env }}"})
    with pytest.raises(ValidationError):
        shape.model_validate({"command": "a", "parse": "xml"})


def test_what_a_flow_may_rely_on():
    """No declaration needed, one action, three tries, no breaker, may be run again."""
    config = ShellConfig(name="shell", type="shell")
    assert ShellConfig.actions == {"run"}
    assert ShellConfig.builtin
    assert ShellConfig.default_attempts == 3
    assert not ShellConfig.default_breaker
    assert config.is_idempotent("run", {})
    assert config.kill_after == 3.0


def test_an_endless_line_is_handed_on_in_pieces():
    """A line without an end does not gather in memory before anyone sees it."""
    seen = []
    lines = Lines(seen.append)
    for _ in range(3):
        lines.feed(b"x" * MAX_LINE)
    assert [len(each) for each in seen] == [MAX_LINE] * 2
    lines.feed(b"\r\nshort")
    lines.close()
    assert seen[2:] == ["x" * MAX_LINE, "short"]


def test_a_character_cut_by_a_read_is_put_together():
    """Decoding goes on across chunks; half a character at the end is replaced."""
    seen = []
    lines = Lines(seen.append)
    for byte in "é\né".encode()[:-1]:
        lines.feed(bytes([byte]))
    lines.close()
    assert seen == ["é", "\ufffd"]


def test_a_flood_of_lines_is_cut_short():
    """The log gets a bound of lines and then one that says so."""
    seen = []
    lines = Lines(seen.append)
    lines.feed(b"\n" * (MAX_LINES + 5))
    lines.close()
    assert len(seen) == MAX_LINES + 1
    assert seen[-1] == "(5 more lines were not logged)"


def test_nothing_is_kept_after_the_bound():
    """What comes between the bound and the death of the command is dropped, and the alarm rings once."""
    output, alarms = Output(lambda line, stream: None, FakeContext().mask), []
    output.on_full = lambda: alarms.append(1)
    output.receive("stderr", b"e" * (MAX_OUTPUT + 1))
    output.receive("stderr", b"e")
    output.receive("stdout", b"late")
    assert (output.overflowed, output.stdout, alarms) == ("stderr", "", [1])


TOKEN = "eyJ" + "Aa1Bb2Cc3-" * 60


@pytest.mark.parametrize(
    ("command", "parse"),
    [
        ("{ printf %1900s x; printf %s $TOKEN; } >&2; exit 1", "text"),
        ("{ printf %s $TOKEN; printf %8000s x; } >&2; exit 1", "text"),
        ("{ printf %3000s x; printf %s $TOKEN; printf %8000s x; } >&2; exit 1", "text"),
        ("{ printf %8000s x | tr ' ' y; printf %s $TOKEN; } >&2; exit 1", "text"),
        ("printf %1900s x; printf %s $TOKEN", "json"),
        ("printf %8000s x; printf %s $TOKEN; printf %9000s x", "json"),
    ],
)
async def test_no_part_of_a_secret_is_left_by_a_cut(run, context, command, parse):
    """The tail of stderr, its last line and text that is no JSON are masked before they are shortened."""
    using = context(environment={**os.environ, "TOKEN": TOKEN})
    using.conceal(TOKEN)
    response = await run(command, using=using, parse=parse)
    assert "Aa1B" not in f"{response.error.message}{response.meta['stderr']}"


async def test_what_is_no_line_yet_is_a_sign_of_life(run, context):
    """Dots without a line break, and lines after those that are logged."""

    class Strict(FakeContext):
        def log(self, text, level="info", stream="log"):
            heard.append(self.heartbeats)

    heard: list[int] = []
    using = Strict(folder=context().folder)
    await run("printf .; printf . >&2", using=using)
    assert using.heartbeats >= 2
    assert min(heard) >= 1


async def test_the_result_of_a_json_roundtrip(run):
    """What goes in as data comes out as the same data."""
    data = {"a": [1, 2.5, "x", None, True], "ü": {}}
    response = await run("cat", stdin=data, parse="json")
    assert response.result == json.loads(json.dumps(data))
