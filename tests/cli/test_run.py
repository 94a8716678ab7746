"""`leadtui run`, `resume` and `retry` in this process: exit codes, inputs, outputs, the last line."""

import json

import pytest

GATE = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "Ship it?"}}


def test_a_run_that_completes(leadtui, flow):
    """Exit 0, the outputs on stdout, progress on stderr."""
    path = flow({"name": "a", "sh": "echo hello"}, outputs={"said": "{{ tasks.a.result }}"})
    said = leadtui("run", path)
    assert said.code == 0
    assert said.out.strip() == "said: hello"
    assert "completed" in said.err


def test_a_run_that_fails_names_the_command_that_continues(leadtui, flow):
    """Exit 1; the last line on stderr is the retry of this run."""
    said = leadtui("run", flow({"name": "a", "sh": "exit 4"}), "--run-id", "night-7")
    assert said.code == 1
    assert said.err.splitlines()[-1].endswith("leadtui retry night-7")


def test_inputs_from_flags_and_file(leadtui, flow, tmp_path):
    """`-i` is read by the input's type and wins over the file, the file over the default."""
    path = flow(
        {"name": "a", "sh": ["echo", "{{ inputs.n + 1 }} {{ inputs.city }} {{ inputs.word }}"]},
        inputs={"n": {"type": "integer"}, "city": "Rome", "word": "w"},
        outputs={"said": "{{ tasks.a.result }}"},
    )
    (tmp_path / "in.json").write_text('{"city": "Oslo", "n": 1}')
    said = leadtui("run", path, "-i", "n=41", "--inputs", "in.json", "--output", "json")
    assert said.json["outputs"] == {"said": "42 Oslo w"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["-i", "n=x"], 3, "must be a whole number"),
        ([], 3, "-i n=VALUE"),
        (["-i", "n=1", "-i", "n=2"], 2, "given twice"),
        (["-i", "n"], 2, "NAME=VALUE"),
        (["-i", "n=1", "--timeout", "5x"], 2, "--timeout"),
        (["-i", "n=1", "--timeout", "0"], 2, "longer than 0"),
        (["-i", "n=1", "--output", "nope"], 2, "--output"),
        (["-i", "n=1", "--report", "nope"], 2, "--report"),
        (["-i", "n=1", "--inputs", "gone.json"], 2, "gone.json"),
        (["-i", "n=1", "--env-file", "gone"], 2, "gone"),
        (["-i", "n=1", "--db", "mysql://user:hush@host/x"], 2, "mysql://"),
    ],
)
def test_what_cannot_start_starts_nothing(words, code, told, leadtui, flow, own_place):
    """A wrong call exits with 2, a wrong input with 3, both before anything is stored."""
    said = leadtui("run", flow({"name": "a", "sh": "echo"}, inputs={"n": {"type": "integer"}}), *words)
    assert said.code == code
    assert told in said.err
    assert "hush" not in said.err
    assert leadtui("runs", "--json").json == []


def test_an_invalid_flow_is_told_line_by_line(leadtui, flow):
    """Exit 3 with `file:line:col code message` for each problem."""
    path = flow({"name": "a", "agent_nam": "shell"})
    said = leadtui("run", path)
    assert said.code == 3
    assert f"{path}:" in said.err
    assert "did you mean 'agent_name'?" in said.err


def test_a_missing_file(leadtui):
    """A flow that is not there is a usage error, not a bug."""
    said = leadtui("run", "gone.yaml")
    assert said.code == 2
    assert "gone.yaml" in said.err


def test_jsonl_gives_the_events(leadtui, flow):
    """Each line of stdout is one event, the first `run_queued`, the last the end."""
    said = leadtui("run", flow({"name": "a", "sh": "echo"}), "--output", "jsonl")
    types = [json.loads(line)["type"] for line in said.out.splitlines()]
    assert (types[0], types[-1]) == ("run_queued", "run_completed")


