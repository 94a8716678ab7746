"""`--output json`, `jsonl` and `github`: what programs read."""

import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from lead_tui.core import events as ev
from lead_tui.core.events import AnyEvent, AnyNote
from lead_tui.errors import UsageError
from lead_tui.reporters import make
from lead_tui.reporters.github import GithubReporter, command, markdown, neutral, output
from lead_tui.reporters.jsonl import JsonlReporter
from lead_tui.text.wire import escaped, json_text
from tests.reporters.reporter_samples import (
    CANCELLED,
    FAILED,
    FORBIDDEN_CHARACTERS,
    HOSTILE,
    HOSTILE_RESULT,
    HOSTILE_STORY,
    STORY,
    TIMED_OUT,
    WAITING,
    report,
    result,
    tell,
)


@pytest.fixture
def no_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)


# --- json -----------------------------------------------------------------------------------------


def test_json_is_one_object_with_all_of_the_result():
    """stdout is one JSON object: every field, failures in full, the exit code; progress is on stderr."""
    out, err = report("json")
    told = json.loads(out)
    assert set(told) == {*WAITING.__dataclass_fields__, "success", "exit_code"}
    assert told["errors"]["push"] == {
        "category": "permission_error", "severity": "high", "message": "403 Forbidden", "code": "http_403",
        "outcome": "permanent", "status": 403, "retry_after": None,
    }  # fmt: skip
    assert (told["status"], told["exit_code"], told["success"], told["failure"]) == (
        "waiting",
        5,
        False,
        None,
    )
    assert told["waiting_for"][0]["gate"] == "review"
    assert "✗ failed    push" in err


@pytest.mark.parametrize("outcome", [FAILED, CANCELLED, TIMED_OUT, result()])
def test_json_for_every_end(outcome):
    """Whatever the end, it is one object that says so."""
    out, _ = report("json", outcome=outcome)
    told = json.loads(out)
    assert told["status"] == outcome.status
    assert (told["failure"] is None) == (outcome.failure is None)


def test_json_holds_hostile_text_as_data_and_shows_none_of_it():
    """What comes back from parsing is exactly what went in; nothing in the text is a terminal's command."""
    out, _ = report("json", HOSTILE_STORY, HOSTILE_RESULT)
    assert json.loads(out)["results"] == {HOSTILE: HOSTILE}
    assert not FORBIDDEN_CHARACTERS & set(out)


def test_json_fits_a_stream_that_has_only_ascii():
    """With LANG=C the object is the same, written in ASCII."""
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    report("json", outcome=result(outputs={"city": "Zürich 🎉"}), stdout=stdout)
    assert json.loads(raw.getvalue().decode("ascii"))["outputs"] == {"city": "Zürich 🎉"}


def test_json_text_escapes_without_changing():
    """DEL, C1 and bidi are escaped, ordinary letters are not."""
    assert json_text("ü\x7f\x9b\u202e") == '"ü\\u007f\\u009b\\u202e"'
    assert escaped('"ü🎉"', "ascii") == '"\\u00fc\\ud83c\\udf89"'


# --- jsonl ----------------------------------------------------------------------------------------


def test_jsonl_is_each_event_and_note_as_it_is():
    """The lines on stdout read back as the same events and notes, in order; nothing else stands there."""
    out, err = report("jsonl")
    decoder = msgspec.json.Decoder(AnyEvent | AnyNote)
    assert [decoder.decode(line) for line in out.splitlines()] == STORY
    assert err.startswith("? nightly waiting in 13.0s")


def test_jsonl_keeps_hostile_text_as_data():
    """Each line is JSON, even with lone surrogates, and none holds a control character."""
    out, _ = report("jsonl", HOSTILE_STORY, HOSTILE_RESULT)
    lines = [json.loads(line) for line in out.split("\n")[:-1]]
    assert len(lines) == len(HOSTILE_STORY)
    assert lines[3]["text"] == HOSTILE
    assert not FORBIDDEN_CHARACTERS & set(out)


