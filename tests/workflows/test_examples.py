"""Every flow in workflows/ is valid, and comes to what its comments say."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FLOWS = sorted((Path(__file__).parents[2] / "workflows").glob("*.yaml"))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.stem)
def test_each_is_valid(flow, leadtui):
    """`leadtui validate` finds nothing, not even a warning; its head says how to run it."""
    said = leadtui("validate", flow)
    assert (said.code, said.err) == (0, "")
    assert f"#     leadtui run workflows/{flow.name}" in flow.read_text(encoding="utf-8")


# --- quickstart ---------------------------------------------------------------------------------------------


def test_quickstart_works_each_time(run, tmp_path):
    """Twice in a row: something fails first and is tried again, one branch is taken, nothing is left but the
    report."""
    for _ in range(2):
        said = run("quickstart", "-i", f"out={tmp_path / 'out'}")
        assert said.code == 0, said.err
        result = said.result
        assert result["outputs"]["headline"] == "The goal of 60 euros is reached. Cake!"
        assert result["outputs"]["euros"] == 66.4
        assert result["outputs"]["best_drink"] == "flat white"
        assert result["outputs"]["unreadable"] == ["line 10: two x cortado", "line 14: 1 x matcha"]
        assert result["tasks"] == {"completed": 10, "skipped": 1}
        assert "try 2" in said.err
        assert [each.name for each in (tmp_path / "out").iterdir()] == ["report.md"]
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "16 orders, 66.40." in report
    assert "| flat white | 21.60 |" in report
    assert "- line 10: two x cortado" in report


def test_quickstart_takes_the_other_branch(run, leadtui, tmp_path):
    """A goal out of reach: the other task runs, and `why` names the numbers."""
    said = run("quickstart", "-i", "goal=200", "-i", f"out={tmp_path / 'out'}")
    assert said.code == 0, said.err
    assert said.result["outputs"]["headline"] == "200 euros were the goal. Tomorrow, then."
    assert "tasks.orders.result.cents was 6640" in leadtui("why", "last", "celebrate").out


def test_quickstart_leaves_the_report_where_git_does_not_look(run, root):
    """By default the report lies beside the flow, whatever the working folder is, and is ignored."""
    said = run("quickstart")
    assert said.code == 0, said.err
    assert Path(said.result["outputs"]["report"]) == root / "workflows" / "out" / "report.md"
    assert "workflows/out/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()


# --- http_api -----------------------------------------------------------------------------------------------


def test_http_api_starts_its_own_shop(run, events):
    """The order is tried again after 503 and placed once; the missing page is handled."""
    said = run("http_api")
    assert said.code == 0, said.err
    assert said.result["outputs"] == {
        "order": {"number": 1, "sku": "yirga", "bags": 2},
        "tea": "No tea today: 404",
    }
    (again,) = [each for each in events() if each["type"] == "attempt_failed" and each.get("retry_in")]
    assert (again["task"], again["failure"]["status"]) == ("order", 503)
    assert again["retry_in"] >= 1


def test_http_api_is_refused_with_a_wrong_token(run, events):
    """401 is permanent: one attempt. The token is in no event."""
    said = run("http_api", SHOP_TOKEN="wrong-and-secret")
    assert said.code == 1
    assert said.result["errors"]["beans"]["status"] == 401
    assert len([each for each in events() if each["type"] == "attempt_failed"]) == 1
    assert "wrong-and-secret" not in said.out + said.err + str(events())


@pytest.fixture
def shop(root):
    """The shop as a process of its own; its address."""
    with subprocess.Popen(
        [sys.executable, root / "workflows" / "shop_server.py"], stdout=subprocess.PIPE, text=True
    ) as server:
        yield server.stdout.readline().strip()
        server.terminate()


def test_http_api_takes_the_address_of_a_running_shop(run, shop):
    """Two runs order from the same shop: two keys, two orders."""
    numbers = []
    for _ in range(2):
        said = run("http_api", "-i", f"base_url={shop}", "-i", "origin=Colombia")
        assert said.code == 0, said.err
        assert said.result["results"]["address"] == shop
        numbers.append(said.result["outputs"]["order"]["number"])
    assert numbers == [1, 2]


# --- failure_strategies -------------------------------------------------------------------------------------


def test_continue_on_failure_runs_what_does_not_depend_on_it(run):
    """The run fails, with all that could run done and what depended on the failure left out."""
    said = run("failure_strategies")
    assert said.code == 1
    result = said.result
    assert set(result["errors"]) == {"courier", "survey", "backup"}
    assert set(result["not_run"]) == {"prune_old_backups"}
    assert result["outputs"]["shipping"] == "goes by parcel"
    assert result["outputs"]["protocol"] == "backup failed, stocktaking completed"


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--strict",), 4)])
def test_partial_completion(run, flags, code):
    """The same night counts as completed in part; `--strict` makes that an exit code."""
    said = run("failure_strategies", *flags, STRATEGY="partial_completion_allowed")
    assert said.code == code
    assert (said.result["status"], said.result["partial"]) == ("completed", True)


def test_stop_on_first_failure_cancels_what_is_in_flight(run):
    """The stocktaking is cancelled; the handled failure before did not stop anything; `finally` ran."""
    said = run("failure_strategies", STRATEGY="stop_on_first_failure")
    assert said.code == 1
    assert "stocktaking" in said.result["not_run"]
    assert said.result["results"]["thanks"] == "thank you, dear customer"
    assert said.result["outputs"]["protocol"] == "backup failed, stocktaking cancelled"


def test_a_night_whose_failures_are_all_handled_completes(run):
    """Handled failures are listed and do not count against the run."""
    said = run("failure_strategies", "-i", "disk=free")
    assert said.code == 0
    assert not said.result["partial"]
    assert set(said.result["errors"]) == {"courier", "survey"}


# --- approval_gate ------------------------------------------------------------------------------------------


def test_a_canary_asks_twice(run, leadtui):
    """Exit 5, an answer, exit 5, a form that is checked, exit 0."""
    said = run("approval_gate")
    assert said.code == 5
    assert [each["gate"] for each in said.result["waiting_for"]] == ["release"]
    assert leadtui("approve", "last", "release", "--answer", "canary").code == 0
    assert leadtui("resume", "last").code == 5
    refused = leadtui("approve", "last", "details", "-i", "percent=11")
    assert refused.code == 2
    assert "choose one of 1, 10, 50" in refused.err
    assert leadtui("approve", "last", "details", "-i", "percent=10", "-i", "note=after lunch").code == 0
    done = leadtui("resume", "last", "--output", "json")
    assert done.code == 0, done.err
    assert "1.4.0 is on 10 % of the servers" in done.result["outputs"]["announcement"]
    assert done.result["outputs"]["note"] == "after lunch"


def test_everywhere_needs_no_form(run, leadtui):
    """The other option skips the form and what depends on it."""
    assert run("approval_gate", "-i", "version=2.0").code == 5
    assert leadtui("approve", "last", "release", "--answer", "everywhere", "--by", "ann").code == 0
    done = leadtui("resume", "last", "--output", "json")
    assert done.code == 0, done.err
    assert done.result["outputs"]["announcement"] == "2.0 is on 100 % of the servers. ann said so."


def test_a_rejection_calls_it_off(run, leadtui):
    """The rejection is a failure that a task waits for, so the run completes; a second answer is refused."""
    assert run("approval_gate").code == 5
    assert leadtui("reject", "last", "release", "--by", "ann").code == 0
    assert leadtui("approve", "last", "release", "--answer", "canary").code == 2
    done = leadtui("resume", "last", "--output", "json")
    assert done.code == 0, done.err
    assert done.result["outputs"]["announcement"] == "called off: rejected by ann"


# --- timeouts_and_breaker -----------------------------------------------------------------------------------


def test_the_breaker_opens_lets_a_probe_through_and_closes(run, events):
    """Its changes are in the log in this order, and nobody who came while it was open burned an attempt."""
    said = run("timeouts_and_breaker")
    assert said.code == 0, said.err
    types = [each["type"] for each in events()]
    changes = [each for each in types if each.startswith("breaker_")]
    assert changes == ["breaker_opened", "breaker_half_opened", "breaker_closed"]
    assert said.result["outputs"]["attempts"] == {"early_bird": 3, "first_visitor": 1, "late_visitor": 1}
    waited = [each["task"] for each in events() if each["type"] == "task_waiting"]
    assert {"first_visitor", "second_visitor"} <= set(waited)


def test_deadlines_of_attempt_and_task(run):
    """The slow service runs into its attempts' timeout, the poor one into its task's."""
    result = run("timeouts_and_breaker").result
    assert result["errors"]["prophecy"]["code"] == "attempt_timeout"
    assert result["errors"]["old_letters"]["code"] == "task_timeout"
    assert result["outputs"]["oracle"] == "no prophecy (timeout_error): heads"


def test_a_killed_run_goes_on_where_it_was(leadtui, tmp_path, root):
    """As in the README's tour: kill -9 in the middle, `runs` says interrupted, `resume` completes it."""
    flow = root / "workflows" / "timeouts_and_breaker.yaml"
    environment = {**os.environ, "LEADTUI_DB": str(tmp_path / "journal.db"), "HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "lead_tui", "run", str(flow)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=root,
    ) as process:  # fmt: skip
        assert any("breaker" in line and "open" in line for line in process.stderr)
        process.send_signal(signal.SIGKILL)
    assert "interrupted" in leadtui("runs").out
    done = leadtui("resume", "last", "--output", "json")
    assert done.code == 0, done.err
    assert done.result["outputs"]["attempts"]["early_bird"] == 3
