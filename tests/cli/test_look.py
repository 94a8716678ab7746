"""`runs`, `show`, `logs`, `events`, `why`: what can be asked of a run; nothing of it moves a terminal."""

import json

import pytest

from lead_tui.cli.sayings import LONGEST, Sayings
from lead_tui.core import events as ev
from lead_tui.testing.model_server import call, say, together

EVIL = "\x1b[2J\x1b]0;owned\x07\u202e"


@pytest.fixture
def story(leadtui, flow):
    """A run `story-1` in which a task failed, one was skipped for it, and one ran in the end."""
    path = flow(
        {"name": "ok", "sh": "echo fine; echo careful >&2"},
        {"name": "bad", "sh": "exit 3", "depends_on": ["ok"]},
        {"name": "after", "sh": "echo", "depends_on": ["bad"]},
        {"name": "never", "sh": "echo", "when": "tasks.ok.result == 'x'"},
        finally_=[{"name": "end", "sh": "echo over"}],
        failure_strategy="continue_on_failure",
        inputs={"city": "Paris"},
        name="story",
    )
    assert leadtui("run", path, "--run-id", "story-1").code == 1
    return path


def test_runs_lists_newest_first(leadtui, flow, story):
    """With the flow's name and status; `--flow`, `--status` and `--limit` narrow it."""
    leadtui("run", flow({"name": "a", "sh": "echo"}, name="other", file="o.yaml"), "--run-id", "r2")
    assert [row["id"] for row in leadtui("runs", "--json").json] == ["r2", "story-1"]
    assert [row["id"] for row in leadtui("runs", "--flow", "story", "--json").json] == ["story-1"]
    assert [row["id"] for row in leadtui("runs", "--status", "completed", "--json").json] == ["r2"]
    assert len(leadtui("runs", "--limit", "1", "--json").json) == 1
    assert "story-1  story  failed" in leadtui("runs", "--flow", "story").out


def test_a_status_that_no_run_can_have(leadtui):
    """A slip of the fingers is not an empty list: exit 2 with those that there are."""
    said = leadtui("runs", "--status", "blah")
    assert (said.code, "waiting, completed, failed" in said.err) == (2, True)
    assert leadtui("runs", "--status", "interrupted").code == 0


def test_no_journal_yet(leadtui, own_place):
    """Looking for runs makes no file; a run that is asked for is not found."""
    assert leadtui("runs").out == "no runs\n"
    said = leadtui("show", "last")
    assert (said.code, "nothing has run yet" in said.err) == (2, True)
    assert not (own_place / "journal.db").exists()
    assert leadtui("show", "last", "--db", "gone.db").code == 8


def test_show(leadtui, story):
    """Each task with its status, tries and reason; the commands that continue the run."""
    said = leadtui("show", "last")
    assert said.code == 0
    assert "run story-1: story, failed" in said.out
    assert "input city = Paris" in said.out
    assert "bad    failed     1" in said.out
    assert "exit code 3" in said.out
    assert "leadtui retry story-1" in said.out


def test_show_as_json(leadtui, story):
    """The result of the run with its row, inputs and every task."""
    data = leadtui("show", "story", "--json").json
    assert (data["status"], data["run_id"], data["inputs"]) == ("failed", "story-1", {"city": "Paris"})
    tasks = {task["name"]: task for task in data["task_list"]}
    assert (tasks["bad"]["status"], tasks["bad"]["error"]["code"]) == ("failed", "exit_3")
    assert (tasks["after"]["status"], tasks["after"]["cause"]) == ("skipped", "upstream")
    assert tasks["end"]["status"] == "completed"
    assert data["owner"] is None


def test_a_run_is_named_by_a_beginning(leadtui, story):
    """A prefix that fits two runs, or none, exits with 2 and says so."""
    leadtui("run", story, "--run-id", "story-2")
    said = leadtui("show", "stor")
    assert (said.code, "more than one" in said.err) == (2, True)
    assert leadtui("show", "zzz").code == 2


def test_logs(leadtui, story):
    """The lines of all tasks, or of one; a task that the run does not have is a usage error."""
    said = leadtui("logs", "last")
    assert "ok: fine" in said.out
    assert "ok: careful" in said.out
    assert "end: over" in said.out
    assert "fine" not in leadtui("logs", "last", "end").out
    assert leadtui("logs", "last", "nope").code == 2
    lines = [json.loads(line) for line in leadtui("logs", "last", "--json").out.splitlines()]
    assert {"type", "text", "task", "ts"} <= set(lines[0])
    assert leadtui("logs", "last", "end", "-f").out == leadtui("logs", "last", "end").out


