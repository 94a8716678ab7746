"""`--report junit=FILE` and `html=FILE`."""

import os
import threading
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lead_tui.core import events as ev
from lead_tui.errors import UsageError
from lead_tui.reporters import report_file
from lead_tui.reporters.chronicle import Chronicle
from tests.reporters.reporter_samples import (
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
    feed,
    result,
    tell,
)


def written(kind: str, path: Path, items=STORY, outcome=WAITING, exit_code: int = 5) -> str:
    reporter = report_file(f"{kind}={path}")
    feed(reporter, items)
    assert not path.exists() or path.read_text() == "old", "nothing is written before the end"
    reporter.finish(outcome, exit_code)
    reporter.close()
    return path.read_text(encoding="utf-8")


def cases(xml: str) -> dict[str, ET.Element]:
    return {case.get("name", ""): case for case in ET.fromstring(xml).iter("testcase")}


def said(case: ET.Element) -> str:
    skipped = case.find("skipped")
    return "" if skipped is None else skipped.get("message", "")


# --- junit ----------------------------------------------------------------------------------------


def test_junit_has_a_case_for_each_task(tmp_path: Path):
    """Times, the failure with its category, the reason of a skip, the log, and sums that agree."""
    xml = written("junit", tmp_path / "report.xml")
    found = cases(xml)
    assert list(found) == ["fetch", "notify", "push", "review", "announce", "(run)"]
    assert found["fetch"].attrib == {"name": "fetch", "classname": "nightly", "time": "3.500"}
    assert found["fetch"].findtext("system-out") == "GET /items"
    failure = found["push"].find("failure")
    assert failure is not None
    assert failure.attrib == {
        "type": "permission_error",
        "message": "permission_error: 403 Forbidden (http_403)",
    }
    assert [said(found[name]) for name in ("notify", "review", "announce", "(run)")] == [
        "skipped: when: inputs.send", "waiting: Publish?", "skipped: push failed", "the run is waiting"
    ]  # fmt: skip
    suites = ET.fromstring(xml)
    assert suites.tag == "testsuites"
    assert suites[0].attrib == {
        "name": "nightly", "tests": "6", "failures": "1", "errors": "0", "skipped": "4", "time": "13.000",
        "timestamp": "2026-03-01T12:00:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [(CANCELLED, "cancelled"), (TIMED_OUT, "timeout_error"), (FAILED, None), (result(), None)],
)
def test_junit_tells_the_end_of_the_run(tmp_path: Path, outcome, kind: str | None):
    """A cancelled or timed out run is no green suite; a failed task or a completed run has no extra case."""
    error = cases(written("junit", tmp_path / "r.xml", outcome=outcome)).get("(run)")
    assert (None if error is None else error.find("error").get("type")) == kind


def test_junit_does_not_fail_a_build_for_a_handled_failure(tmp_path: Path):
    """A failure that the flow handles is a skipped case; an interrupted task is an error."""
    story = tell(
        ev.TaskFailed(task="a", failure=FORBIDDEN, handled=True, why="continue_on_failure"),
        ev.TaskCancelled(task="b", why="by ann"),
        ev.TaskInterrupted(task="c"),
    )
    found = cases(written("junit", tmp_path / "r.xml", story, INTERRUPTED))
    assert "handled (continue_on_failure)" in said(found["a"])
    assert said(found["b"]) == "cancelled: by ann"
    assert found["c"].find("error").get("type") == "interrupted"


def test_junit_is_valid_whatever_agents_wrote(tmp_path: Path):
    """Hostile names and logs parse, hold no forbidden character and no second element."""
    xml = written("junit", tmp_path / "r.xml", HOSTILE_STORY, HOSTILE_RESULT)
    assert not FORBIDDEN_CHARACTERS & set(xml)
    assert len(cases(xml)) == 2
    assert "script" not in {element.tag for element in ET.fromstring(xml).iter()}
    assert len(xml) < 100_000


def test_a_report_without_any_event_is_still_a_report(tmp_path: Path):
    """A run that was taken up and ended at once is told from its result alone."""
    xml = written("junit", tmp_path / "r.xml", [], INTERRUPTED)
    assert list(cases(xml)) == ["fetch", "push", "(run)"]


