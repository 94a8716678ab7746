"""The Python interface: what a script of a few lines relies on."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from lead_tui import (
    AgentResponse,
    Approve,
    BaseAgent,
    Cancel,
    CommandRefused,
    InvalidFlow,
    LeadAgent,
    MissingSecret,
    Observer,
    RunNotFound,
    UsageError,
    WorkflowBuilder,
    load,
    register_agent_type,
    run,
)
from lead_tui.agents import registry
from lead_tui.flow.schema import flow_schema

HELLO = {
    "name": "hello",
    "inputs": {"city": "Paris"},
    "tasks": [
        {
            "name": "greet",
            "agent_name": "shell",
            "action": "run",
            "parameters": {"command": ["echo", "hi {{ inputs.city }}"]},
        }
    ],
    "outputs": {"said": "{{ tasks.greet.result }}"},
}
GATE = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "Ship?"}}
GATED = {"name": "gated", "tasks": [GATE]}


def shell(command, name="a", **settings):
    return {
        "name": name,
        "agent_name": "shell",
        "action": "run",
        "parameters": {"command": command},
        **settings,
    }


@pytest.fixture(autouse=True)
def own_journal(tmp_path, monkeypatch):
    """Each test has its own journal and working folder."""
    monkeypatch.setenv("LEADTUI_DB", str(tmp_path / "journal.db"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def hello(tmp_path):
    path = tmp_path / "hello.yaml"
    path.write_text(yaml.safe_dump(HELLO))
    return path


@pytest.fixture
async def agent(tmp_path):
    async with LeadAgent(tmp_path / "agent.db") as agent:
        yield agent


# running


async def test_a_flow_from_its_file(agent, hello):
    """Status, results, outputs, errors, time and id are in the result."""
    result = await agent.execute_workflow_from_file(hello, inputs={"city": "Oslo"})
    assert (result.status, result.success, result.errors) == ("completed", True, {})
    assert result.results == {"greet": "hi Oslo"}
    assert result.outputs == {"said": "hi Oslo"}
    assert result.execution_time > 0
    assert [row.id for row in agent.runs()] == [result.run_id]


async def test_a_flow_from_a_dict(agent):
    """The same without a file; options of `start` are taken."""
    result = await agent.execute_workflow_from_dict(HELLO, run_id="r1", max_parallel=2, timeout="1m")
    assert (result.run_id, result.outputs) == ("r1", {"said": "hi Paris"})
    assert agent.result("r1").outputs == result.outputs


def test_without_an_event_loop(hello):
    """`run` waits for the result and closes the journal; it may be called again."""
    agent = LeadAgent()
    assert agent.run(hello).status == "completed"
    assert agent.run(HELLO, {"city": "Rome"}).outputs == {"said": "hi Rome"}
    assert run(str(hello), {"city": "Lima"}).outputs == {"said": "hi Lima"}


async def test_run_inside_a_loop_says_what_to_do(hello):
    """A synchronous call would block the loop: it is refused with the name of the other one."""
    with pytest.raises(UsageError, match=r"agent\.execute\(.*execute_workflow_from_file.*_from_dict"):
        LeadAgent().run(hello)


def test_five_lines_are_enough_and_load_no_front_end(hello):
    """A script as in the README runs in a process of its own; no front end and no client is loaded."""
    script = """
        import asyncio, sys
        from lead_tui import LeadAgent
        agent = LeadAgent()
        result = asyncio.run(agent.execute_workflow_from_file("hello.yaml", inputs={"city": "Bern"}))
        print(result.status, result.outputs["said"])
        print([name for name in ("textual", "rich", "typer", "httpx2", "jinja2") if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0] == "completed hi Bern"
    assert done.stdout.splitlines()[1] in ("[]", "['jinja2']")  # templates need jinja2, nothing else
    assert done.stderr == ""


async def test_what_cannot_run_is_raised(agent, tmp_path):
    """A document or an input that is wrong, and a flow that is none: nothing was started."""
    with pytest.raises(InvalidFlow):
        await agent.execute({"name": "x", "tasks": []})
    with pytest.raises(InvalidFlow, match="no input 'town'"):
        await agent.execute(HELLO, {"town": "Rome"})
    with pytest.raises(UsageError, match="cannot be read"):
        await agent.execute(tmp_path / "gone.yaml")
    with pytest.raises(UsageError, match="not int"):
        await agent.execute(7)
    assert agent.runs() == []


async def test_a_run_that_fails_is_a_result(agent):
    """Not an exception: its errors say what happened."""
    result = await agent.execute({"name": "f", "tasks": [shell("exit 3")]})
    assert result.status == "failed"
    assert result.errors["a"].code == "exit_3"


async def test_observers_see_the_events(agent, tmp_path):
    """Those of the agent and those of one run, from the first event to the last."""
    seen: list[str] = []

    class Watcher(Observer):
        async def on_event(self, event):
            seen.append(event.type)

    async with LeadAgent("memory:", observers=[Watcher()]) as watched:
        await watched.execute(HELLO, observers=[Watcher()])
    assert seen.count("run_queued") == seen.count("run_completed") == 2


async def test_an_agent_type_of_ones_own(agent, monkeypatch):
    """A class that is registered by name is called with action and parameters."""

    monkeypatch.setattr(registry, "_registered", {})

    class Echo(BaseAgent):
        async def execute(self, action, parameters, context):
            return AgentResponse.ok({"action": action, **parameters})

    register_agent_type("echo-of-test", Echo)
    workflow = (
        WorkflowBuilder("w").agent("e", "echo-of-test").task("a", "e", "say", parameters={"n": 1}).build()
    )
    result = await agent.execute(workflow)
    assert result.results == {"a": {"action": "say", "n": 1}}
    schema = flow_schema({name: registry.config_model(name) for name in registry.type_names()})
    assert "echo-of-test" in schema["$defs"]["Agent"]["properties"]["type"]["anyOf"][0]["enum"]


async def test_the_environment_is_given_or_read(tmp_path):
    """`environment` replaces the process's variables, `env_file` the `.env` beside the flow."""
    (tmp_path / "my.env").write_text("WORD=from-file\n")
    flow = {"name": "e", "tasks": [shell("echo ${WORD}")]}
    async with LeadAgent("memory:", environment={"PATH": "/bin:/usr/bin"}, env_file="my.env") as agent:
        assert (await agent.execute(flow)).results == {"a": "from-file"}
    async with LeadAgent("memory:", environment={"PATH": "/bin:/usr/bin", "WORD": "mine"}) as agent:
        assert (await agent.execute(flow)).results == {"a": "mine"}


async def test_cancelling_the_caller_cancels_the_run(agent, tmp_path):
    """`execute` that is cancelled ends the run and its cleanup runs first."""
    flow = {"name": "c", "tasks": [shell("touch on; sleep 60")], "finally": [shell("touch cleaned", "end")]}
    started = asyncio.Event()

    class Watcher(Observer):
        async def on_event(self, event):
            if event.type == "attempt_started":
                started.set()

    work = asyncio.create_task(agent.execute(flow, run_id="c1", observers=[Watcher()]))
    await started.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert agent.result("c1").status == "cancelled"
    assert (tmp_path / "cleaned").exists()


# steering


async def test_a_handle_sees_and_steers(agent):
    """`start` gives the events as they come; a gate is answered through it."""
    run = await agent.start(GATED)
    types = []
    async for batch in run.events():
        types += [item.type for item in batch]
        if "approval_requested" in types and "approval_granted" not in types:
            assert (await run.send(Approve(gate="gate"), by="ada")).accepted
    assert types[-1] == "run_completed"
    assert (await run.wait()).results["gate"]["by"] == "ada"


async def test_a_gate_that_is_answered_between_two_owners(agent):
    """`execute` comes back waiting; `approve` is stored; `resume` completes."""
    result = await agent.execute(GATED, run_id="g1")
    assert (result.status, [gate["gate"] for gate in result.waiting_for]) == ("waiting", ["gate"])
    receipt = await agent.approve("g1", "gate", by="ada")
    assert (receipt.accepted, receipt.pending) == (True, True)
    assert not (await agent.reject("g1", "gate")).accepted
    assert (await agent.resume("g1")).success
    with pytest.raises(CommandRefused):
        await agent.resume("g1")


async def test_a_budget_that_is_raised_between_two_owners(agent):
    """`execute` comes back waiting and says which limit holds it; the raise is stored, `resume` goes on."""
    flow = {"name": "b", "budget": {"calls": 1}, "tasks": [shell("echo 1"), {**shell("echo 2"), "name": "b"}]}
    result = await agent.execute(flow, run_id="b1")
    assert (result.status, result.spent_budgets[0]["what"]) == ("waiting", "calls")
    assert (await agent.raise_budget("b1", calls=2)).accepted
    assert not (await agent.raise_budget("b1", "shell", usd=1)).accepted
    assert (await agent.resume("b1")).success


async def test_commands_to_a_run_of_this_agent(agent):
    """They go straight to the run: pause, its end, a task, the run; a run is named by its beginning."""
    run = await agent.start(
        {"name": "s", "tasks": [shell("sleep 60"), {**GATE, "name": "other"}]}, run_id="long-id"
    )
    assert agent.handle("long") is run
    assert not (await agent.end_pause("long")).accepted
    assert (await agent.pause("long", by="ada")).accepted
    assert (await agent.end_pause("long")).accepted
    assert not (await agent.skip("long", "nope")).accepted
    assert (await agent.cancel("long", "other")).accepted
    assert (await agent.cancel("long", why="enough")).accepted
    assert (await run.wait()).status == "cancelled"


async def test_cancel_of_a_run_that_nobody_drives(agent, tmp_path):
    """It is taken up, cleaned up and ended here."""
    flow = {**GATED, "finally": [shell("touch cleaned", "end")]}
    await agent.execute(flow, run_id="g1")
    assert (await agent.cancel("g1")).accepted
    assert agent.result("g1").status == "cancelled"
    assert (tmp_path / "cleaned").exists()


async def test_cancel_of_a_run_with_secrets(agent, tmp_path):
    """Its cleanup needs them again; once it has ended the receipt says so, whatever is given."""
    flow = {**GATED, "inputs": {"token": {"secret": True}}}
    flow["finally"] = [shell("echo {{ inputs.token }} > cleaned", "end")]
    await agent.execute(flow, {"token": "hush"}, run_id="g1")
    with pytest.raises(MissingSecret):
        await agent.cancel("g1")
    assert (await agent.cancel("g1", secrets={"token": "hush"})).accepted
    assert (tmp_path / "cleaned").read_text() == "hush\n"
    receipt = await agent.cancel("g1")
    assert (receipt.accepted, "has ended" in receipt.why) == (False, True)


async def test_retry(agent, tmp_path):
    """What failed runs again, what completed is kept; secrets are given again."""
    flow = {
        "name": "r",
        "inputs": {"token": {"secret": True}},
        "tasks": [shell("test -f ok && echo {{ inputs.token }}")],
    }
    assert (await agent.execute(flow, {"token": "hush-hush"}, run_id="r1")).status == "failed"
    (tmp_path / "ok").touch()
    with pytest.raises(MissingSecret):
        await agent.retry("r1")
    assert (await agent.retry("r1", {"token": "hush-hush"})).results == {"a": "***"}


async def test_a_run_that_is_not_there(agent):
    """Every method that names a run says so."""
    with pytest.raises(RunNotFound):
        agent.result("nope")
    with pytest.raises(RunNotFound):
        await agent.send("nope", Cancel())


async def test_leaving_parks_what_still_runs(tmp_path):
    """`async with` loses no run: the next agent takes it up."""
    async with LeadAgent(tmp_path / "x.db") as first:
        await first.start(GATED, run_id="p1")
    async with LeadAgent(tmp_path / "x.db") as second:
        assert [row.owner_alive for row in second.runs()] == [False]
        assert (await second.resume("p1")).status == "waiting"


async def test_an_agent_is_tested(agent, hello):
    """One real call, stored nowhere."""
    trial = await agent.test_agent(hello, "shell", parameters={"command": "echo hi"})
    assert (trial.success, trial.reachable, trial.result) == (True, True, "hi")
    failed = await agent.test_agent(hello, "shell", "run", {"command": "exit 4"})
    assert (failed.success, failed.error.code, len(failed.attempts)) == (False, "exit_4", 1)
    with pytest.raises(UsageError, match="no agent"):
        await agent.test_agent(hello, "nope")
    with pytest.raises(UsageError, match="module:function"):
        await agent.test_agent(hello, "python", "nomodule")
    assert agent.runs() == []


# the builder


def everything():
    return (
        WorkflowBuilder("w", parallel_execution=True)
        .set(failure_strategy="continue_on_failure", defaults={"timeout": "5s"})
        .input("city", default="Pa$${ris")
        .agent("m", "mock", results={"go": {"id": 1}}, retry_config={"retry_on": ["network_error", 503]})
        .agent("h", "http_api", endpoint="http://x", authentication={"type": "bearer", "token": "hush"})
        .task("a", "m", "go", when="inputs.city != '$${x}'")
        .task("b", "shell", "run", parameters={"command": ["echo", "{{ tasks.a.result.id }}"]}, timeout="5s")
        .finally_("end", "shell", "run", parameters={"command": "true"})
        .output("o", "{{ tasks.b.result }}")
    )


def test_the_builder_gives_what_a_file_gives(tmp_path):
    """The same model, after the same checks."""
    path = tmp_path / "w.yaml"
    path.write_text(yaml.safe_dump(everything().as_dict()))
    assert everything().build() == load(path)


def test_the_builder_refuses_what_a_file_may_not_say():
    """Every problem at once."""
    with pytest.raises(InvalidFlow) as found:
        WorkflowBuilder("w").agent("m", "mok").task("a", "m", "go", depends_on=["x"]).build()
    assert len(found.value.diagnostics) == 2


def test_a_workflow_as_data_loads_to_an_equal_one():
    """Secrets, escapes, durations and implied agents survive the way there and back."""
    from lead_tui.builder import as_data
    from lead_tui.runner.engine import load_dict

    workflow = everything().build()
    again = load_dict(as_data(workflow), Path.cwd(), {}).workflow
    assert again == workflow
    assert again.inputs["city"].default == "Pa${ris"
    assert again.agents[1].authentication.token.get_secret_value() == "hush"


async def test_a_workflow_is_executed(agent):
    """LeadAgent takes the model as it takes a file."""
    result = await agent.execute(everything().build())
    assert result.outputs == {"o": "1"}
    assert result.status == "completed"


async def test_a_built_workflow_keeps_its_variables_out_of_the_journal(tmp_path, monkeypatch):
    """`${NAME}` of a builder is stored as such, its value masked; a changed copy runs as it was changed."""
    monkeypatch.setenv("BUILDER_TOKEN", "canary-of-the-builder")
    workflow = (
        WorkflowBuilder("w")
        .agent("sh", "shell", env={"T": "${BUILDER_TOKEN}"})
        .task("a", "sh", "run", parameters={"command": "echo $T; cat here.txt"})
        .build(folder=tmp_path)
    )
    (tmp_path / "here.txt").write_text("from the folder")
    async with LeadAgent(tmp_path / "runs.db") as agent:
        result = await agent.execute(workflow)
        assert result.results == {"a": "***\nfrom the folder"}
    assert b"canary-of-the-builder" not in (tmp_path / "runs.db").read_bytes()
    async with LeadAgent(tmp_path / "others.db") as agent:
        changed = workflow.model_copy(update={"name": "other"})
        assert (await agent.execute(changed)).name == "other"
        monkeypatch.delenv("BUILDER_TOKEN")
        assert (await agent.execute(workflow)).status == "completed"
