"""Who lives and who does not."""

import os
from datetime import timedelta

import msgspec
import psutil  # before a test pretends to be another system
import pytest

from lead_tui.journal import owner as owners
from lead_tui.journal.owner import is_alive, this_process
from tests.journal.samples import NOW, child, dead, elsewhere

HERE = "from lead_tui.journal.owner import this_process; from lead_tui.journal.codec import encode; "
TELL = HERE + "print(encode(this_process()).decode(), flush=True); input()"


def test_this_process_lives_whatever_its_heartbeat() -> None:
    """On its own host the process itself is asked, and two owners of it are told apart."""
    me = this_process()
    assert me.pid == os.getpid()
    assert me.id != this_process().id
    assert is_alive(me, None, NOW)


def test_another_start_is_another_process() -> None:
    """A pid that came again does not keep a run."""
    assert not is_alive(dead(), NOW, NOW)


@pytest.mark.parametrize(("silent", "alive"), [(0, True), (29, True), (30, False), (3600, False), (-5, True)])
def test_elsewhere_the_heartbeat_speaks(silent: int, alive: bool) -> None:
    """Another host's process cannot be asked; 30 silent seconds count as its death."""
    assert is_alive(elsewhere(), NOW - timedelta(seconds=silent), NOW) is alive
    assert not is_alive(elsewhere(), None, NOW)


def test_another_boot_or_pid_namespace_is_elsewhere() -> None:
    """Where pids mean something else, a living pid proves nothing and a missing one neither."""
    stranger = msgspec.structs.replace(this_process(), boot="another")
    assert is_alive(stranger, NOW, NOW)
    assert not is_alive(stranger, NOW - timedelta(minutes=1), NOW)


def test_a_killed_process_is_dead_before_anyone_waited_for_it() -> None:
    """A zombie keeps its pid and start, yet drives nothing."""
    from lead_tui.journal.codec import decode_owner

    with child(TELL) as process:
        assert process.stdout is not None
        other = decode_owner(process.stdout.readline())
        assert is_alive(other, None, NOW)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still a zombie
        assert not is_alive(other, NOW, NOW)
        process.wait()
        assert not is_alive(other, NOW, NOW)


def test_psutil_judges_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers by way of psutil, as on macOS: alive, zombie, gone."""
    monkeypatch.setattr("sys.platform", "darwin")
    assert owners._process_start(os.getpid()) == psutil.Process().create_time()
    assert is_alive(this_process(), None, NOW)
    with child("input()") as process:
        other = msgspec.structs.replace(
            this_process(), pid=process.pid, process_start=owners._process_start(process.pid)
        )
        assert is_alive(other, None, NOW)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(other, None, NOW)
        process.wait()
        assert not is_alive(other, None, NOW)


def test_a_system_that_does_not_name_its_boot_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc the boot is empty; pid and start still tell processes apart."""

    def missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(owners.Path, "read_text", missing)
    assert owners._boot.__wrapped__() == ""
