"""`--output text`: lines on a pipe, a living screen on a terminal, the result on stdout."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest

from lead_tui.core import events as ev
from lead_tui.core import views
from lead_tui.errors import Category, Failure, Outcome
from lead_tui.reporters import make, render_result
from lead_tui.reporters.base import Target
from lead_tui.reporters.lines import LOG_LINES, LOG_WIDTH, Narrator
from lead_tui.reporters.progress import Lines, plain_line
from lead_tui.reporters.result_text import result_body, summary, what_next, with_commands
from lead_tui.runner.left import Given, Raise
from lead_tui.runner.result import budget_data
from lead_tui.text.words import (
    CALL_IS_GONE,
    duration,
    gate_commands,
    go_on,
    preview,
    short_name,
    spending,
    stopwatch,
)
from tests.reporters.reporter_samples import (
    BEGAN,
    CANCELLED,
    FAILED,
    FORBIDDEN,
    FORBIDDEN_CHARACTERS,
    HOSTILE,
    HOSTILE_RESULT,
    HOSTILE_STORY,
    INTERRUPTED,
    STORY,
    TIMED_OUT,
    WAITING,
    Screen,
    feed,
    report,
    result,
    tell,
)

GOLDEN = """\
   0.0s ▶ run       nightly · 5 tasks · r1
   2.5s   fetch | GET /items
   3.0s ↻ retry     fetch            network_error: the server is busy (http_503) · try 2 in 1.5s
   5.5s ✓ done      fetch            3.5s · 2 tries
   6.5s – skipped   notify           when: inputs.send · inputs.send was false
   8.0s … waiting   push             for rate limit until 12:00:00 UTC: 60 calls in 1m
   9.5s ✗ failed    push             permission_error: 403 Forbidden (http_403)
  10.0s ○ breaker   api              open: 5 failures in a row; a probe may go at 12:00:00 UTC
  10.5s … breaker   api              half open: a probe goes
  11.0s ● breaker   api              closed again: a probe succeeded
  12.0s ? needs you review           Publish?
                    | rows: 3
                    while this run goes on:
                    leadtui approve r1 review -i amount=NUMBER
                    leadtui reject r1 review
  13.0s ? waiting   only a person can go on: review
? nightly waiting in 13.0s · 1 waiting, 1 done, 1 failed, 2 skipped · 1 retry · exit 5 · run r1
  ✗ push: permission_error: 403 Forbidden (http_403)
