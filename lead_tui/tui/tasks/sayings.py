"""The one line that says most about a task now: its error, its progress, its tool or last words, its reason.

Pure.
"""

from lead_tui.core import events as ev
from lead_tui.core.state import TaskState
from lead_tui.text.words import failure_text
from lead_tui.tui.model import RunModel
from lead_tui.tui.tool_calls import ToolCall

_LOOKED_AT = 20
"""How far back the log is searched for words: streamed tokens and facts lie between them."""


def saying(task: TaskState, model: RunModel) -> str:
    """From outside and not yet made safe; "" if there is nothing to say."""
    if task.failure is not None:
        return failure_text(task.failure)
    note = model.progress.get(task.name)
    if note is not None and note.text:
        return note.text
    return _last_words(task.name, model) or task.why


def _last_words(task: str, model: RunModel) -> str:
    for item in reversed(model.log.of(task).items[-_LOOKED_AT:]):
        if isinstance(item, ToolCall) and item.is_open:
            return item.text
        if isinstance(item, ev.Log | ev.Message) and item.text.strip():
            return item.text.strip()
    return ""
