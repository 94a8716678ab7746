"""Two processes on one journal: one drives a run, the other watches and steers it."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lead_tui.cli import driving
from lead_tui.reporters import FileReport, StreamReporter, Target

GATE = {"name": "gate", "agent_name": "human", "action": "approve", "parameters": {"message": "Ship?"}}
NAP = {"name": "nap", "sh": "echo napping; sleep 60"}


def test_a_live_run_is_cancelled_from_another_process(program, flow, leadtui):
    """The receipt comes at once; the owner ends with 130 and says who did it."""
    run = program("run", flow(NAP))
    run.until("napping")
    said = leadtui("cancel", "last", "--by", "ada", "--why", "lunch")
    assert (said.code, "is being cancelled" in said.out) == (0, True)
    ended = run.end()
    assert ended.code == 130
    assert "ada" in ended.err


def test_a_live_run_is_paused_and_goes_on(program, flow, leadtui, own_place):
    """Nothing new starts in the pause; `resume` of a live run ends it; a second owner is refused with 9."""
    path = flow(
        {"name": "a", "sh": "echo napping; until test -e go; do sleep 0.05; done"},
        {"name": "b", "sh": "echo"},
    )
    run = program("run", path)
    run.until("napping")
    assert leadtui("resume", "last").code == 9
    assert leadtui("pause", "last", "--json").json["accepted"] is True
    assert leadtui("show", "last", "--json").json["status"] == "paused"
    (own_place / "go").touch()
    assert leadtui("resume", "last").code == 0
    assert run.end().code == 0


def test_one_task_of_a_live_run_is_cancelled(program, flow, leadtui):
    """The run goes on without it and fails; nothing is left to retry while it lives but the task."""
    run = program("run", flow(NAP, {"name": "b", "sh": "echo"}, failure_strategy="continue_on_failure"))
    run.until("napping")
    assert leadtui("retry", "last").code == 2
    assert leadtui("cancel", "last", "nap").code == 0
    assert run.end().code == 1


def test_events_and_logs_follow_a_live_run(program, flow, leadtui):
    """Another process sees them as they come, and ends with the run."""
    run = program("run", flow(NAP))
    run.until("napping")
    watch = program("events", "last", "--follow")
    logs = program("logs", "last", "--follow")
    assert "driven by process" in leadtui("show", "last").out
    run.signal(signal.SIGINT)
    assert run.end().code == 130
    seen = watch.end()
    assert seen.code == 0
    assert '"run_cancelled"' in seen.out.splitlines()[-1]
    assert "nap: napping" in logs.end().out


def test_a_parked_run_is_approved_from_another_process(program, flow, leadtui):
    """Approve stores the answer, resume in a third process completes the run."""
    assert program("run", flow(GATE), "--run-id", "p1").end().code == 5
    assert program("approve", "p1", "gate", "--by", "ada").end().code == 0
    assert program("resume", "p1").end().code == 0
    assert leadtui("show", "p1", "--json").json["results"]["gate"]["by"] == "ada"


def test_a_resume_that_loses_the_race(program, flow, leadtui):
    """One of two owns the run; the other exits with 9 and says how to follow it."""
    assert program("run", flow(GATE, {**NAP, "depends_on": ["gate"]}), "--run-id", "p1").end().code == 5
    assert leadtui("approve", "p1").code == 0
    first = program("resume", "p1")
    first.until("napping")
    late = program("resume", "p1").end()
    assert late.code == 9
    assert "leadtui events p1 -f" in late.err
    assert "leadtui pause p1" in late.err
    assert leadtui("cancel", "p1").code == 0
    assert first.end().code == 130


def test_a_killed_run_is_taken_up(program, flow, leadtui, own_place):
    """After kill -9 what completed is kept; a call that may have happened is left to a person: exit 5."""
    path = flow(
        {"name": "once", "sh": "echo x >> ran"},
        {
            "name": "charge",
            "sh": "echo napping; test -e ok || sleep 60",
            "idempotent": False,
            "depends_on": ["once"],
        },
    )
    run = program("run", path, "--run-id", "k1")
    run.until("napping")
    run.signal(signal.SIGKILL)
    run.end()
    said = leadtui("resume", "k1")
    assert said.code == 5
    assert "charge" in said.err
    assert "leadtui retry k1" in said.err.splitlines()[-1]
    (own_place / "ok").touch()
    assert leadtui("retry", "k1").code == 0
    assert (own_place / "ran").read_text() == "x\n"


def test_what_was_in_flight_at_a_kill_does_not_run(program, flow, leadtui):
    """`show` and `why` say alike that it was in flight, and what `resume` will do with it."""
    path = flow(
        {"name": "again", "sh": "echo napping; sleep 60"},
        {"name": "once", "sh": "echo napping; sleep 60", "idempotent": False},
        parallel_execution=True,
    )
    run = program("run", path, "--run-id", "k3")
    run.until("napping")
    run.until("napping")
    assert "again is running" in leadtui("why", "k3", "again").out
    run.signal(signal.SIGKILL)
    run.end()
    for name, then in (("again", "runs it again"), ("once", "asks whether it is to run again")):
        told = f"was in flight when its process ended; `leadtui resume` goes on ({then})"
        assert leadtui("why", "k3", name).out == f"{name} is interrupted\n  {told}\n"
        assert told in leadtui("show", "k3").out
        assert leadtui("why", "k3", name, "--json").json["status"] == "interrupted"
    assert leadtui("skip", "k3", "once").code == 0
    tasks = leadtui("show", "k3", "--json").json["task_list"]
    assert {task["status"] for task in tasks} == {"interrupted"}


@pytest.mark.parametrize(
    ("words", "redirection", "code"),
    [
        (["runs"], ">&-", 0),
        (["run", "flow.yaml"], ">&-", 0),
        (["run", "flow.yaml"], "2>&-", 0),
        (["run", "flow.yaml", "--output", "jsonl"], ">&- 2>&- <&-", 0),
        (["run", "flow.yaml"], ">/dev/full", 0),
        (["run", "flow.yaml", "--output", "jsonl"], ">/dev/full", 0),
        (["run", "flow.yaml"], "2>/dev/full", 0),
        (["runs"], ">/dev/full", 1),
        (["plan", "flow.yaml"], ">/dev/full", 1),
        (["validate", "flow.yaml"], ">/dev/full", 1),
        (["--help"], ">/dev/full", 1),
    ],
)
def test_a_stream_that_takes_nothing(words, redirection, code, flow, leadtui):
    """Closed it works like /dev/null; full it costs what only prints exit 1, a run nothing; never 70."""
    flow({"name": "a", "sh": "echo hello"})
    program = f"{sys.executable} -m lead_tui {' '.join(words)} {redirection}"
    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "mistake" not in done.stderr
    if "2>" not in redirection and "full" in redirection:
        assert "cannot be written: No space left on device" in done.stderr
    if words[0] == "run":
        assert [row["status"] for row in leadtui("runs", "--json").json] == ["completed"]


def test_a_pause_does_not_outlive_its_owner(program, flow, leadtui, own_place):
    """Who takes up a run that died in a pause wants it to go on."""
    run = program("run", flow({"name": "a", "sh": "echo napping; test -e ok || sleep 60"}), "--run-id", "k2")
    run.until("napping")
    assert leadtui("pause", "k2").code == 0
    run.signal(signal.SIGKILL)
    run.end()
    (own_place / "ok").touch()
    assert leadtui("resume", "k2").code == 0


def test_a_reader_that_leaves_ends_it_quietly(program, flow, leadtui):
    """`| head`: no traceback; a run that nobody reads any more still runs to its end."""
    path = flow({"name": "a", "sh": "seq 20000"}, {"name": "b", "sh": "echo"})
    assert leadtui("run", path, "-q").code == 0
    for words in (["events", "last", "--notes"], ["logs", "last"], ["run", path, "--output", "jsonl"]):
        reader, writer = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-m", "lead_tui", *map(str, words)],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(writer)
        os.read(reader, 10)
        os.close(reader)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in err
        assert "BrokenPipe" not in err
    assert [row["status"] for row in leadtui("runs", "--json").json] == ["completed", "completed"]


STEPS = """
import asyncio

