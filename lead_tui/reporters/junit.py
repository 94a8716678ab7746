"""`--report junit=FILE`: a test suite in which each task is a test case.

A failure that the flow handles is a skipped case: the run did not fail because of it, nor should the build.
What befell the run itself (a timeout, a cancellation, a person that is missing) is the case `(run)`.
"""

from lead_tui.reporters.base import FileReport
from lead_tui.reporters.chronicle import Chronicle, TaskStory
from lead_tui.reporters.lines import failure_text
from lead_tui.reporters.result_text import summary
from lead_tui.reporters.safe import safe, safe_line
from lead_tui.runner.result import Result

NOT_RUN = {"skipped", "cancelled", "waiting", "running", "pending"}


class JunitReport(FileReport):
    def render(self, chronicle: Chronicle, result: Result, exit_code: int) -> bytes:
        from xml.etree import ElementTree as ET

        suite = ET.Element("testsuite", name=safe_line(result.name, 200))
        for task in chronicle.tasks.values():
            case = ET.SubElement(
                suite, "testcase", name=safe_line(task.name or "(run)", 200),
                classname=safe_line(result.name, 200), time=f"{task.duration:.3f}",
            )  # fmt: skip
            verdict = _verdict(task)
            if verdict is not None:
                _add(case, *verdict)
            if task.tail:
                ET.SubElement(case, "system-out").text = safe(task.log())
        verdict = _verdict_on_run(result)
        if verdict is not None:
            case = ET.SubElement(suite, "testcase", name="(run)", classname=safe_line(result.name, 200), time="0")
            _add(case, *verdict)
        ET.SubElement(suite, "system-out").text = safe("\n".join(summary(result, exit_code)))
        _count(suite, chronicle, result)
        suites = ET.Element("testsuites", suite.attrib)
        suites.append(suite)
        ET.indent(suites)
        return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True))