WRITER = {
    "name": "writer", "type": "ai_agent", "provider": "openai", "model": "gpt-4.1-mini",
    "tools": ["json_parse"],
}  # fmt: skip


@pytest.fixture
def told(leadtui, flow, serve):
    """A run `m1` in which a model calls two tools, one of which fails, and then answers in two lines."""
    serve([
        together(say("Let me see."), call("json_parse", text="[1, 2]")),
        call("json_parse", text="{"),
        say("It is ", "done.\nBoth \x1b[2Jof it."),
    ])  # fmt: skip
    task = {"name": "ask", "agent_name": "writer", "parameters": {"prompt": "go"}}
    path = flow(task, {"name": "echo", "sh": "echo fine", "depends_on": ["ask"]}, agents=[WRITER])
    said = leadtui("run", path, "--run-id", "m1")
    assert said.code == 0, said.err


def test_logs_tell_answers_and_calls_of_tools(leadtui, told):
    """In order, with arguments, result and time, each line of an answer with its task; also of one task, and
    the same while it is followed.
    """
    lines = [line[9:] for line in leadtui("logs", "m1").out.splitlines()]
    assert lines[:2] == ["ask: llm: Let me see.", 'ask: tool: json_parse(text="[1, 2]") …']
    assert lines[2].startswith('ask: tool: json_parse(text="[1, 2]") -> 2 results, ')
    assert lines[3] == 'ask: tool: json_parse(text="{") …'
    assert lines[4].startswith('ask: tool: json_parse(text="{") -> failed: ')
    assert lines[5] == "ask: llm: It is done."
    assert lines[6].startswith("ask: Both ")
    assert "\x1b" not in lines[6]
    assert lines[7:] == ["echo: fine"]
    assert leadtui("logs", "m1", "-f").out == leadtui("logs", "m1").out
    assert leadtui("logs", "m1", "echo").out[9:] == "echo: fine\n"


def test_logs_as_json_hold_calls_and_answers(leadtui, told):
    """As data: what the journal has of each, an answer as one text."""
    lines = [json.loads(line) for line in leadtui("logs", "m1", "ask", "--json").out.splitlines()]
    assert [line["type"] for line in lines] == [
        "tokens", "tool_called", "tool_returned", "tool_called", "tool_returned", "tokens",
    ]  # fmt: skip
    assert (lines[1]["tool"], lines[1]["arguments"]) == ("json_parse", {"text": "[1, 2]"})
    assert lines[2]["duration"] >= 0
    assert lines[5]["text"] == "It is done.\nBoth \x1b[2Jof it."


def sayings(*items):
    each = Sayings()
    return [words for _, words in (*each.of(items), *each.rest())]


