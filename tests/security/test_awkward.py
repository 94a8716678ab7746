"""Secrets in places that nobody thought of: other inputs, names, diagnostics, commands, tracebacks."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from lead_tui import LeadAgent
from lead_tui.cli.failure import without_values
from lead_tui.core.commands import Reject
from lead_tui.errors import InvalidFlow, MissingSecret, UsageError
from lead_tui.flow.loader import load
from lead_tui.runner.engine import registry

CANARY = "CNRYx9Qz77"
ENVIRONMENT = {"TOKEN": CANARY, "PATH": "/usr/bin:/bin"}
SHELL = {"name": "sh", "type": "shell", "env": {"LEAK": "${TOKEN}"}}


def task(command: str, name: str = "a", **rest: Any) -> dict[str, Any]:
    return {"name": name, "agent_name": "sh", "action": "run", "parameters": {"command": command}, **rest}


def flow(*tasks: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"name": "awkward", "agents": [SHELL], "tasks": list(tasks), **rest}


@pytest.fixture
def agent(tmp_path: Path) -> LeadAgent:
    return LeadAgent(tmp_path / "journal.db", durability="normal", environment=ENVIRONMENT)


def holding(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("journal.db*") if CANARY.encode() in path.read_bytes()]


def test_a_secret_in_another_input_is_not_stored(agent: LeadAgent, tmp_path: Path) -> None:
    """Whoever puts it into an input that is not declared secret; the task still gets it."""
    asked = flow(task('test "{{ inputs.note }}" = "see $LEAK" && echo $LEAK'), inputs={"note": "none"})
    result = agent.run(asked, {"note": f"see {CANARY}"})
    assert result.results == {"a": "***"}
    assert holding(tmp_path) == []


async def test_what_was_masked_is_given_again(agent: LeadAgent) -> None:
    """A run that goes on never works with a mask in place of the value."""
    gate = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "go?"}}
    compare = task('test "{{ inputs.note }} {{ inputs.usual }}" = "see $LEAK my $LEAK"', depends_on=["gate"])
    asked = flow(gate, compare, inputs={"note": "none", "usual": "my ${TOKEN}"})
    async with agent:
        run = (await agent.execute(asked, {"note": f"see {CANARY}"})).run_id
        await agent.approve(run, "gate")
        with pytest.raises(MissingSecret, match=r"-i note=\.\.\."):
            await agent.resume(run)
        with pytest.raises(UsageError, match="not other"):
            await agent.resume(run, {"note": f"see {CANARY}", "other": 1})
        assert (await agent.resume(run, {"note": f"see {CANARY}"})).status == "completed"


def test_a_secret_that_is_a_tasks_name_does_not_break_the_run(agent: LeadAgent) -> None:
    """`STAGE=deploy` in an `env` map and a task `deploy`: texts are masked, the task keeps its name."""
    result = agent.run(flow(task("echo $LEAK", CANARY), task("exit 3", "b")))
    assert result.results == {CANARY: "***"}
    assert list(result.errors) == ["b"]


async def test_commands_that_open_a_parked_run_are_masked(agent: LeadAgent) -> None:
    """Also what waited in the inbox before anyone knew the run's secrets."""
    gate = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "go?"}}
    async with agent:
        run = (await agent.execute(flow(gate, task("true")))).run_id
        assert (await agent.send(run, Reject(gate="gate", why=f"it says {CANARY}"))).pending
        result = await agent.resume(run)
        facts = [item async for batch in agent.handle(run).events() for item in batch]
    assert result.errors["gate"].message == "rejected: it says ***"
    assert CANARY not in repr(facts)


