"""Front ends that write: a run as lines of text, JSON, a build's annotations, or a file at its end.

registry.py      `make` and `report_file`: reporters by name, ours too through their entry points
base.py          Reporter, StreamReporter, FileReport: derive from one of the last two
pen.py streams.py files.py   a thread that writes, streams that survive their reader, whole files
lines.py         the run as lines
progress.py live.py running.py text.py   lines on a pipe, and above the running tasks on a terminal
result_text.py   what a run came to, for people
json_result.py jsonl.py github.py   the other values of `--output`
chronicle.py junit.py web_page.py   the values of `--report`
"""

from lead_tui.reporters.base import FileReport, Reporter, StreamReporter, Target
from lead_tui.reporters.registry import make, report_file
from lead_tui.reporters.result_text import render_result

__all__ = [
    "FileReport",
    "Reporter",
    "StreamReporter",
    "Target",
    "make",
    "render_result",
    "report_file",
]