def test_jsonl_flushes_each_batch():
    """A reader that follows sees an event when it happens: one write and one flush per batch."""

    class Counting(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    stream = Counting()
    reporter = make("jsonl", stdout=stream, stderr=io.StringIO())
    assert isinstance(reporter, JsonlReporter)
    reporter.show(STORY[:3])
    reporter.show(STORY[3:5])
    assert (stream.flushed, stream.getvalue().count("\n")) == (2, 5)


def test_ten_thousand_events_are_all_there():
    """Many events in many batches: none is lost, none is out of order."""
    many = tell(*(ev.TaskCompleted(task=f"t{n}", duration=n) for n in range(10_000)), gap=0)
    out, _ = report("jsonl", many, result())
    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(range(1, 10_001))
    _, err = report("text", many, result())
    assert err.count("✓ done") == 10_000


# --- github ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_github")
def test_github_annotates_what_needs_eyes():
    """Failures are errors, breakers warnings, gates notices with their command; the result follows."""
    out, err = report("github")
    assert out.splitlines()[:3] == [
        "::error title=push::permission_error: 403 Forbidden (http_403)",
        "::warning title=breaker of api opened::5 failures",
        (
            "::notice title=review needs an answer::Publish?%0Aleadtui approve r1 review -i amount=NUMBER"
            "%0Aleadtui reject r1 review"
        ),
    ]
    assert "✓ done      fetch" in err


@pytest.mark.usefixtures("no_github")
def test_github_warns_of_what_is_handled_or_interrupted_and_names_the_end_of_the_run():
    """A handled failure is a warning; a failure of the run itself is an error of its own."""
    story = tell(
        ev.TaskFailed(task="a", failure=FAILED.errors["push"], handled=True), ev.TaskInterrupted(task="b")
    )
    out, _ = report("github", story, TIMED_OUT)
    assert out.splitlines()[:3] == [
        "::warning title=a::permission_error: 403 Forbidden (http_403)",
        "::warning title=b was interrupted::its outcome is unknown",
        "::error title=nightly::timeout_error: the run took longer than 5 s (global_timeout)",
    ]


@pytest.mark.usefixtures("no_github")
def test_no_text_from_outside_is_a_workflow_command():
    """Every line that the runner would obey is one that we wrote, on both streams."""
    for outcome in (
        HOSTILE_RESULT,
        result(results={"::error::x": "::error::y"}, outputs={"a": "1\n ::debug::x"}),
    ):
        out, err = report("github", HOSTILE_STORY, outcome)
        commands = [line for line in (out + err).splitlines() if line.strip().startswith("::")]
        assert all(
            line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in commands
        )
        assert not [line for line in (out + err).splitlines() if "##[" in line]
        assert not FORBIDDEN_CHARACTERS & set(out + err)


def test_commands_are_escaped_as_the_runner_reads_them():
    """Percent, line ends, and in a property colon and comma."""
    assert command("error", "a,b: 5%", "x\ny: 5%") == "::error title=a%2Cb%3A 5%25::x%0Ay: 5%25"
    assert neutral(" ::a::\n\n::b\nc ::d ##[e]") == " \\::a::\n\n\\::b\nc ::d ##\\[e]"


def test_neutral_takes_linear_time():
    """A megabyte of line ends and blanks is no trap."""
    assert neutral("\n" * 500_000 + " " * 500_000 + "::x").endswith(" \\::x")


def test_a_step_gets_a_table_and_its_outputs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The summary file is appended to; each output stands between delimiters that nobody can guess."""
    page, outputs = tmp_path / "summary.md", tmp_path / "output"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    text = "two\nlines"
    report("github", outcome=result(outputs={"a b": text, "n": [1]}))
    table = page.read_text()
    assert table.startswith("before\n### ✓ nightly completed")
    assert "| fetch | completed | 3.5s | 2 |  |" in table
    assert "| push | failed | 1.0s | 1 | permission\\_error\\: 403 Forbidden |" in table
    assert "```yaml\na b: |-\n  two\n  lines\nn:\n- 1\n```\n" in table
    first, second = _entries(outputs.read_text())
    assert first == ("a_b", text)
    assert second == ("n", "[1]")


def test_hostile_text_stays_text_in_the_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """No HTML, link or second heading, no control character; the output's value is kept as it is."""
    page, outputs = tmp_path / "summary.md", tmp_path / "output"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    many = [ev.TaskCompleted(task=f"t{n}", duration=0) for n in range(600)]
    report("github", [*HOSTILE_STORY, *tell(*many)], HOSTILE_RESULT)
    table = page.read_text()
    kinds = Counter(token.type for token in _tokens(table))
    assert not {"html_block", "html_inline", "link_open"} & set(kinds)
    assert (kinds["heading_open"], kinds["fence"]) == (1, 1)
    assert "more tasks" in table
    assert not FORBIDDEN_CHARACTERS & set(table)
    assert _entries(outputs.read_bytes().decode())[0][1] == HOSTILE.replace("\ud800", "\\ud800")


NESTED = {
    "ticket": {"id": 4, "tags": [{"name": "a", "path": ["b"]}], "text": "def f():\n    return 1"},
    "<b>": "| a | b |\n|---|---|\n````\n### heading\n  ~~~\n- <script>x</script>\n\n[a](http://b)",
}


def test_what_is_nested_keeps_its_indentation_in_the_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Outputs and what a gate shows stand in fences, as the YAML they are: it reads back the same."""
    blocks = [each for each in _page(monkeypatch, tmp_path, NESTED) if each.type == "fence"]
    outputs, gate = (block.content for block in blocks)
    assert yaml.safe_load(outputs) == NESTED
    shown = [line.removeprefix("| ") for line in gate.splitlines() if line.startswith("| ")]
    assert yaml.safe_load("\n".join(shown)) == NESTED
    assert gate.splitlines()[-1] == "leadtui reject r1 review --db /d.db"


def test_nothing_of_what_is_shown_is_markup_in_the_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """No fence ends early: there is no heading, table or list besides ours, no link and no HTML."""
    kinds = [
        Counter(token.type for token in _page(monkeypatch, tmp_path, shown)) for shown in (NESTED, "plain")
    ]
    assert kinds[0] == kinds[1]
    assert kinds[0]["heading_open"] == kinds[0]["table_open"] == kinds[0]["bullet_list_open"] == 1
    assert not {"html_block", "html_inline", "link_open"} & set(kinds[0])


def test_long_outputs_are_cut_in_the_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The page has a limit; it says how much is missing."""
    page = _page(monkeypatch, tmp_path, ["x" * 2_000] * 1_000)
    lines = next(each.content for each in page if each.type == "fence").splitlines()
    assert (len(lines), lines[0], lines[-1]) == (301, "it:", "… 701 more lines")
    assert lines[1].endswith("… (+1,502 characters)")


def _page(monkeypatch: pytest.MonkeyPatch, folder: Path, shown: Any) -> list[Token]:
    """The step's page of a run that has this as its outputs and at a gate, as Markdown reads it."""
    page = folder / "summary.md"
    page.unlink(missing_ok=True)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    gate = {**WAITING.waiting_for[0], "again": False, "show": shown}
    outputs = shown if isinstance(shown, dict) else {"it": shown}
    outcome = replace(WAITING, outputs=outputs, waiting_for=[gate])
    report("github", outcome=outcome, db="/d.db")
    return _tokens(page.read_text())


def _tokens(text: str) -> list[Token]:
    tokens = MarkdownIt().enable("table").parse(text)
    return [each for token in tokens for each in (token, *(token.children or ()))]


def _entries(text: str) -> list[tuple[str, str]]:
    found = []
    while text:
        head, text = text.split("\n", 1)
        name, delimiter = head.split("<<")
        value, text = text.split(f"\n{delimiter}\n", 1)
        found.append((name, value))
    return found


def test_two_outputs_never_share_a_delimiter():
    """The delimiter is drawn for each entry."""
    assert output("a", "x") != output("a", "x")


def test_markdown_escapes_its_own_marks():
    """Marks of Markdown and HTML are taken as text."""
    assert markdown("a|b `c` <d> [e](f) *g*") == "a\\|b \\`c\\` \\<d\\> \\[e\\]\\(f\\) \\*g\\*"


# --- by name --------------------------------------------------------------------------------------


def test_an_unknown_output_is_a_usage_error_with_the_nearest_name():
    """`--output` names what is meant; a report is no output."""
    with pytest.raises(UsageError, match=r"--output: there is no 'jsn'; did you mean 'json'\?"):
        make("jsn", stdout=io.StringIO(), stderr=io.StringIO())
    with pytest.raises(UsageError, match="known are github, json, jsonl, text"):
        make("html", stdout=io.StringIO(), stderr=io.StringIO())
    assert isinstance(make("github", stdout=io.StringIO(), stderr=io.StringIO()), GithubReporter)