async def cancel_all():
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.Event().wait()

def say_odd_things(context):
    context.progress(1, "ten")
    context.progress(float("nan"), 10.0)
    context.progress(10**400, 3.0)
    return "said"

async def hold():
    print("holding", flush=True)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
"""


@pytest.fixture
def python(flow, own_place):
    """A flow of one task that calls this function."""
    (own_place / "own_steps.py").write_text(STEPS)
    return lambda name: flow({"name": "a", "agent_name": "python", "action": f"own_steps:{name}"})


def test_an_agent_that_cancels_every_task(program, python, leadtui):
    """It is told in a few lines, without a traceback, and the last one goes on."""
    said = program("run", python("cancel_all"), "--run-id", "c1").end()
    assert said.code == 70
    assert "Traceback" not in said.err
    assert said.err.splitlines()[-1] == "run c1 was left: leadtui resume c1"
    assert leadtui("show", "c1", "--json").json["status"] == "interrupted"


@pytest.mark.parametrize("output", ["text", "json", "jsonl", "github"])
def test_odd_progress_ends_nothing(output, program, python):
    """What an agent says of its progress is shown if it can be, and costs neither the run nor the command."""
    said = program("run", python("say_odd_things"), "--output", output).end()
    assert said.code == 0, said.err
    assert "mistake" not in said.err
    assert "failed" not in said.err


def test_a_cancellation_that_was_cut_off_is_carried_out(program, python, leadtui):
    """The wish is in the log already: whoever says `cancel` again takes the run up and ends it."""
    run = program("run", python("hold"), "--run-id", "c2")
    run.until("holding")
    for text in ("cancelling", "skipping the cleanup", "left in the middle"):
        run.signal(signal.SIGINT)
        run.until(text)
    assert run.end().code == 130
    assert leadtui("show", "c2", "--json").json["status"] == "interrupted"
    said = leadtui("cancel", "c2")
    assert said.code == 0, said.err
    assert leadtui("show", "c2", "--json").json["status"] == "cancelled"


def test_a_plugin_reporter_that_fails_at_the_end(capsys):
    """A stream costs nothing but itself, a report that was asked for is a failure; the others still end."""

    class Failing(StreamReporter):
        def show(self, batch):
            """Nothing."""

        def conclude(self, result, exit_code):
            """Nothing."""

        def finish(self, result, exit_code):
            raise ValueError("bug")

    class Report(FileReport):
        def render(self, chronicle, result, exit_code):
            raise ValueError("bug")

    class Closing(Failing):
        closed = False

        def close(self):
            Closing.closed = True

    stream = Failing(Target(io.StringIO(), io.StringIO()))
    stream.close = lambda: stream.finish(None, 0)
    report = Report(Path("never"))
    report._chronicle.complete = lambda result: None
    assert driving.report([stream], None, 0) == 0
    assert driving.report([stream, report], None, 0) == 1
    driving.close([stream, Closing(Target(io.StringIO(), io.StringIO()))])
    assert Closing.closed
    assert capsys.readouterr().err.splitlines()[1:3] == [
        "warning: the reporter Failing failed: ValueError: bug",
        "error: the reporter Report failed: ValueError: bug",
    ]