def test_a_partial_completion_is_not_enough_with_strict(leadtui, flow):
    """Exit 0 without, 4 with `--strict`."""
    path = flow(
        {"name": "a", "sh": "exit 1"},
        {"name": "b", "sh": "echo"},
        failure_strategy="partial_completion_allowed",
    )
    assert leadtui("run", path).code == 0
    assert leadtui("run", path, "--strict").code == 4


def test_the_deadline_of_a_run(leadtui, flow):
    """`--timeout` is stronger than the flow: exit 124."""
    said = leadtui("run", flow({"name": "a", "sh": "sleep 60"}), "--timeout", "50ms")
    assert said.code == 124


def test_max_parallel_and_a_report(leadtui, flow, tmp_path):
    """Overrides are stored with the run, and the report is written."""
    path = flow({"name": "a", "sh": "echo"}, {"name": "b", "sh": "echo"}, parallel_execution=True)
    said = leadtui("run", path, "--max-parallel", "1", "--report", "junit=out.xml", "-q", "--no-ui")
    assert said.code == 0
    assert "testsuite" in (tmp_path / "out.xml").read_text()


def test_a_report_that_cannot_be_written_is_a_failure(leadtui, flow, tmp_path):
    """The run completed, but who asked for a report must not believe there is one."""
    (tmp_path / "file").write_text("")
    said = leadtui("run", flow({"name": "a", "sh": "echo"}), "--report", "junit=file/out.xml")
    assert said.code == 1
    assert "report cannot be written" in said.err


def test_variables_come_from_the_env_file(leadtui, flow, tmp_path):
    """`--env-file` replaces the `.env` beside the flow."""
    path = flow({"name": "a", "sh": "echo ${CITY}"}, outputs={"said": "{{ tasks.a.result }}"})
    (tmp_path / "prod.env").write_text("CITY=Lima\n")
    assert leadtui("run", path).code == 3
    assert "Lima" in leadtui("run", path, "--env-file", "prod.env").out


