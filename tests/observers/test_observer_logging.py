"""The structured log of a run."""

import io
import json
import unicodedata
from datetime import UTC, datetime

import msgspec
import pytest

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure, Outcome
from lead_tui.observers.hub import Item
from lead_tui.observers.logging import Level, LogObserver, configure_logging, level_of

BUSY = Failure(Category.NETWORK, "busy", Outcome.UNKNOWN, "http_503", 503)
HOSTILE = "\x1b]52;c;x\x07 \x9b \u202e \u200b \x00 \ud800 \r\n second=line \x7f"
STORY: list[Item] = [
    msgspec.structs.replace(item, seq=seq, run_id="r1", ts=datetime(2026, 3, 1, 12, tzinfo=UTC))
    for seq, item in enumerate(
        (
            ev.RunQueued(name="n", inputs={"city": "Paris"}),
            ev.AttemptFailed(task="a", attempt=1, failure=BUSY, retry_in=1.5, result={"raw": 1}),
            ev.AttemptCompleted(task="a", attempt=2, result={"id": 1}, meta={"status": 200}),
            ev.TaskFailed(task="b", failure=BUSY),
        ),
        1,
    )
]


async def logged(items: list[Item], level: Level = "debug", *, as_json: bool = True) -> list[str]:
    stream = io.StringIO()
    await LogObserver(configure_logging(stream, level=level, as_json=as_json)).on_batch(items)
    return stream.getvalue().splitlines()


async def test_each_line_is_json_with_run_task_attempt_and_event():
    """What a log collector filters by is in every line, and the content of tasks in none."""
    lines = [json.loads(line) for line in await logged(STORY)]
    assert len(lines) == len(STORY)
    assert lines[1] == {
        "level": "warning", "event": "attempt_failed", "run": "r1", "task": "a", "attempt": 1, "seq": 2,
        "timestamp": "2026-03-01T12:00:00Z", "retry_in": 1.5,
        "failure": {"category": "network_error", "message": "busy", "outcome": "unknown", "code": "http_503",
                    "status": 503},
    }  # fmt: skip
    assert not any({"result", "meta", "inputs"} & set(line) for line in lines)


async def test_key_value_lines_begin_with_when_what_and_where():
    """For people: the same fields as `key=value`, the most telling ones first."""
    line = (await logged(STORY, as_json=False))[-1]
    assert line.startswith(
        "timestamp='2026-03-01T12:00:00Z' level='error' event='task_failed' run='r1' task='b' "
    )


async def test_levels_hold_back_what_is_below_them():
    """Only the failures of a story are left at level error."""
    assert [json.loads(line)["event"] for line in await logged(STORY, "error")] == ["task_failed"]


@pytest.mark.parametrize(
    ("item", "level"),
    [
        (ev.TaskReady(task="a"), "debug"),
        (ev.TaskStarted(task="a"), "info"),
        (ev.TaskFailed(task="a", failure=BUSY), "error"),
        (ev.TaskFailed(task="a", failure=BUSY, handled=True), "warning"),
        (ev.RunFailed(failure=BUSY), "error"),
        (ev.BreakerOpened(agent="a"), "warning"),
        (ev.Log(text="x", level="debug"), "debug"),
        (ev.Log(text="x", level="error"), "error"),
    ],
)
def test_the_level_says_who_should_look(item: Item, level: str):
    """Failures that nothing handles are errors; what an agent logs keeps its own level."""
    assert level_of(item) == level


@pytest.mark.parametrize("as_json", [True, False])
async def test_hostile_text_stays_in_its_line(as_json: bool):
    """One item is one line in either form, without a control, format or surrogate character."""
    hostile = [
        ev.Log(text=HOSTILE, task=HOSTILE),
        ev.TaskSkipped(task=HOSTILE, cause="condition", why=HOSTILE),
        ev.TaskFailed(task=HOSTILE, failure=Failure(Category.AGENT, HOSTILE)),
    ]
    lines = await logged(list(hostile), as_json=as_json)
    assert len(lines) == 3
    assert not {unicodedata.category(char) for char in "".join(lines)} & {"Cc", "Cf", "Cs"}
