"""`plan`, `validate`, `schema`, `agents`, `test-agent`, `init`, `doctor`: nothing here starts a run."""

import json

import pytest


@pytest.fixture
def path(flow):
    """A flow with a branch, an agent, inputs and a cleanup."""
    return flow(
        {"name": "a", "agent_name": "m", "action": 'say "hi" <now>'},
        {"name": "b", "sh": "echo", "when": "tasks.a.status == 'completed'", "timeout": 9, "idle_timeout": 4},
        {"name": "c", "sh": "echo", "depends_on": [{"task": "a", "on": "failed"}], "idempotent": False},
        {"name": "d", "agent_name": "m", "action": "x", "depends_on": ["b"], "continue_on_failure": True},
        finally_=[{"name": "end", "sh": "echo"}],
        inputs={
            "n": {"type": "integer"},
            "city": "Rome",
            "token": {"secret": True, "default": "${TOKEN:-x}"},
        },
        agents=[{"name": "m", "type": "mock", "timeout": "5s", "results": {"say": 1}}],
        outputs={"o": "{{ tasks.b.result }}"},
        parallel_execution=True,
    )


def test_one_task_is_one(leadtui, flow):
    """Also where one at a time may run."""
    said = leadtui("plan", flow({"name": "a", "sh": "echo"}, parallel_execution=True, max_parallel=1))
    assert said.out.startswith("flow: 1 task, up to 1 task at a time, ")


def test_plan_as_text(leadtui, path):
    """Steps in order, each task with its agent, needs, condition, attempts and deadlines."""
    said = leadtui("plan", path, "-i", "n=3")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "flow: 5 tasks, up to 16 tasks at a time, stop_on_first_failure"
    assert "  input n = 3" in lines
    assert "  input token = ***" in lines
    assert lines.index("step 1") < lines.index('  a: m (mock) say "hi" <now>, 1 attempt, 5 s each')
    assert (
        "  b: shell run, after a (any), when tasks.a.status == 'completed', 3 attempts (exit 75 only), "
        "4 s of silence, 9 s in all" in lines
    )
    assert "  c: shell run, after a (failed), 3 attempts (exit 75 only), not idempotent" in lines
    assert "  d: m (mock) x, after b, 1 attempt, 5 s each, may fail" in lines
    assert "  end: shell run, 3 attempts (exit 75 only)" in lines
    assert "outputs: o" in lines
    assert "  input n = (to be given)" in leadtui("plan", path).out


def test_attempts_that_were_asked_for_are_all_told(leadtui, flow):
    """With `max_attempts` in the flow a shell task is tried again whatever it was that failed."""
    path = flow({"name": "a", "sh": "echo", "retry_config": {"max_attempts": 4}})
    assert "  a: shell run, 4 attempts" in leadtui("plan", path).out.splitlines()
    assert leadtui("plan", path, "--json").json["tasks"]["a"]["only_safe_retries"] is False


def test_plan_checks_the_inputs_that_are_given(leadtui, path):
    """An unknown one and one of another type are usage errors."""
    assert leadtui("plan", path, "-i", "m=3").code == 2
    assert leadtui("plan", path, "-i", "n=x").code == 2


def test_plan_as_json(leadtui, path, own_place):
    """The same as data, and nothing was stored."""
    plan = leadtui("plan", path, "--json").json
    assert plan["steps"] == [["a"], ["b", "c"], ["d"]]
    assert plan["finally"] == [["end"]]
    assert plan["tasks"]["c"]["needs"] == [{"task": "a", "on": "failed"}]
    assert (plan["tasks"]["a"]["idle_timeout"], plan["tasks"]["b"]["idle_timeout"]) == (None, 4)
    assert not (own_place / "journal.db").exists()


def test_plan_as_a_graph(leadtui, path):
    """Mermaid and DOT have a node for each task and an edge for each need, labelled by its outcome."""
    mermaid = leadtui("plan", path, "--format", "mermaid").out.splitlines()
    assert mermaid[:2] == ["flowchart TD", '  t0["a<br/>m say &quot;hi&quot; &lt;now>"]']
    assert "  t0 -->|failed| t2" in mermaid
    assert "  t1 --> t3" in mermaid
    dot = leadtui("plan", path, "--format", "dot").out
    assert '"a" -> "c" [label="failed"];' in dot
    assert '"b" -> "d";' in dot
    assert dot.startswith('digraph "flow" {')


def test_validate_judges_every_file(leadtui, path, flow):
    """Exit 3 if one has an error; each problem of each file has its place."""
    bad = flow(
        {"name": "a", "sh": "echo", "depends_on": ["a"]}, {"name": "b", "agent_name": "x"}, file="bad.yaml"
    )
    said = leadtui("validate", path, bad, "gone.yaml")
    assert said.code == 3
    assert f"{bad}:" in said.out
    assert "gone.yaml unreadable" in said.out
    assert leadtui("validate", path, "gone.yaml").code == 2
    assert leadtui("validate", path, path).out == "2 flows are valid\n"


def test_validate_for_programs(leadtui, flow):
    """JSON is a list of diagnostics; GitHub gets annotations with escaped text."""
    bad = flow({"name": "a", "agent_name": "shel", "parameters": {}}, file="b,ad.yaml")
    found = leadtui("validate", bad, "--json").json
    assert {"file", "line", "col", "code", "message", "hint", "severity"} == set(found[0])
    line = leadtui("validate", bad, "--format", "github").out.splitlines()[0]
    assert line.startswith("::error file=")
    assert "b%2Cad.yaml,line=" in line
    assert leadtui("validate", flow({"name": "a", "sh": "echo"}), "--format", "github").out == ""


