"""`--report junit=FILE`: a test suite in which each task is a test case.

A failure that the flow handles is a skipped case: the run did not fail because of it, nor should the build.
What befell the run itself (a timeout, a cancellation, a person that is missing) is the case `(run)`.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lead_tui.reporters.base import FileReport
from lead_tui.reporters.chronicle import Chronicle, TaskStory
from lead_tui.reporters.result_text import summary, what_next
from lead_tui.runner.result import Result
from lead_tui.text.safe import safe, safe_line
from lead_tui.text.words import failure_text

Verdict = tuple[str, str, str]
"""Element, type and message."""


class JunitReport(FileReport):
    def render(self, chronicle: Chronicle, result: Result, exit_code: int) -> bytes:
        """XML in UTF-8; characters that XML cannot hold are shown as in a terminal."""
        name = safe_line(result.name, 200)
        suite = Element("testsuite", name=name)
        for task in chronicle.tasks.values():
            _case(suite, task.name or "(run)", name, _verdict(task), task.duration, task.log())
        on_run = _verdict_on_run(result)
        if on_run is not None:
            _case(suite, "(run)", name, on_run)
        SubElement(suite, "system-out").text = safe(
            "\n".join([*summary(result, exit_code), *what_next(result)])
        )
        _count(suite, result.execution_time)
        if chronicle.started is not None:
            suite.set("timestamp", chronicle.started.isoformat(timespec="seconds"))
        suites = Element("testsuites", {key: suite.get(key, "") for key in ("name", *_COUNTED, "time")})
        suites.append(suite)
        indent(suites)
        return bytes(tostring(suites, encoding="utf-8", xml_declaration=True))


_COUNTED = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error",
            "skipped": "testcase/skipped"}  # fmt: skip


def _count(suite: Element, seconds: float) -> None:
    for attribute, path in _COUNTED.items():
        suite.set(attribute, str(len(suite.findall(path))))
    suite.set("time", f"{seconds:.3f}")


def _case(
    suite: Element, name: str, suite_name: str, verdict: Verdict | None, seconds: float = 0.0, log: str = ""
) -> None:
    attributes = {"name": safe_line(name, 200), "classname": suite_name, "time": f"{seconds:.3f}"}
    case = SubElement(suite, "testcase", attributes)
    if verdict is not None:
        element, kind, message = verdict
        said = SubElement(case, element, {"message": safe_line(message)} | ({"type": kind} if kind else {}))
        if element != "skipped":
            said.text = safe(message)
    if log:
        SubElement(case, "system-out").text = safe(log)


def _verdict(task: TaskStory) -> Verdict | None:
    """What is wrong with this task; None if it completed."""
    match task.status:
        case "completed":
            return None
        case "failed" if task.failure is not None and task.handled:
            return ("skipped", "", f"failed, and that is handled ({task.why}): {failure_text(task.failure)}")
        case "failed" if task.failure is not None:
            return ("failure", str(task.failure.category), failure_text(task.failure))
        case "interrupted":
            return ("error", "interrupted", task.why or "in flight at a crash: its outcome is unknown")
        case status:
            return ("skipped", "", f"{status}: {task.why}" if task.why else status)


def _verdict_on_run(result: Result) -> Verdict | None:
    if result.failure is not None and not result.errors:
        return ("error", str(result.failure.category), failure_text(result.failure))
    if result.status == "cancelled":
        return ("error", "cancelled", "the run was cancelled")
    if result.status != "completed" and result.status != "failed":
        return ("skipped", "", f"the run is {result.status}")
    return None
