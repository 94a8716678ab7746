"""`approve`, `reject`, `cancel`, `pause`, `skip`, `breaker` on runs that nobody drives."""

from datetime import UTC, datetime

import pytest

from lead_tui.cli import session
from lead_tui.core.commands import Cancel

FORM = {
    "name": "form",
    "agent_name": "human",
    "action": "input",
    "parameters": {
        "message": "Where?",
        "show": {"from": "Rome"},
        "form": {
            "city": {"choices": ["Paris", "Oslo"], "description": "the goal"},
            "days": {"type": "integer", "default": 3},
        },
    },
}
CHOICE = {
    "name": "choice",
    "agent_name": "human",
    "action": "approve",
    "parameters": {"message": "How?", "options": ["all", "some"]},
}


@pytest.fixture
def waiting(leadtui, flow):
    """Run a flow with these gates; it waits as `w1`."""

    def start(*gates, **settings):
        path = flow(*gates, parallel_execution=True, **settings)
        assert leadtui("run", path, "--run-id", "w1", "-q").code == 5

    return start


def test_a_form_is_answered_with_typed_values(leadtui, waiting):
    """A value that does not fit is refused with the reason and may be given again; defaults fill in."""
    waiting(FORM)
    wrong = leadtui("approve", "w1", "-i", "city=Rome")
    assert (wrong.code, "choose one of Paris, Oslo" in wrong.err) == (2, True)
    said = leadtui("approve", "w1", "-i", "city=Oslo", "--json")
    assert said.json == {"run_id": "w1", "accepted": True, "pending": True, "next": "leadtui resume w1"}
    assert leadtui("resume", "w1", "--output", "json").json["results"]["form"]["values"] == {
        "city": "Oslo",
        "days": 3,
    }


def test_an_option_must_be_chosen(leadtui, waiting):
    """A gate with options takes one of them."""
    waiting(CHOICE)
    assert leadtui("approve", "w1").code == 2
    assert leadtui("approve", "w1", "--answer", "some").code == 0
    assert leadtui("resume", "w1", "--output", "json").json["results"]["choice"]["answer"] == "some"


def test_the_only_option_needs_no_choice(leadtui, waiting):
    """One option is what an approval means."""
    waiting({**CHOICE, "parameters": {"message": "?", "options": ["ship"]}})
    assert leadtui("approve", "w1").code == 0


def test_of_several_gates_one_must_be_named(leadtui, waiting):
    """And a name that is no open gate is refused with those that are."""
    waiting(CHOICE, FORM)
    said = leadtui("approve", "w1")
    assert (said.code, "choice, form" in said.err) == (2, True)
    wrong = leadtui("approve", "w1", "nope")
    assert (wrong.code, "open: choice, form" in wrong.err) == (2, True)


def test_a_gate_that_was_answered(leadtui, waiting):
    """The second answer is told who gave the first."""
    waiting(CHOICE, FORM)
    leadtui("approve", "w1", "choice", "--answer", "all", "--by", "ada")
    assert leadtui("resume", "w1", "-q").code == 5
    said = leadtui("reject", "w1", "choice")
    assert (said.code, "answered by ada" in said.err) == (2, True)


def test_a_rejection_fails_the_task(leadtui, waiting):
    """With who and why in its error."""
    waiting(FORM)
    assert leadtui("reject", "w1", "--why", "not before Monday", "--by", "eve").code == 0
    said = leadtui("resume", "w1")
    assert said.code == 1
    assert "rejected by eve: not before Monday" in said.err
    none = leadtui("reject", "w1")
    assert (none.code, "asks nobody" in none.err) == (2, True)


def test_the_question_is_shown_on_a_terminal():
    """Message, what it shows, options and the fields of its form, with what each takes."""
    from lead_tui.cli.gates import question
    from lead_tui.core.events import ApprovalRequested

    form = FORM["parameters"]["form"]
    text = question(
        ApprovalRequested(
            task="t", gate="t", message="Where?", show={"from": "Rome"}, options=["all"], form=form
        )
    )
    assert text.splitlines() == [
        "t: Where?",
        "  | from: Rome",
        "  options: all",
        "  city: string, one of Paris, Oslo, the goal",
        "  days: integer, default 3",
    ]


