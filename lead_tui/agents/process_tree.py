"""Everything that descends from a command, found again although it forked, changed group or lost its parent.

Each child carries `LEADTUI_RUN=<run>:<task>` and `LEADTUI_OWNER=<pid>.<start>` in its environment, and
so does what it starts. A process belongs to a command if it has its marker, is in its session, or
descends from one that does. (A daemon that is meant to outlive the run starts in a session of its own
with both emptied.)
"""

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import NamedTuple

import psutil

MARKER = "LEADTUI_RUN"
OWNER = "LEADTUI_OWNER"
_CLOCK_STEP = 60.0  # start times follow the wall clock, which may be set


class _Entry(NamedTuple):
    process: psutil.Process
    parent: int
    session: int
    environment: dict[str, str]


def owner() -> str:
    """The name of this process, told apart from a later one with the same pid."""
    return _owner(os.getpid())


@cache
def _owner(pid: int) -> str:
    return f"{pid}.{int(psutil.Process(pid).create_time())}."


def marker(run_id: str, task: str) -> str:
    return f"{run_id}:{task}"


def family(leader: int, value: str) -> list[psutil.Process]:
    """What lives of the command that `leader` began under the marker `value`, without `leader` itself."""
    return _with_descendants(
        lambda each: (
            (each.environment.get(MARKER) == value and each.environment.get(OWNER) == owner())
            or leader in (each.session, each.parent)
        ),
        leave={leader},
    )


def marked(values: Iterable[str]) -> list[psutil.Process]:
    """What lives of the commands that this process started under these markers."""
    wanted = frozenset(values)
    return _with_descendants(
        lambda each: each.environment.get(MARKER) in wanted and each.environment.get(OWNER) == owner()
    )


def reap_leftovers(run_id: str) -> list[int]:
    """Kill what commands of this run left behind when the leadtui that started them died; the pids killed.

    Only processes that this user may look into, whose marker names the run and whose owner is gone.
    """
    own = {os.getpid(), *(each.pid for each in psutil.Process().parents())}
    leftovers = _with_descendants(
        lambda each: (
            each.environment.get(MARKER, "").startswith(marker(run_id, ""))
            and not _lives(each.environment.get(OWNER, ""))
        ),
        leave=own,
    )
    send(signal.SIGKILL, leftovers)
    return [each.pid for each in leftovers]


def send(number: signal.Signals, processes: Iterable[psutil.Process]) -> None:
    for each in processes:
        with suppress(psutil.Error):
            each.send_signal(number)


def alive(process: psutil.Process) -> bool:
    """A zombie is dead: its parent has only not looked yet."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _with_descendants(belongs: Callable[[_Entry], bool], leave: Iterable[int] = ()) -> list[psutil.Process]:
    entries = list(_entries())
    children: dict[int, list[_Entry]] = {}
    for each in entries:
        children.setdefault(each.parent, []).append(each)
    known = {os.getpid(), *leave}
    found: list[psutil.Process] = []
    queue = [each for each in entries if belongs(each)]
    while queue:
        entry = queue.pop()
        if entry.process.pid not in known:
            known.add(entry.process.pid)
            found.append(entry.process)
            queue += children.get(entry.process.pid, ())
    return [each for each in found if alive(each)]


def _entries() -> Iterable[_Entry]:
    for pid in psutil.pids():
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            process = psutil.Process(pid)
            yield _Entry(process, process.ppid(), os.getsid(pid), _environment(process))


def _environment(process: psutil.Process) -> dict[str, str]:
    with suppress(psutil.AccessDenied, psutil.ZombieProcess, OSError):
        return process.environ()
    return {}


def _lives(owner_name: str) -> bool:
    """`owner_name` as in `LEADTUI_OWNER`; an unreadable one counts as living, so nothing is killed for it."""
    try:
        pid, started = (int(part) for part in owner_name.rstrip(".").split("."))
        return abs(psutil.Process(pid).create_time() - started) < _CLOCK_STEP
    except psutil.NoSuchProcess:
        return False
    except (ValueError, psutil.Error):
        return True