@pytest.mark.parametrize(
    "command",
    [
        "echo $LEAK",
        "echo oops $LEAK >&2; exit 1",
        "printf %8000s x; printf %s $LEAK; printf %9000s x",
        "{ printf %s $LEAK; printf %8000s x; } >&2; exit 1",
        "printf %1900s x; printf %s $LEAK",
    ],
)
def test_a_long_token_is_not_cut_before_it_is_known(command: str, tmp_path: Path) -> None:
    """Messages and log lines are shortened; no half of a token is left in them."""
    token = "eyJ" + "Aa1Bb2Cc3-" * 60
    agent = LeadAgent(
        tmp_path / "journal.db", durability="normal", environment={**ENVIRONMENT, "TOKEN": token}
    )
    parse = {"name": "a", "agent_name": "sh", "action": "run",
             "parameters": {"command": command, "parse": "json"}}  # fmt: skip
    assert agent.run(flow(parse)).status == "failed"
    written = b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))
    assert b"Aa1Bb2" not in written


def test_base64_in_lines_is_masked_everywhere(tmp_path: Path) -> None:
    """`base64` wraps at 76 columns; each line is a log line, the result holds them all."""
    token = "".join(f"Aa1Bb2-{number:03}" for number in range(40))
    plain = base64.b64encode(token.encode()).decode()
    agent = LeadAgent(
        tmp_path / "journal.db", durability="normal", environment={**ENVIRONMENT, "TOKEN": token}
    )
    say = "printf %s $LEAK | base64; printf %s $LEAK | base64 >&2; exit 1"
    assert agent.run(flow(task(say))).status == "failed"
    written = b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))
    assert [plain[at : at + 12] for at in range(0, 528, 12) if plain[at : at + 12].encode() in written] == []


@pytest.mark.parametrize(
    "agents",
    [
        [{**SHELL, "env": ["${TOKEN}"]}],
        [{**SHELL, "env": {"A": {"B": "${TOKEN}"}}}],
        *(
            [{"name": "sh", "type": "http_api", "authentication": authentication}]
            for authentication in (
                CANARY, "${TOKEN}", [CANARY], {"type": "${TOKEN}"}, {"type": "bearer", "token": [CANARY]},
                {"type": "bearer", "tokn": CANARY}, {"type": "basic", "username": "${TOKEN}"},
                {"type": "bearer", "token": CANARY, "more": "${TOKEN}"},
            )
        ),
    ],
)  # fmt: skip
def test_no_diagnostic_says_a_secret(agents: list[dict[str, Any]], tmp_path: Path) -> None:
    """What is wrong is told without the value."""
    assert CANARY not in refused(tmp_path, json.dumps({**flow(task("true")), "agents": agents}))


@pytest.mark.parametrize(
    "written", ["!{}", "*{}", "@{}", "`{}", "%{}", "'{}", "[{}", "|{}", "a: {}", '"\\q{}"']
)
def test_no_diagnostic_says_a_password_that_is_bad_yaml(written: str, tmp_path: Path) -> None:
    """Passwords begin with what YAML takes for its own."""
    text = "name: x\nagents:\n- name: h\n  type: http_api\n  authentication:\n    type: basic\n    password: "
    assert CANARY not in refused(tmp_path, f"{text}{written.format(CANARY)}\ntasks: []\n")


@pytest.mark.parametrize(
    "spec",
    [{"default": CANARY, "choices": ["a"]}, {"default": "a", "choices": [CANARY]},
     {"default": "${TOKEN}", "type": "integer"}],
)  # fmt: skip
def test_no_diagnostic_says_a_secret_inputs_value(spec: dict[str, Any], tmp_path: Path) -> None:
    """Neither the value nor the choices."""
    data = flow(task("true"), inputs={"pin": {"secret": True, **spec}})
    assert CANARY not in refused(tmp_path, json.dumps(data))


def refused(folder: Path, text: str) -> str:
    path = folder / "flow.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFlow) as found:
        load(path, agent_types=registry.config_model, environment=ENVIRONMENT)
    return f"{found.value} {found.value.diagnostics!r}"


def test_a_traceback_of_ours_says_no_values() -> None:
    """Neither the message of an error nor that of its causes."""
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            error.add_note(CANARY)
            raise RuntimeError(CANARY) from error
    except RuntimeError as error:
        said = without_values(error)
    assert "KeyError" in said
    assert CANARY not in said.replace(Path(__file__).read_text(encoding="utf-8"), "")