def test_a_warning_is_no_error(leadtui, flow):
    """A secret in plain text is told, and the flow is valid."""
    path = flow(
        {"name": "a", "agent_name": "m", "action": "x"},
        agents=[{"name": "m", "type": "mock", "authentication": {"type": "bearer", "token": "hush"}}],
    )
    said = leadtui("validate", path)
    assert said.code == 0
    assert "[warning]" in said.out
    assert "warning:" in leadtui("run", path, "-q").err


def test_schema(leadtui, own_place):
    """The schema of what is installed, to stdout or to a file."""
    schema = leadtui("schema").json
    assert "shell" in schema["$defs"]["Agent"]["properties"]["type"]["anyOf"][0]["enum"]
    assert leadtui("schema", "--out", "s.json").code == 0
    assert json.loads((own_place / "s.json").read_text()) == schema
    assert leadtui("schema", "--out", "no/such/s.json").code == 2


def test_agents(leadtui):
    """Every type with its actions, settings and where it comes from."""
    types = {each["name"]: each for each in leadtui("agents", "--json").json}
    assert types["human"]["actions"] == ["approve", "input"]
    said = leadtui("agents").out
    assert "shell (built in): Run a shell command" in said
    assert "settings  " in said


def test_a_type_that_cannot_be_loaded_is_listed_with_its_problem(leadtui):
    """One broken plugin does not hide the others."""
    from lead_tui.agents.registry import AgentType
    from lead_tui.cli.commands.agents import _text

    assert _text(AgentType(name="x", problem="no module y")) == "x cannot be used\n  no module y"


def test_an_agent_that_works(leadtui, path):
    """Exit 0 with the latency and the answer; parameters are JSON or text."""
    said = leadtui("test-agent", path, "shell", "-p", 'command=["echo", "hi"]')
    assert said.code == 0
    assert "shell works: run" in said.out
    assert "result: hi" in said.out
    data = leadtui("test-agent", path, "m", "--action", "say", "-p", "k=v", "--json").json
    assert (data["success"], data["result"], data["attempts"][0]["attempt"]) == (True, 1, 1)


def test_an_agent_that_fails(leadtui, flow):
    """Exit 1 with each attempt, as a run would make them; an opened breaker is told."""
    agent = {
        "name": "m", "type": "mock", "fail": {"x": {"message": "down", "status": 503}},
        "retry_config": {"max_attempts": 2, "initial_delay": 0},
        "circuit_breaker": {"failure_threshold": 2},
    }  # fmt: skip
    said = leadtui("test-agent", flow({"name": "a", "agent_name": "m", "action": "x"}, agents=[agent]), "m")
    assert said.code == 1
    assert "m answers with an error: x" in said.out
    assert "attempt 1: " in said.out
    assert "again in" in said.out
    assert "breaker: open" in said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nope"], "no agent 'nope'"),
        (["shell", "--action", "walk"], "no action 'walk'"),
        (["human", "-p", "message=hi"], "asks a person"),
        (["m", "-p", "novalue"], "-p takes NAME=VALUE"),
    ],
)
def test_what_cannot_be_tested(words, told, leadtui, path):
    """A wrong name is a usage error that says what there is."""
    said = leadtui("test-agent", path, *words)
    assert said.code == 2
    assert told in said.err


def test_init_lays_out_a_flow_that_runs(leadtui, own_place):
    """It validates and runs as it stands; a second `init` overwrites nothing."""
    assert leadtui("init", "new").code == 0
    assert leadtui("validate", "new/flow.yaml").code == 0
    assert leadtui("run", "new/flow.yaml").out.startswith("report:")
    (own_place / "new" / ".gitignore").write_text("mine")
    again = leadtui("init", "new")
    assert "kept   new/.gitignore" in again.out
    assert (own_place / "new" / ".gitignore").read_text() == "mine"
    assert (own_place / "new" / ".env.example").exists()
    (own_place / "file").write_text("")
    assert leadtui("init", "file/x").code == 2


def test_doctor_of_a_sound_installation(leadtui, flow):
    """Exit 0; it names the journal, the settings file, SQLite and the agent types."""
    found = {each["what"]: each for each in leadtui("doctor", "--json").json}
    assert found["journal"]["found"].endswith("journal.db (made by the first run)")
    assert "WAL-reset" in found["sqlite"]["found"]
    assert "config.toml" in found["settings"]["found"]
    assert "shell" in found["agent types"]["found"]
    leadtui("run", flow({"name": "a", "sh": "echo"}))
    said = leadtui("doctor")
    assert said.code == 0
    assert "1 runs" in said.out
    assert "600" in said.out


def test_doctor_finds_what_is_broken(leadtui, own_place):
    """A journal that is none, or that others can read, or settings that cannot be used."""
    (own_place / "no.db").write_text("text" * 1000)
    said = leadtui("doctor", "--db", "no.db")
    assert (said.code, "broken" in said.out) == (1, True)
    leadtui("demo", "--db", "open.db", "--output", "json")
    (own_place / "open.db").chmod(0o644)
    assert "chmod 600" in leadtui("doctor", "--db", "open.db").out
    assert leadtui("doctor", "--db", "mysql://x/y").code == 1
    (own_place / "config" / "leadtui").mkdir(parents=True)
    (own_place / "config" / "leadtui" / "config.toml").write_text('durability = "sometimes"')
    wrong = leadtui("doctor")
    assert (wrong.code, "durability" in wrong.out) == (1, True)
    assert leadtui("runs").code == 2
