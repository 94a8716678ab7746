"""Reporters on real runs, in virtual time: what they tell is what happened."""

import io
import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from lead_tui.journal.memory import MemoryJournal
from lead_tui.reporters import make, report_file
from lead_tui.runner.engine import Engine, load_dict
from lead_tui.runner.result import Result
from lead_tui.testing import VirtualClock, run_virtual
from tests.reporters.reporter_samples import Screen

FLOW: dict[str, Any] = {
    "name": "nightly",
    "parallel_execution": True,
    "failure_strategy": "continue_on_failure",
    "inputs": {"send": {"type": "boolean", "default": False}},
    "agents": [
        {
            "name": "api", "type": "mock", "results": {"fetch": {"id": 1}}, "latency": 1,
            "fail": {"fetch": {"times": 1, "message": "busy"}, "push": {"category": "permission_error"}},
            "retry_config": {"max_attempts": 2, "initial_delay": 2, "jitter": False},
        }
    ],
    "tasks": [
        {"name": "fetch", "agent_name": "api", "action": "fetch"},
        {"name": "push", "agent_name": "api", "action": "push", "depends_on": ["fetch"]},
        {"name": "announce", "agent_name": "api", "action": "x", "depends_on": ["push"]},
        {"name": "notify", "agent_name": "api", "action": "x", "when": "inputs.send"},
        {"name": "review", "agent_name": "human", "action": "approve", "parameters": {"message": "Publish?"},
         "depends_on": ["fetch"]},
    ],
}  # fmt: skip


def go(folder: Path, *observers: Any) -> Result:
    async def scenario() -> Result:
        engine = Engine(MemoryJournal(), clock=VirtualClock())
        document = load_dict(FLOW, folder, {})
        run = await engine.start(
            document,
            {"send": False},
            environment={},
            run_id="r1",
            park_when_waiting=True,
            observers=observers,
        )
        return await run.wait()

    result = run_virtual(scenario())
    for observer in observers:
        observer.finish(result, int(result.exit_code()))
    return result


def test_a_run_tells_its_story_on_a_pipe(tmp_path: Path):
    """Retry, completion, skip with what was seen, gate with its command, failure, and what it came to."""
    out, err = io.StringIO(), io.StringIO()
    go(tmp_path, make("text", stdout=out, stderr=err))
    assert [line for line in err.getvalue().splitlines() if "done" in line or "skipped" in line][:3] == [
        "   0.0s – skipped   notify           when: inputs.send · inputs.send was false",
        "   4.0s ✓ done      fetch            4.0s · 2 tries",
        "   5.0s – skipped   announce         push failed",
    ]
    assert "                    leadtui approve r1 review\n" in err.getvalue()
    assert "↻ retry     fetch            network_error: busy (scripted) · try 2 in 2.0s" in err.getvalue()
    assert "? nightly waiting in 5.0s · 1 waiting, 1 done, 1 failed, 2 skipped · 1 retry" in err.getvalue()
    assert out.getvalue().splitlines()[0] == '✓ fetch  {"id":1}'


def test_all_reporters_agree_on_one_run(tmp_path: Path):
    """JSON, JSON lines, JUnit and HTML tell of the same tasks and the same end."""
    out, lines = io.StringIO(), io.StringIO()
    result = go(
        tmp_path,
        make("json", stdout=out, stderr=Screen()),
        make("jsonl", stdout=lines, stderr=io.StringIO()),
        report_file(f"junit={tmp_path / 'r.xml'}"),
        report_file(f"html={tmp_path / 'r.html'}"),
    )
    told = json.loads(out.getvalue())
    events = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (told["status"], events[-1]["type"], result.status) == ("waiting", "run_waiting", "waiting")
    failed = [
        case.get("name")
        for case in ET.parse(tmp_path / "r.xml").iter("testcase")
        if case.find("failure") is not None
    ]
    assert failed == list(told["errors"]) == ["push"]
    assert all(name in (tmp_path / "r.html").read_text() for name in ("fetch", "announce", "Publish?"))


@pytest.mark.parametrize("output", ["text", "json", "jsonl", "github"])
def test_a_run_whose_reader_has_left_comes_to_its_end(tmp_path: Path, output: str):
    """With stdout and stderr both gone the run and its result are the same."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", encoding="utf-8") as gone:
        result = go(tmp_path, make(output, stdout=gone, stderr=gone))
    assert (result.status, list(result.errors)) == ("waiting", ["push"])