def test_an_answer_is_told_once_and_bounded():
    """In pieces as one, a long one in several; one that came at once with its attempt, cut; none of what asks
    no model; one that is broken off in the end.
    """
    usage = {"calls": 1, "input_tokens": 3}
    at_once = ev.AttemptCompleted(task="a", attempt=1, result="x" * (LONGEST + 5), usage=usage)
    assert sayings(at_once) == [f"llm: {'x' * LONGEST}\n… (+5 characters)"]
    assert sayings(ev.AttemptCompleted(task="a", attempt=1, result={"n": 1}, usage=usage)) == ['llm: {"n":1}']
    assert sayings(ev.AttemptCompleted(task="a", attempt=1, result="x")) == []
    texts = (("a", "b"), ("c", "c"), ("a", "d"), ("c", " "))
    pieces = [ev.Tokens(task=task, attempt=1, text=text) for task, text in texts]
    assert sayings(*pieces, ev.AttemptCompleted(task="a", attempt=1, result="bd", usage=usage)) == [
        "llm: bd", "llm: c",
    ]  # fmt: skip
    long = [ev.Tokens(task="a", attempt=1, text="y" * (LONGEST // 2)) for _ in range(5)]
    assert [len(words) for words in sayings(*long)] == [LONGEST + 5, LONGEST + 5, LONGEST // 2 + 5]


def test_events(leadtui, story):
    """One JSON object a line, `seq` without gaps; `--after`, `--notes` and `-f` do as they say."""
    lines = [json.loads(line) for line in leadtui("events", "last").out.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    later = leadtui("events", "last", "--after", "5").out.splitlines()
    assert json.loads(later[0])["seq"] == 6
    noted = [json.loads(line) for line in leadtui("events", "last", "--notes").out.splitlines()]
    assert len(noted) > len(lines)
    positions = [line.get("seq", line.get("after", 0)) for line in noted]
    assert positions == sorted(positions)
    assert leadtui("events", "last", "-f").out == leadtui("events", "last").out


def test_why(leadtui, story):
    """The reason as the log has it, with the values that a condition read."""
    said = leadtui("why", "last", "never")
    assert "tasks.ok.result == 'x'" in said.out
    assert "'fine'" in said.out
    assert leadtui("why", "last", "after", "--json").json["status"] == "skipped"
    near = leadtui("why", "last", "neverr")
    assert (near.code, "did you mean 'never'?" in near.err) == (2, True)


def test_the_shell_completes_runs_tasks_and_agents(leadtui, story, flow, tmp_path, monkeypatch):
    """From the journal and the flow; where there is nothing to offer there is no error either."""

    gate = {"name": "ask", "agent_name": "human", "action": "approve", "parameters": {"message": "Ok?"}}
    assert leadtui("run", flow(gate, file="gate.yaml"), "--run-id", "g1", "-q").code == 5

    def offered(*words):
        monkeypatch.setenv("_LEADTUI_COMPLETE", "complete_zsh")
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", " ".join(["leadtui", *map(str, words)]))
        return leadtui().out

    assert "story-1" in offered("show", "st")
    assert "last" in offered("why", "l")
    assert "never" in offered("why", "story-1", "n")
    assert "never" not in offered("why", "story-1", "x")
    assert "shell" in offered("test-agent", story, "s")
    unset = flow(
        {"name": "a", "sh": "echo ${NOT_SET_HERE}"},
        agents=[{"name": "far", "type": "http_api", "endpoint": "${NOT_SET_HERE}"}],
        file="unset.yaml",
    )
    assert "far" in offered("test-agent", unset, "f")
    assert "shell" in offered("breaker", "story-1", "s")
    assert "Ok?" in offered("approve", "g1", "a")
    assert "ask" in offered("reject", "g1", "a")
    (tmp_path / "odd.yaml").write_text("agents: 3\ntasks: [1, {agent_name: [x]}]")
    assert offered("test-agent", "odd.yaml", "s") == offered("test-agent", "gone.yaml", "s")
    assert offered("why", "zzz", "n") == offered("test-agent", "gone.yaml", "s")


def test_nothing_that_an_agent_says_moves_the_terminal(leadtui, flow):
    """Escape sequences and bidi characters of results, logs and errors are made visible everywhere."""
    mock = {"name": "m", "type": "mock", "results": {"say": EVIL}, "fail": {"die": {"message": EVIL}}}
    path = flow(
        {"name": "a", "agent_name": "m", "action": "say"},
        {"name": "b", "sh": ["printf", "%s", "{{ tasks.a.result }}"]},
        {"name": "c", "agent_name": "m", "action": "die", "retry_config": {"max_attempts": 1}},
        {
            "name": "d",
            "agent_name": "human",
            "action": "approve",
            "parameters": {"message": "{{ tasks.a.result }}"},
        },
        agents=[mock],
        parallel_execution=True,
        failure_strategy="continue_on_failure",
    )
    said = [leadtui("run", path)]
    said += [leadtui(*words) for words in (["show", "last"], ["logs", "last"], ["why", "last", "c"])]
    said.append(leadtui("approve", "last", "d"))
    assert said[0].code == 5
    assert "owned" in said[0].err
    for each in said:
        assert not set("\x1b\x07\u202e") & set(each.out + each.err)


@pytest.mark.parametrize(
    ("setting", "text", "warned"),
    [
        ("instructions", "Speak {{ language }}.", True),
        ("instructions", "Speak as {{ run.name }}.", True),
        ("instructions", "Answer as {name}, {{ 1 }} or {% raw %}{{ x }}{% endraw %}.", False),
        ("model", "{{ inputs.model }}", True),
        ("model", "{{ own }}", False),
    ],
)
def test_what_would_go_to_a_model_as_a_template_is_warned_of(leadtui, flow, setting, text, warned):
    """Instructions are word for word, whatever name stands in it; elsewhere what a run could give."""
    writer = {"name": "w", "type": "ai_agent", "provider": "openai", "model": "m", setting: text}
    task = {"name": "t", "agent_name": "w", "action": "run", "parameters": {"prompt": "Hi"}}
    path = flow(task, agents=[writer], inputs={"model": "m"})
    said = leadtui("validate", path)
    assert said.code == 0
    assert ("template-not-allowed" in said.out) is warned
    assert ("put it into the parameters of a task" in said.out) is warned