def test_whoever_is_asked_sees_what(leadtui, flow):
    """`show`, `why`, the end of `run`, and the approval itself tell what the gate shows, as text and data."""
    text = "rm -rf /\n\tsecond line\x1b[2J"
    shown = {"tool": "shell", "arguments": {"command": text, "note": "a\nb"}}
    gate = {
        "name": "ok", "agent_name": "human", "action": "approve",
        "parameters": {"message": "May m call it?", "show": shown},
    }  # fmt: skip
    asked = [
        "  ? ok: May m call it?",
        "      | tool: shell",
        "      | arguments:",
        '      |   command: "rm -rf /\\n\\tsecond line\\e[2J"',
        "      |   note: |-",
        "      |     a",
        "      |     b",
        "      leadtui approve w1 ok",
        "      leadtui reject w1 ok",
    ]
    ran = leadtui("run", flow(gate), "--run-id", "w1")
    assert ran.err.splitlines()[-10:-1] == asked
    assert leadtui("show", "w1").out.splitlines()[-10:-1] == asked
    why = leadtui("why", "w1", "ok").out.splitlines()
    assert why == ["ok is waiting", "  waits for a person, at the gate ok", "  May m call it?", *asked]
    (told,) = leadtui("show", "w1", "--json").json["waiting_for"]
    assert (told["show"], told["options"], told["form"], told["action"]) == (shown, [], {}, "approve")
    assert told["next"] == ["leadtui approve w1 ok", "leadtui reject w1 ok"]
    (why,) = leadtui("why", "w1", "ok", "--json").json["waiting_for"]
    assert why["show"] == shown
    assert leadtui("approve", "w1").code == 0
    assert "answered by" in leadtui("why", "w1", "ok").out


def test_a_gate_is_shown_while_other_tasks_go_on(leadtui, flow, program, own_place):
    """The run is not waiting yet, and somebody can answer already: no resume is needed."""
    gate = {"name": "ok", "agent_name": "human", "action": "approve",
            "parameters": {"message": "Go?", "show": {"n": 7}}}  # fmt: skip
    wait = "while [ ! -e go ]; do sleep 0.05; done"
    path = flow(gate, {"name": "other", "sh": wait}, parallel_execution=True)
    running = program("run", path, "--run-id", "w1")
    running.until("needs you")
    shown = leadtui("show", "w1").out.splitlines()
    assert shown[-4:] == [
        "  ? ok: Go?",
        "      | n: 7",
        "      leadtui approve w1 ok",
        "      leadtui reject w1 ok",
    ]
    assert leadtui("show", "w1", "--json").json["waiting_for"][0]["show"] == {"n": 7}
    assert leadtui("approve", "w1").code == 0
    (own_place / "go").touch()
    assert running.end().code == 0


def test_cancel_of_a_run_that_nobody_drives_cleans_up_here(leadtui, waiting, own_place):
    """It is taken up, its `finally` tasks run, and it ends cancelled: the command did what was asked."""
    waiting(FORM, finally_=[{"name": "clean", "sh": "touch cleaned"}])
    said = leadtui("cancel", "w1", "--why", "too late", "--by", "ada")
    assert said.code == 0
    assert (own_place / "cleaned").exists()
    assert "exit" not in said.err
    assert leadtui("show", "w1", "--json").json["status"] == "cancelled"
    ended = leadtui("cancel", "w1")
    assert (ended.code, "has ended" in ended.err) == (2, True)


TOKEN = {"token": {"secret": True}}


def test_cancel_asks_for_secrets_only_if_something_is_called(leadtui, flow, own_place):
    """Without cleanup, or without what is left of it, a run can be ended by who does not know them."""
    path = flow(FORM, inputs=TOKEN)
    assert leadtui("run", path, "--run-id", "w1", "-i", "token=hush").code == 5
    assert leadtui("cancel", "w1").code == 0
    ended = leadtui("cancel", "w1")
    assert (ended.code, "has ended" in ended.err) == (2, True)
    path = flow(FORM, inputs=TOKEN, finally_=[{"name": "clean", "sh": "echo {{ inputs.token }} > cleaned"}])
    assert leadtui("run", path, "--run-id", "w2", "-i", "token=hush").code == 5
    assert leadtui("cancel", "w2").code == 3
    assert leadtui("cancel", "w2", "-i", "token=hush").code == 0
    assert (own_place / "cleaned").read_text() == "hush\n"
    assert leadtui("run", path, "--run-id", "w3", "-i", "token=hush").code == 5
    assert leadtui("cancel", "w3", "--skip-cleanup").code == 0


