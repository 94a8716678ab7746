"""What functions print: lines of their task's log, never the process's own output."""

import sys
from textwrap import dedent

import pytest

from lead_tui.agents.output import MAX_LINES
from lead_tui.agents.prints import prints_to
from lead_tui.agents.python import PythonAgent, PythonConfig
from lead_tui.testing import run_flow


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_prints_of_a_function_are_logged(context, tmp_path, capsys, kind):
    """Sync or async, whole lines and the rest, both streams, in order."""
    (tmp_path / "steps.py").write_text(
        dedent(f"""
        import sys
        {kind} speak():
            print("one")
            print("two", end="")
            print(" halves\\nthe rest", end="")
            print("oops", file=sys.stderr)
        """)
    )
    using = context()
    await PythonAgent(PythonConfig(name="python", type="python")).execute("steps:speak", {}, using)
    said = [(note.stream, note.text) for note in using.notes]
    assert [text for stream, text in said if stream == "stdout"] == ["one", "two halves", "the rest"]
    assert ("stderr", "oops") in said
    assert capsys.readouterr().out == ""


def test_everybody_else_prints_as_before(context, capsys):
    """Only the task's own text is taken, and afterwards the streams are the old ones."""
    before = sys.stdout, sys.stderr
    using = context()
    with prints_to(using):
        print("mine")
        sys.stdout.flush()
        assert sys.stdout.writable()
        inside = sys.stdout
        with prints_to(context()):
            assert sys.stdout is inside
    assert (sys.stdout, sys.stderr) == before
    inside.write("late, from elsewhere\n")
    assert inside.buffer is before[0].buffer
    assert capsys.readouterr().out == "late, from elsewhere\n"
    assert [note.text for note in using.notes] == ["mine"]


def test_what_is_printed_is_heard_before_its_line_is_whole(context):
    """A row of dots is a sign of life."""
    using = context()
    with prints_to(using):
        print(".", end="")
        assert using.heartbeats > 0
        assert using.notes == []


def test_an_endless_line_is_cut(context):
    """No line break, no limit: the log gets pieces."""
    using = context()
    with prints_to(using):
        for _ in range(10):
            print("x" * 1_000, end="")
    assert [len(note.text) for note in using.notes] == [9_000, 1_000]


def test_streams_that_somebody_replaced_meanwhile_stay(context, monkeypatch):
    """Who comes after us wins."""
    import io

    other = io.StringIO()
    with prints_to(context()):
        monkeypatch.setattr(sys, "stdout", other)
        monkeypatch.setattr(sys, "stderr", other)
    assert sys.stdout is other
    assert sys.stderr is other


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_stream_that_a_function_took_away_comes_back(context, name):
    """`sys.stdout = None` silences the function, not the process."""
    before = getattr(sys, name)
    with prints_to(context()):
        setattr(sys, name, None)
    assert getattr(sys, name) is before


def test_two_tasks_do_not_mix_their_lines(tmp_path):
    """Each piece goes to the task that printed it."""
    (tmp_path / "steps.py").write_text(
        dedent("""
        import asyncio
        async def speak(name):
            for number in range(3):
                print(name, end=" ")
                await asyncio.sleep(1)
                print(number)
        """)
    )
    tasks = [
        {"name": name, "agent_name": "python", "action": "steps:speak", "parameters": {"name": name}}
        for name in ("ada", "bob")
    ]
    story = run_flow({"name": "x", "parallel_execution": True, "tasks": tasks}, folder=tmp_path)
    assert story.result.status == "completed"
    for name in ("ada", "bob"):
        assert [n.text for n in story.notes if n.task == name] == [f"{name} {number}" for number in range(3)]


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_a_flood_of_prints_is_cut_short(context, tmp_path, kind):
    """Each stream has its bound, and its last line says how many were left out."""
    (tmp_path / "steps.py").write_text(
        dedent(f"""
        import sys
        {kind} speak():
            for number in range({MAX_LINES + 3}):
                print(number)
            print("oops", file=sys.stderr)
        """)
    )
    using = context()
    await PythonAgent(PythonConfig(name="python", type="python")).execute("steps:speak", {}, using)
    said = using.lines("stdout")
    assert said[-2:] == [str(MAX_LINES - 1), "(3 more lines were not logged)"]
    assert len(said) == MAX_LINES + 1
    assert using.lines("stderr") == ["oops"]


def test_a_screen_that_closes_while_a_function_runs_takes_no_lines_away(context, monkeypatch):
    """The next function's prints are logged although somebody has put the plain streams back meanwhile."""
    plain = sys.stdout
    first, second = context(), context()
    with prints_to(first):
        monkeypatch.setattr(sys, "stdout", plain)
        with prints_to(second):
            print("heard")
    assert [note.text for note in second.notes] == ["heard"]
    assert sys.stdout is plain