def test_a_missing_key_of_a_provider(leadtui, flow, tmp_path, monkeypatch):
    """Exit 3, what to set for which agents, and nothing is stored; the same when it is to go on."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    agents = [{"name": n, "type": "ai_agent", "provider": "anthropic", "model": "m"} for n in ("a", "b")]
    calls = [{"name": f"t{each['name']}", "agent_name": each["name"], "parameters": {"prompt": "Hi"},
              "depends_on": ["gate"]} for each in agents]  # fmt: skip
    path = flow(GATE, *calls, agents=agents)
    said = leadtui("run", path, "--run-id", "r1")
    assert (said.code, said.out) == (3, "")
    line = "error: agents 'a', 'b': no key for anthropic: set ANTHROPIC_API_KEY in the environment or in .env"
    assert said.err.startswith(line)
    assert not (tmp_path / "journal.db").exists()
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=sk-1\n")
    assert leadtui("run", path, "--run-id", "r1").code == 5
    (tmp_path / ".env").unlink()
    before = leadtui("events", "r1").out
    said = leadtui("resume", "r1")
    assert (said.code, said.err.startswith(line)) == (3, True)
    assert leadtui("events", "r1").out == before
    for words in (("validate", path), ("plan", path), ("cancel", "r1")):
        assert leadtui(*words).code == 0


def test_a_run_id_that_is_taken(leadtui, flow):
    """A usage error, and the run that has it is untouched."""
    path = flow({"name": "a", "sh": "echo"})
    assert leadtui("run", path, "--run-id", "one").code == 0
    said = leadtui("run", path, "--run-id", "one")
    assert said.code == 2
    assert "choose another id" in said.err


def test_a_run_in_memory_leaves_nothing(leadtui, flow, own_place):
    """`--db memory:` writes no file and promises no command that could continue."""
    said = leadtui("run", flow({"name": "a", "sh": "exit 1"}), "--db", "memory:")
    assert said.code == 1
    assert "retry" not in said.err
    assert not (own_place / "journal.db").exists()


def test_a_journal_that_cannot_be_used(leadtui, flow, tmp_path):
    """Exit 8, with what to do."""
    (tmp_path / "no.db").write_text("this is no database, it is text" * 100)
    said = leadtui("run", flow({"name": "a", "sh": "echo"}), "--db", "no.db")
    assert said.code == 8
    assert "--db" in said.err


def test_a_gate_from_question_to_end(leadtui, flow):
    """Headless: exit 5 with the commands that answer; approve stores, resume goes on and completes."""
    path = flow(
        GATE, {"name": "go", "sh": "echo {{ tasks.gate.result.by }}"}, outputs={"by": "{{ tasks.go.result }}"}
    )
    said = leadtui("run", path, "--run-id", "r1")
    assert said.code == 5
    assert "leadtui approve r1 gate" in said.err
    assert said.err.splitlines()[-1].endswith("leadtui resume r1")
    assert leadtui("resume", "r1").code == 5
    approved = leadtui("approve", "r1", "--by", "ada")
    assert approved.code == 0
    assert "leadtui resume r1" in approved.out
    again = leadtui("approve", "r1")
    assert (again.code, "answered" in again.err) == (2, True)
    done = leadtui("resume", "r1")
    assert (done.code, done.out.strip()) == (0, "by: ada")
    ended = leadtui("resume", "r1")
    assert (ended.code, "has ended" in ended.err) == (2, True)


def test_the_commands_name_the_journal_that_was_given(leadtui, flow):
    """What is told to be typed works as it stands."""
    said = leadtui("run", flow(GATE), "--db", "other.db", "--output", "json")
    assert said.code == 5
    assert said.err.splitlines()[-1].endswith("--db other.db")


def test_retry_runs_again_what_failed(leadtui, flow, tmp_path):
    """What completed is kept, what failed runs again, and it exits like a run."""
    path = flow({"name": "a", "sh": "echo x >> ran"}, {"name": "b", "sh": "test -f ok", "depends_on": ["a"]})
    assert leadtui("run", path).code == 1
    (tmp_path / "ok").touch()
    said = leadtui("retry", "last")
    assert said.code == 0
    assert (tmp_path / "ran").read_text() == "x\n"
    assert leadtui("retry", "last").code == 2


def test_secrets_are_given_again(leadtui, flow, tmp_path):
    """A secret input is stored nowhere: going on needs it (else 3) under its own name (else 2)."""
    path = flow(
        {"name": "a", "sh": "test -f ok && echo {{ inputs.token }}"}, inputs={"token": {"secret": True}}
    )
    assert leadtui("run", path, "-i", "token=hush-hush").code == 1
    (tmp_path / "ok").touch()
    missing = leadtui("retry", "last")
    assert (missing.code, "-i token=..." in missing.err) == (3, True)
    assert leadtui("retry", "last", "-i", "nope=1").code == 2
    said = leadtui("retry", "last", "-i", "token=hush-hush")
    assert said.code == 0
    assert "hush-hush" not in said.out + said.err
    assert b"hush-hush" not in b"".join(each.read_bytes() for each in tmp_path.glob("journal.db*"))


def test_a_secret_of_another_type(leadtui, flow, tmp_path):
    """The text of a secret input is read by its declared type."""
    path = flow({"name": "a", "sh": "test -f ok"}, inputs={"pin": {"type": "integer", "secret": True}})
    assert leadtui("run", path, "-i", "pin=4711").code == 1
    (tmp_path / "ok").touch()
    assert leadtui("retry", "last", "-i", "pin=x").code == 2
    assert leadtui("retry", "last", "-i", "pin=4711").code == 0


def test_the_demo(leadtui):
    """It completes without a network and shows a retry, a branch and a handled failure."""
    said = leadtui("demo", "--output", "json")
    assert said.code == 0
    assert said.json["tasks"] == {"completed": 5, "failed": 1, "skipped": 1}
    assert said.json["metrics"]["retries"] == 2
    assert "leadtui why last surcharge" in said.err
