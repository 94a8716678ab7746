"""Everything that descends from a command, found again although it forked, changed group or lost its parent.

Each child carries `LEADTUI_RUN=<run>:<task>` and `LEADTUI_OWNER=<pid>.<start>` in its environment, and
so does what it starts. A process belongs to a command if it has its marker, is in its session, or
descends from one that does. (A daemon that is meant to outlive the run starts in a session of its own
with both emptied.)

To look round among all processes is dear, and a run that is cancelled stops hundreds of commands at
once: they share a `Census`, see `census.py`.
"""

import os
import signal
from collections import defaultdict
from collections.abc import Iterable
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
    marker: str
    owner: str


class Census:
    """All processes at one moment, and who belongs to whom. Taking it blocks."""

    def __init__(self) -> None:
        self._children: defaultdict[int, list[_Entry]] = defaultdict(list)
        self._sessions: defaultdict[int, list[_Entry]] = defaultdict(list)
        self._marked: defaultdict[str, list[_Entry]] = defaultdict(list)
        for each in _entries():
            self._children[each.parent].append(each)
            self._sessions[each.session].append(each)
            if each.marker:
                self._marked[each.marker].append(each)

    def family(self, leader: int, value: str) -> list[psutil.Process]:
        """What lives of the command that `leader` began under the marker `value`, without `leader` itself."""
        own = [*self._own(value), *self._sessions[leader], *self._children[leader]]
        return self._with_descendants(own, leave={leader})

    def marked(self, values: Iterable[str]) -> list[psutil.Process]:
        """What lives of the commands that this process started under these markers."""
        return self._with_descendants([each for value in values for each in self._own(value)])

    def left_of(self, run_id: str) -> list[psutil.Process]:
        """What lives of the run's commands whose owner is gone."""
        beginning = marker(run_id, "")
        left = [
            each
            for value, entries in self._marked.items()
            if value.startswith(beginning)
            for each in entries
            if not _lives(each.owner)
        ]
        return self._with_descendants(left, {each.pid for each in psutil.Process().parents()})

    def _own(self, value: str) -> list[_Entry]:
        return [each for each in self._marked.get(value, ()) if each.owner == owner()]

    def _with_descendants(self, queue: list[_Entry], leave: Iterable[int] = ()) -> list[psutil.Process]:
        known = {os.getpid(), *leave}
        found: list[psutil.Process] = []
        while queue:
            entry = queue.pop()
            if entry.process.pid not in known:
                known.add(entry.process.pid)
                found.append(entry.process)
                queue += self._children[entry.process.pid]
        return [each for each in found if alive(each)]


def owner() -> str:
    """The name of this process, told apart from a later one with the same pid."""
    return _owner(os.getpid())


@cache
def _owner(pid: int) -> str:
    return f"{pid}.{int(psutil.Process(pid).create_time())}."


def marker(run_id: str, task: str) -> str:
    return f"{run_id}:{task}"


def reap_leftovers(run_id: str) -> list[int]:
    """Kill what commands of this run left behind when the leadtui that started them died; the pids killed.

    Only processes that this user may look into, whose marker names the run and whose owner is gone.
    """
    leftovers = Census().left_of(run_id)
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


def _entries() -> Iterable[_Entry]:
    for pid in psutil.pids():
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            process = psutil.Process(pid)
            environment = _environment(process)
            marked_by, owned_by = environment.get(MARKER, ""), environment.get(OWNER, "")
            yield _Entry(process, process.ppid(), os.getsid(pid), marked_by, owned_by)


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