# --- html -----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_one_page_that_loads_nothing(tmp_path: Path):
    """No script, link, image or address; the policy forbids them as well."""
    page = Page(written("html", tmp_path / "deep" / "er" / "r.html"))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form", "a"}
    assert not any({"src", "href", "onload"} & set(attributes) for _, attributes in page.tags)
    policy = next(attributes for tag, attributes in page.tags if attributes.get("http-equiv"))
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_html_tells_tasks_failures_outputs_and_logs(tmp_path: Path):
    """The waterfall bars lie where the tasks ran; what a reader looks for is in the text."""
    outcome = result(
        outputs={"city": "Zürich", "long": "y" * 30_000, "tree": {"a": 1}}, errors={"push": FORBIDDEN}
    )
    page = Page(written("html", tmp_path / "r.html", outcome=outcome))
    for told in (
        "nightly",
        "GET /items",
        "403 Forbidden",
        "Zürich",
        '"a": 1',
        "(+10,000 characters)",
        "Publish?",
    ):
        assert told in page.text
    bars = [attributes["style"] for tag, attributes in page.tags if tag == "i"]
    assert bars == ["left:11.54%;width:30.77%", "left:53.85%;width:19.23%"]


def test_html_escapes_everything(tmp_path: Path):
    """Hostile text appears as text: no tag of it, no control character."""
    text = written("html", tmp_path / "r.html", HOSTILE_STORY, HOSTILE_RESULT)
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert "<script>x</script>" in page.text
    assert not FORBIDDEN_CHARACTERS & set(text)


@pytest.mark.parametrize("outcome", [FAILED, CANCELLED, TIMED_OUT, INTERRUPTED])
def test_html_for_every_end(tmp_path: Path, outcome):
    """Whatever the end, the page names it and the command that goes on."""
    text = Page(written("html", tmp_path / "r.html", [], outcome)).text
    assert outcome.status in text
    assert "leadtui retry r1" in text


# --- files and tasks ------------------------------------------------------------------------------


def test_a_report_replaces_the_old_one_whole(tmp_path: Path):
    """The file is replaced in one step and nothing is left beside it."""
    path = tmp_path / "r.xml"
    path.write_text("old")
    assert written("junit", path).startswith("<?xml")
    assert [each.name for each in tmp_path.iterdir()] == ["r.xml"]


def test_a_report_may_go_into_a_pipe(tmp_path: Path):
    """What is no plain file is written in place, not replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    reporter = report_file(f"junit={pipe}")
    reporter.finish(result(), 0)
    reader.join()
    assert got[0].startswith("<?xml")
    assert pipe.is_fifo()


def test_a_report_that_cannot_be_written_says_which(tmp_path: Path):
    """The error names the file that was asked for, and nothing half written is left."""
    (tmp_path / "file").write_text("")
    reporter = report_file(f"junit={tmp_path / 'file' / 'r.xml'}")
    with pytest.raises(OSError, match=r"file/r\.xml"):
        reporter.finish(result(), 0)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("junit", "KIND=FILE"),
        ("junit=", "KIND=FILE"),
        ("=x", "KIND=FILE"),
        ("junt=x", "did you mean 'junit'"),
        ("text=x", "known are html, junit"),
        ("html={folder}", "is a folder"),
    ],
)
def test_a_report_that_cannot_be_is_refused_at_once(tmp_path: Path, spec: str, message: str):
    """Before anything runs, with what would be right."""
    with pytest.raises(UsageError, match=message):
        report_file(spec.format(folder=tmp_path))


def test_a_chronicle_keeps_the_end_of_a_log_and_forgets_a_reopened_outcome():
    """The last lines stay, with the number of those before; a task that runs again has no old failure."""
    chronicle = Chronicle()
    for item in tell(
        ev.TaskFailed(task="a", failure=FORBIDDEN),
        *(ev.Log(task="a", text=f"line {n}") for n in range(300)),
        ev.RunReopened(tasks=["a"]),
    ):
        chronicle.see(item)
    story = chronicle.tasks["a"]
    assert story.log().splitlines()[:2] == ["… 100 lines before these", "line 100"]
    assert (story.status, story.failure) == ("pending", None)


def test_a_log_is_safe_before_it_is_kept():
    """A megabyte in a line is cut when it is seen, not when it is written."""
    chronicle = Chronicle()
    for item in tell(ev.Log(task="a", text=HOSTILE), ev.Log(task="a", text="x" * 1_000_000)):
        chronicle.see(item)
    assert len(chronicle.tasks["a"].log()) < 5_000
    assert not FORBIDDEN_CHARACTERS & set(chronicle.tasks["a"].log())