"""


def told(*items: ev.Event | ev.Note, db: str | None = None) -> list[str]:
    narrator = Narrator(db)
    lines = [narrator.tell(item) for item in tell(*items)]
    return [plain_line(line)[8:] for line in lines if line is not None]


def test_tools_and_budgets_are_told():
    """What an agent called, what went wrong there, what was spent and who raised it."""
    broken = Failure(Category.TOOL, "no such file")
    assert told(
        ev.ToolCalled(task="a", attempt=1, call="1", tool="mail.send", arguments={"to": "ada"}),
        ev.ToolReturned(task="a", attempt=1, call="1", tool="mail.send", result="sent"),
        ev.ToolReturned(task="a", attempt=1, call="2", tool="read_file", failure=broken),
        ev.ToolsWaiting(task="a", attempt=1, calls=["1"]),
        ev.AttemptSaved(task="a", attempt=1, piece={}),
        ev.AttemptSpent(task="a", attempt=1, usage={"usd": 1.0}),
        ev.BudgetWarning(what="usd", spent=1.6, limit=2.0),
        ev.BudgetExceeded(what="tokens", spent=12_345, limit=12_000, agent="writer"),
        ev.BudgetExceeded(what="calls", spent=1, limit=1, mode="audit"),
        ev.BudgetUncounted(what="usd", source="writer", calls=1),
        ev.BudgetUncounted(what="tokens", source="writer", calls=1, agent="writer"),
        ev.TaskWaiting(task="a", attempt=1, reason="budget", why="the budget of writer is spent"),
        ev.RunWaiting(why="budget", tasks=["a", "b"]),
        ev.BudgetRaised(limits={"usd": 5.0}, by="ada"),
        ev.BudgetRaised(limits={"tokens": 20_000.0}, agent="writer"),
    ) == [
        '· tool      a                mail.send {"to":"ada"}',
        "! tool      a                read_file failed: tool_error: no such file",
        "! budget    1.6 of 2 USD used",
        (
            "! budget    writer           used up, 12,345 of 12,000 tokens; "
            "whatever else needs it waits until it is raised"
        ),
        "! budget    used up, 1 of 1 call; mode: audit, so it goes on",
        "! budget    calls of writer come without a known price: its limit of USD does not count them",
        (
            "! budget    writer           its calls come without a count of tokens: "
            "its limit of tokens does not count them"
        ),
        "… waiting   a                the budget of writer is spent",
        "? waiting   for a budget to be raised: a, b",
        "✓ budget    raised to 5 USD by ada",
        "✓ budget    writer           raised to 20,000 tokens",
    ]


def test_a_spent_budget_is_told_with_the_command_that_raises_it():
    """The limit is spelled out, and the journal where it is not the usual one; an audit needs nothing."""
    over = ev.BudgetExceeded(what="tokens", spent=2, limit=1, agent="writer")
    lines = [Narrator("j.db").tell(each) for each in tell(over, msgspec.structs.replace(over, mode="audit"))]
    command = "leadtui raise-budget r1 --agent writer --db j.db --tokens ..."
    assert [line and line.more for line in lines] == [(command,), ()]


def test_what_a_run_that_waits_for_budgets_needs():
    """A command for each budget with its flags, then the one that goes on, in the same last line."""
    spent = [
        {"agent": "", "what": "usd", "spent": 2.5, "limit": 2.0},
        {"agent": "", "what": "calls", "spent": 9, "limit": 9},
        {"agent": "writer", "what": "tokens", "spent": 1000, "limit": 1000},
    ]
    waiting_for = [budget_data(views.Spent(**each)) for each in spent]
    waiting = result(status="waiting", spent_budgets=spent, waiting_for=waiting_for)
    assert waiting.exit_code() == 7
    assert what_next(waiting, "j.db", secrets=["key"]) == [
        "  ? the budget of the flow is spent: 2.5 of 2 USD",
        "  ? the budget of the flow is spent: 9 of 9 calls",
        "  ? the budget of writer is spent: 1,000 of 1,000 tokens",
        (
            "  to go on: leadtui raise-budget r1 --db j.db --usd ... --calls ...; "
            "leadtui raise-budget r1 --agent writer --db j.db --tokens ...; "
            "leadtui resume r1 -i key=... --db j.db"
        ),
    ]


def test_what_models_cost_in_words():
    """Nothing for what cost none; what has no price is said and counts as no money."""
    assert spending({}) == spending({"calls": 3}) == ""
    assert spending({"calls": 1, "input_tokens": 10, "output_tokens": 5, "usd": 0.01234}) == (
        "1 call, 15 tokens, 0.0123 USD"
    )
    assert spending({"calls": 2000, "unpriced_calls": 2}) == "2,000 calls, 2 unpriced"
    assert spending({"usd": 0, "unpriced_calls": 0}) == "0.00 USD"
    assert spending({"unpriced_calls": 1, "unmetered_calls": 1, "calls": 1}) == (
        "1 call, 1 unpriced, 1 without a count of tokens"
    )
    said = summary(result(metrics={"usage": {"calls": 5, "usd": 12.5}, "model_calls": 1}))[0]
    assert " · 1 model call, 12.50 USD · " in said


def test_a_summary_says_what_a_budget_cannot_count():
    """A limit that does not bind is no limit that was kept."""
    said = summary(
        result(
            uncounted=[
                {"agent": "", "what": "usd", "calls": 3},
                {"agent": "writer", "what": "tokens", "calls": 1},
            ]
        )
    )
    assert said[1:] == [
        "  ! the budget of the flow: 3 calls without a price are not in this",
        "  ! the budget of writer: 1 call without a count of tokens is not in this",
    ]


def test_what_waits_for_a_person_is_shown_with_what_they_are_to_look_at():
    """Indented YAML; text of several lines stands as it was written, safe and bounded."""
    draft = "Dear Ann,\n\n  sorry \u202e!\n" + "\n".join(map(str, range(60)))
    gate = {**WAITING.waiting_for[0], "show": {"to": "ann", "text": draft, "n": [1]}, "form": {}}
    said = what_next(result(status="waiting", waiting_for=[gate]))
    assert said[:9] == [
        "  ? review: Publish?",
        "      | to: ann",
        "      | text: |-",
        "      |   Dear Ann,",
        "      | ",
        "      |     sorry \\u202e!",
        "      |   0",
        "      |   1",
        "      |   2",
    ]
    assert said[-4:] == [
        "      … 27 more lines",
        "      leadtui approve r1 review",
        "      leadtui reject r1 review",
        "  to go on: leadtui resume r1",
    ]
    driven = what_next(result(status="running", waiting_for=[gate]), driven=True)
    assert driven[-1] == "      leadtui reject r1 review", "somebody drives it: an answer is enough"


def test_a_preview_says_what_is_missing():
    """Lines, and characters of a line: nothing is cut in silence."""
    assert preview("x" * 5000) == [f"| {'x' * 200}… (+4,800 characters)"]
    assert preview("a\nb\nc", lines=2) == ["| a", "| b", "… 1 more line"]
    assert preview({"a": "\ud800\nb"}) == ['| a: "\\uD800\\nb"']
    assert preview("") == ["| "]


def test_a_run_on_a_pipe_is_a_line_for_each_thing_that_matters():
    """Word for word: glyph, word, task, reason; nothing for what only goes its way."""
    out, err = report("text")
    assert err == GOLDEN
    assert out.splitlines() == [
        '✓ fetch  {"id":1}',
        "✗ push  permission_error: 403 Forbidden (http_403)",
        "– announce  not run: push failed",
    ]


def test_quiet_leaves_what_needs_somebody():
    """Failures, gates and open breakers are told, work that goes well is not."""
    _, err = report("text", quiet=True)
    words = [line[10:19].strip() for line in err.splitlines() if line[:8].strip().endswith("s")]
    assert words == ["failed", "breaker", "needs you"]


def test_outputs_stand_on_stdout_as_yaml():
    """A flow with outputs prints them, and nothing else, on stdout."""
    out, _ = report(
        "text", outcome=result(outputs={"city": "Zürich", "rows": [1, 2], "none": None}), exit_code=0
    )
    assert out == "city: Zürich\nrows:\n- 1\n- 2\nnone: null\n"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (ev.RunResumed(why="by ann"), "▶ goes on   by ann"),
        (ev.RunReopened(tasks=["a", "b"], by="ann"), "▶ reopened  again by ann: a, b"),
        (ev.RunInterrupted(), "! taken up  the process before this one went away"),
        (ev.RunPaused(by="ann"), "‖ paused    by ann; leadtui resume r1 goes on"),
        (ev.RunStopping(cause="failure", task="a", why="a failed"), "■ stopping  after a failure: a failed"),
        (ev.RunStopping(cause="cancelled", by="ann"), "■ stopping  cancelled by ann"),
        (ev.DeadlinePassed(scope="cleanup"), "! out of time the rest of the cleanup is skipped"),
        (
            ev.AttemptStalled(task="a", attempt=1, idle=130),
            "! stalled   a                nothing heard for 2m10s",
        ),
        (ev.TaskCancelled(task="a", why="by ann"), "■ cancelled a                by ann"),
        (ev.ApprovalGranted(task="a", gate="a", answer="later"), "✓ approved  a                later"),
        (ev.ApprovalRejected(task="a", gate="a", by="ann"), "■ rejected  a                by ann"),
        (ev.BreakerOpened(agent="a", why="tripped"), "○ breaker   a                open: tripped"),
        (ev.Message(role="assistant", text="hi", task="a"), "  a | assistant: hi"),
        (ev.Log(text="hm", task="a", level="warning"), "! a | hm"),
        (ev.Log(text="of the run"), "  | of the run"),
    ],
)  # fmt: skip
def test_every_event_that_matters_has_its_line(event: ev.Event | ev.Note, line: str):
    """Events that the story does not have, one by one."""
    assert told(event) == [line]


def test_what_only_goes_its_way_has_no_line():
    """Starts, evaluations, tokens, debug lines and deadlines that another event tells are left out."""
    assert (
        told(
            ev.RunStarted(),
            ev.TaskReady(task="a"),
            ev.TaskStarted(task="a"),
            ev.AttemptStarted(task="a", attempt=1),
            ev.TaskWaiting(task="a", attempt=1, reason="person"),
            ev.DeadlinePassed(scope="run"),
            ev.Tokens(text="x"),
            ev.Log(text="x", level="debug"),
            ev.AttemptFailed(task="a", attempt=1, failure=FORBIDDEN),
        )
        == []
    )


def test_a_failure_says_why_it_was_not_tried_again_or_what_handles_it():
    """A failure of unknown outcome names the rule; a handled one is a warning."""
    unknown = Failure(Category.NETWORK, "reset", Outcome.UNKNOWN)
    lines = told(
        ev.TaskFailed(task="a", failure=unknown, why="not idempotent"),
        ev.TaskFailed(task="b", failure=FORBIDDEN, handled=True, why="continue_on_failure"),
    )
    assert lines == [
        "✗ failed    a                network_error: reset · not idempotent",
        "! failed    b                permission_error: 403 Forbidden (http_403) · continue_on_failure",
    ]


def test_commands_name_the_journal_and_are_quoted_for_a_shell():
    """What is shown to be typed can be typed, with `--db` where the run lies elsewhere."""
    line = Narrator("my runs.db").tell(tell(ev.TaskInterrupted(task="pu sh"))[0])
    assert line is not None
    assert line.more == ("leadtui retry r1 --db 'my runs.db'", "leadtui skip r1 'pu sh' --db 'my runs.db'")
    approve, _ = gate_commands("r1", "g", {"n": {"type": "integer"}, "m": {"default": 1}}, ["yes", "no"])
    assert approve == "leadtui approve r1 g --answer yes -i n=INTEGER  # or no"


def test_a_task_that_was_cut_off_at_its_question_is_told_with_the_question():
    """Not before: it may have been answered meanwhile. The answer to type has the call made again."""
    line = Narrator().tell(tell(ev.TaskInterrupted(task="push", why="asked", gate="review"))[0])
    assert line is not None
    assert (line.word, line.detail, line.more) == ("cut off", "asked", ())
    (gate,) = WAITING.waiting_for
    gone = replace(WAITING, waiting_for=[{**gate, "again": True}])
    assert what_next(gone)[-6:] == [
        "      | rows: 3",
        f"      {CALL_IS_GONE}",
        "      leadtui approve r1 review --again -i amount=NUMBER",
        "      leadtui reject r1 review --again",
        "      leadtui skip r1 review  # it is not made again",
        "  to go on: leadtui resume r1",
    ]


def test_a_long_preview_is_cut_and_says_so():
    """What a gate shows does not flood the screen."""
    assert preview("\n".join("abcdef"), lines=4) == ["| a", "| b", "| c", "| d", "… 2 more lines"]


@pytest.mark.parametrize(
    ("seconds", "text", "column"),
    [(0, "0.00s", "0.0s"), (0.05, "0.05s", "0.1s"), (3.21, "3.2s", "3.2s"), (59.96, "1m00s", "1m00s"),
     (125, "2m05s", "2m05s"), (3725, "1h02m", "1h02m")],
)  # fmt: skip
def test_durations_are_short(seconds: float, text: str, column: str):
    """Two decimals for what is quick, minutes and hours for what is long."""
    assert (duration(seconds), stopwatch(seconds)) == (text, column)


def test_hostile_text_reaches_neither_stream():
    """No control, bidi or surrogate character passes, and nothing outside can begin a line of its own."""
    out, err = report("text", HOSTILE_STORY, HOSTILE_RESULT)
    assert not FORBIDDEN_CHARACTERS & set(out + err)
    assert "[red]x[/red]" in err
    assert max(map(len, err.splitlines())) < 10_000
    assert not any(line.lstrip().startswith("::") for line in err.splitlines())


def test_a_terminal_gets_colours_and_a_living_screen_and_no_markup():
    """On a terminal the running tasks and the bar are drawn; text of agents is never markup or a command."""
    out, screen = Screen(), Screen()
    report("text", HOSTILE_STORY, HOSTILE_RESULT, stdout=out, stderr=screen, color=False)
    shown = screen.getvalue()
    assert "[red]x[/red]" in shown
    assert "\x1b]52" not in shown
    assert "\x1b[2J\x1b" not in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1, "the cursor is shown again"
    assert not {"\x07", "\x9b", "\u202e", "\ud800", "\x00"} & set(shown)


def test_the_living_screen_names_the_running_tasks_and_counts(monkeypatch: pytest.MonkeyPatch):
    """A refresh shows each running task with what it said last, its part, and how many have ended."""
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    reporter = make("text", stdout=io.StringIO(), stderr=screen, color=False, total=9)
    running = [ev.AttemptStarted(task=f"t{n}", attempt=1) for n in range(8)]
    feed_open = tell(
        *running,
        ev.Progress(task="t0", done=1, total=4, text="reading"),
        ev.Log(task="t1", text="half way"),
        ev.TaskSkipped(task="t9", cause="condition"),
        gap=0,
    )
    reporter.show(feed_open)
    reporter.idle()
    shown = screen.getvalue()
    reporter.close()
    assert " 25% reading" in shown
    assert "half way" in shown
    assert "and 2 more" in shown
    assert "1/9" in shown
    assert screen.getvalue().count("\x1b[?25h") == 1, "close gives the terminal back"


def test_a_terminal_of_eighty_columns_is_enough(monkeypatch: pytest.MonkeyPatch):
    """Long details go on below, indented; no line is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    long = Failure(Category.AGENT, "a long reason " * 20)
    report("text", tell(ev.TaskFailed(task="a" * 70, failure=long), ev.TaskFailed(task="b", failure=long)),
           result(errors={"b": long}), stdout=Screen(), stderr=screen, color=False)  # fmt: skip
    lines = [
        line.split("\x1b[?25h")[-1] for line in screen.getvalue().splitlines() if "a long reason" in line
    ]
    assert len(lines) > 8
    assert all(len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", line)) <= 80 for line in lines)


def test_no_colour_on_a_dumb_terminal(monkeypatch: pytest.MonkeyPatch):
    """TERM=dumb gets the lines of a pipe."""
    monkeypatch.setenv("TERM", "dumb")
    _, err = report("text", stderr=Screen())
    assert err == GOLDEN


def test_no_color_leaves_no_colour(monkeypatch: pytest.MonkeyPatch):
    """NO_COLOR is obeyed on a terminal: no colour code is written."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    _, err = report("text", stderr=Screen())
    codes = {code for codes in re.findall(r"\x1b\[([0-9;]*)m", err) for code in codes.split(";")}
    assert codes <= {"", "0", "1", "2", "3", "22", "23"}


def test_colour_can_be_asked_for_on_a_pipe():
    """`color=True` paints the lines of a pipe and draws no screen."""
    _, err = report("text", color=True)
    assert "\x1b[32m" in err
    assert "\x1b[?25l" not in err
    assert max(len(line) for line in err.splitlines()) > 80, "nothing is wrapped"


def test_silence_on_a_pipe_is_broken_by_naming_what_runs():
    """A build that waits long is told which tasks still run; with none running nothing is said."""
    stream = io.StringIO()
    lines = Lines(Target(io.StringIO(), stream))
    lines.idle()
    assert stream.getvalue() == ""
    lines.show(tell(*(ev.AttemptStarted(task=f"t{n}", attempt=1) for n in range(7)), gap=0))
    lines.idle()
    assert "… running   t0 " in stream.getvalue()
    assert stream.getvalue().rstrip().endswith("and 2 more")


def test_an_encoding_without_glyphs_gets_plain_ones():
    """With LANG=C lines are readable, and text that the encoding lacks is escaped, never an error."""
    raw = io.BytesIO()
    err = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    report("text", tell(ev.TaskCompleted(task="käse", duration=1)), result(), stderr=err, exit_code=0)
    assert raw.getvalue().decode("ascii").splitlines() == [
        "   0.0s + done      k\\xe4se             1.0s",
        "+ nightly completed in 13.0s . 1 done . run r1",
    ]


@pytest.mark.parametrize(
    ("outcome", "next_line"),
    [(FAILED, "leadtui retry r1"), (CANCELLED, "leadtui retry r1"), (WAITING, "leadtui resume r1"),
     (INTERRUPTED, "leadtui retry r1"), (TIMED_OUT, "leadtui retry r1"),
     (result(status="paused"), "leadtui resume r1")],
)  # fmt: skip
def test_what_goes_on_is_the_last_thing_said(outcome, next_line: str):
    """Each end that is not completion names the command that continues the run."""
    assert what_next(outcome)[-1] == f"  to go on: {next_line}"


def test_the_whole_result_for_people():
    """`render_result` has the summary, the failures, the gate with its command, and the tasks."""
    text = render_result(WAITING)
    assert text.startswith("? nightly waiting in 13.0s")
    assert "leadtui approve r1 review -i amount=NUMBER" in text
    assert text.endswith("– announce  not run: push failed")
    assert "perhaps executed" in render_result(INTERRUPTED)
    assert not FORBIDDEN_CHARACTERS & set(render_result(HOSTILE_RESULT))
    assert render_result(result(results={})) == "✓ nightly completed in 13.0s · 1 done · run r1"


def test_a_summary_lists_the_cause_of_the_run_and_not_thousands_of_failures():
    """The global timeout is named; of many failures twenty, with the number of the others."""
    assert "  ✗ timeout_error: the run took longer than 5 s (global_timeout)" in summary(TIMED_OUT)
    many = result(status="failed", errors={f"t{n}": FORBIDDEN for n in range(1_000)}, failure=FORBIDDEN)
    assert summary(many)[-1] == "  … and 980 more failed"
    assert len(summary(many)) == 22
    assert "completed in part" in summary(result(partial=True))[0]


def test_a_result_of_many_lines_takes_one():
    """The list of tasks stays a list: first line, how many more, cut to the width."""
    body = result_body(result(results={"a": "one\ntwo\nthree", "b": None, "c": "y" * 500}), 60).splitlines()
    assert body[0] == "✓ a  one … (+2 lines)"
    assert body[1].rstrip() == "✓ b"
    assert len(body[2]) == 60
    assert body[2].endswith("…")


def test_a_run_taken_up_counts_from_where_this_reporter_looked_on():
    """Reopened tasks count again; what another process ended is no concern of this bar."""
    lines = Lines(Target(io.StringIO(), io.StringIO(), total=3))
    lines.show(
        tell(
            ev.TaskCompleted(task="a"),
            ev.AttemptStarted(task="b", attempt=1),
            ev.TaskInterrupted(task="b"),
            ev.RunReopened(tasks=["a", "b", "c"]),
            ev.Log(task="gone", text="late"),
            ev.Progress(task="gone", done=1, total=2),
        )
    )
    assert (lines.running.ended, lines.running.total, lines.running.tasks) == (0, 3, {})


def test_a_waiting_task_keeps_its_age():
    """The time of a running task counts from its first attempt, through waits and retries."""
    lines = Lines(Target(io.StringIO(), io.StringIO()))
    lines.show(STORY[:10])
    assert lines.running.tasks["fetch"].since == STORY[4].ts > BEGAN


def test_rich_is_not_imported_for_a_pipe():
    """A headless run does not pay for the terminal."""
    code = (
        "import io, sys; from lead_tui.reporters import make, report_file\n"
        "make('text', stdout=io.StringIO(), stderr=io.StringIO())\n"
        "report_file('html=x'); report_file('junit=x')\n"
        "print([name for name in ('rich', 'textual', 'jinja2', 'structlog') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_closed_reporter_takes_no_more():
    """A reporter that was closed takes no more and says nothing."""
    stream = io.StringIO()
    reporter = make("text", stdout=io.StringIO(), stderr=stream)
    reporter.close()
    feed(reporter, tell(ev.Log(text=HOSTILE)))
    reporter.finish(result(), 0)
    assert stream.getvalue() == ""


def test_a_task_that_never_stops_talking_is_cut_off():
    """After so many lines the command that shows all of them, once, and at the end how many there were."""
    logs = [ev.Log(text=f"line {n}", task="chat") for n in range(LOG_LINES + 50)]
    other = ev.Log(text="still heard", task="other")
    lines = told(*logs, other, ev.TaskCompleted(task="chat", duration=1), *logs[:1])
    assert lines[LOG_LINES - 1 : LOG_LINES + 1] == [
        f"  chat | line {LOG_LINES - 1}",
        "· chat | … more: leadtui logs r1 chat",
    ]
    assert lines[LOG_LINES + 1 :] == [
        "  other | still heard",
        "✓ done      chat             1.0s · 50 log lines not shown",
        "  chat | line 0",
    ]


def test_a_giant_line_is_one_cut_line():
    """However long, what a task says takes one line of bounded length, with how much is missing."""
    [line] = told(ev.Log(text="x" * 10_000, task="a"))
    assert line == f"  a | {'x' * LOG_WIDTH}… (+{10_000 - LOG_WIDTH:,} characters)"


def test_the_column_of_names_grows_with_them_and_never_shrinks():
    """Names are learned as they come; a very long one loses its middle."""
    names = ["a", "twenty-letters-of-it", "b", "first" + "x" * 100 + "last", "c"]
    stream = io.StringIO()
    lines = Lines(Target(io.StringIO(), stream))
    for name in names:
        lines.show(tell(ev.TaskCompleted(task=name, duration=1)))
    columns = [line.index(" 1.0s") for line in stream.getvalue().splitlines()]
    assert columns == [36, 40, 40, 48, 48]
    long = stream.getvalue().splitlines()[3][20:48]
    assert (long[:5], long[-4:], len(long), long.count("…")) == ("first", "last", 28, 1)


@pytest.mark.parametrize(("name", "short"), [("a" * 28, "a" * 28), ("a" * 29, "a" * 13 + "…" + "a" * 14)])
def test_a_short_name_stays(name: str, short: str):
    """Only what does not fit loses its middle."""
    assert short_name(name) == short


def test_commands_that_go_on_name_the_secrets():
    """Interrupted tasks and the last line say which inputs are to be given again."""
    line = Narrator("my.db", ("token",)).tell(tell(ev.TaskInterrupted(task="a"))[0])
    assert line is not None
    assert line.more[0] == "leadtui retry r1 -i token=... --db my.db"
    assert what_next(FAILED, secrets=("token", "pin"))[-1].endswith(go_on("retry", "r1", ("token", "pin")))
    assert go_on("retry", "r1", ("a", "b")) == "leadtui retry r1 -i a=... -i b=..."


def test_a_gate_whose_answer_is_stored_needs_no_other():
    """Who answered, and what it waits for, in place of the commands."""
    lines = what_next(WAITING, given=Given({"review": "ada"}))
    assert lines == [
        "  ? review: Publish? · answered by ada, waits for resume",
        "  to go on: leadtui resume r1",
    ]


def test_a_budget_that_was_raised_needs_no_other():
    """Of two limits one is raised: by whom stands there, and the other one is still to be raised."""
    waiting_for = [budget_data(views.Spent("", what, 2, 2)) for what in ("usd", "calls")]
    waiting = result(status="waiting", waiting_for=waiting_for)
    given = Given(raises={("", "usd"): Raise(5, "ada")})
    assert what_next(waiting, given=given) == [
        "  ? the budget of the flow is spent: 2 of 2 USD · raised to 5 USD by ada, waits for resume",
        "  ? the budget of the flow is spent: 2 of 2 calls",
        "  to go on: leadtui raise-budget r1 --calls ...; leadtui resume r1",
    ]
    assert [each["next"] for each in with_commands("r1", waiting_for, given=given)] == [
        ["leadtui resume r1"],
        ["leadtui raise-budget r1 --calls ...", "leadtui resume r1"],
    ]


def test_a_run_that_was_left_is_parked():
    """Nothing of it runs any more."""
    [line] = summary(result(status="interrupted", tasks={"running": 2, "completed": 1}), 129)
    assert line == "… nightly parked in 13.0s · 2 in flight when it was left, 1 done · exit 129 · run r1"


def test_a_full_stdout_costs_the_result_and_not_the_summary():
    """The last words still stand on stderr."""
    err = io.StringIO()
    with pytest.raises(OSError, match="No space left"):
        report("text", stdout=Full(), stderr=err)
    assert "nightly waiting in 13.0s" in err.getvalue()


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, os.strerror(28))


def test_the_last_state_of_a_quick_run_is_the_right_one(monkeypatch: pytest.MonkeyPatch):
    """What a run that ends within one refresh leaves on the screen counts all that ended."""
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    reporter = make("text", stdout=io.StringIO(), stderr=screen, color=False, total=2)
    reporter.show(tell(ev.AttemptStarted(task="a", attempt=1)))
    reporter.show(tell(ev.TaskCompleted(task="a"), ev.TaskCompleted(task="b")))
    assert "2/2" in screen.getvalue()
    reporter.show(tell(ev.AttemptStarted(task="c", attempt=1), ev.TaskReady(task="d")))
    reporter.close()
    assert "\x1b[1mc" in screen.getvalue(), "also what began within the last refresh"


@pytest.mark.parametrize(("columns", "rows"), [("20", "4"), ("12", "2")])
def test_a_very_narrow_terminal_is_used_as_it_is(columns, rows, monkeypatch: pytest.MonkeyPatch):
    """No line is wider than the terminal, and nothing is left out."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", rows)
    out, screen = Screen(), Screen()
    report("text", stdout=out, stderr=screen, color=False)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    lines = [part for line in plain.splitlines() for part in line.split("\r")]
    assert max(map(len, lines)) <= int(columns)
    assert max(map(len, out.getvalue().splitlines())) <= int(columns)
    assert "permission" in "".join(line.strip() for line in lines)