def test_the_commands_that_go_on_name_the_secrets(leadtui, flow):
    """What is told to be typed is what is needed: a secret without a default stands in every such line."""
    path = flow(FORM, inputs={**TOKEN, "known": {"secret": True, "default": "x"}, "city": "Rome"})
    ran = leadtui("run", path, "--run-id", "w1", "-i", "token=hush")
    further = "leadtui resume w1 -i token=..."
    assert ran.err.splitlines()[-1].endswith(further)
    assert leadtui("show", "w1").out.splitlines()[-1].endswith(further)
    again = leadtui("resume", "w1", "-i", "token=hush")
    assert again.err.splitlines()[-1].endswith(further)
    assert leadtui("approve", "w1", "-i", "city=Oslo", "--json").json["next"] == further


def test_a_stored_answer_is_shown_as_one(leadtui, waiting):
    """A gate that somebody answered waits for `resume`, not for another answer."""
    waiting(CHOICE, FORM)
    assert leadtui("approve", "w1", "choice", "--answer", "all", "--by", "ada").code == 0
    lines = leadtui("show", "w1").out.splitlines()
    assert "  ? choice: How? · answered by ada, waits for resume" in lines
    assert not any("approve w1 choice" in line for line in lines)
    assert any("approve w1 form" in line for line in lines)
    gates = {
        gate["gate"]: gate["answered_by"] for gate in leadtui("show", "w1", "--json").json["waiting_for"]
    }
    assert gates == {"choice": "ada", "form": None}


def test_cancel_without_cleanup(leadtui, waiting, own_place):
    """`--skip-cleanup` runs no `finally` task and lists what it skipped."""
    waiting(FORM, finally_=[{"name": "clean", "sh": "touch cleaned"}])
    said = leadtui("cancel", "w1", "--skip-cleanup")
    assert said.code == 0
    assert "clean" in said.err
    assert not (own_place / "cleaned").exists()


def test_cancel_of_a_run_whose_owner_died_before_it_heard(leadtui, waiting):
    """The wish that waits in the inbox is carried out, not taken for a reason to refuse this one."""
    waiting(FORM)
    with session.existing(None) as engine:
        engine.journal.post("w1", Cancel(why="first"), "ada", datetime.now(UTC))
    said = leadtui("cancel", "w1")
    assert said.code == 0, said.err
    assert leadtui("show", "w1", "--json").json["status"] == "cancelled"


def test_a_task_is_cancelled_when_the_run_goes_on(leadtui, waiting):
    """The wish is stored; the next owner carries it out."""
    waiting(FORM)
    assert "leadtui resume w1" in leadtui("cancel", "w1", "form").out
    assert leadtui("cancel", "w1", "nope").code == 2
    assert leadtui("resume", "w1", "-q").code == 1


def test_skip_settles_a_waiting_task(leadtui, waiting):
    """Dependents see it as skipped, and the run can end."""
    waiting(FORM, {"name": "after", "sh": "echo", "depends_on": ["form"]})
    assert leadtui("skip", "w1", "form").code == 0
    assert leadtui("resume", "w1", "--output", "json").json["tasks"] == {"skipped": 2}


def test_pause_needs_a_run_that_somebody_drives(leadtui, waiting):
    """Nothing starts in a run that nobody drives: a stored pause would only hold up who resumes it."""
    waiting(FORM)
    said = leadtui("pause", "w1")
    assert (said.code, "nobody drives" in said.err) == (2, True)


def test_the_breaker_of_an_agent(leadtui, waiting):
    """The wish is stored; an agent that the run does not have is refused."""
    waiting(FORM)
    assert leadtui("breaker", "w1", "human", "trip").code == 0
    assert leadtui("breaker", "w1", "human", "reset", "--json").json["pending"] is True
    assert leadtui("breaker", "w1", "nope", "trip").code == 2
    assert leadtui("breaker", "w1", "human", "open").code == 2
