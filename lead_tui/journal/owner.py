"""Who drives a run, and whether that process still lives.

A process is told by its pid and its start, since pids come again. That can be judged on the same host, boot
and pid namespace only (containers may share a host name); for every other owner its heartbeat speaks. On
Linux the start is counted in clock ticks since boot, which no change of the wall clock moves.
"""

import os
import secrets
import socket
import sys
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from lead_tui.journal.base import Owner

SILENCE = timedelta(seconds=30)
"""An owner of another host that has been silent for so long is taken for dead."""

_EXACT = 0.01
_GONE = frozenset("ZXx")


def this_process() -> Owner:
    """A new owner in this process: two of them are rivals like two processes."""
    pid = os.getpid()
    return Owner(
        id=secrets.token_hex(8),
        host=socket.gethostname(),
        boot=_boot(),
        pid=pid,
        process_start=_process_start(pid) or 0.0,
    )


def is_alive(owner: Owner, heartbeat: datetime | None, now: datetime) -> bool:
    """`heartbeat` is the last one that the journal holds."""
    if owner.host == socket.gethostname() and owner.boot == _boot():
        start = _process_start(owner.pid)
        return start is not None and abs(start - owner.process_start) < _EXACT
    return heartbeat is not None and now - heartbeat < SILENCE


@cache
def _boot() -> str:
    """Names this boot and pid namespace; empty where the system tells neither."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _process_start(pid: int) -> float | None:
    """When the process began, in seconds of the system's own count; None if it does not run (any more)."""
    return _start_from_proc(pid) if sys.platform == "linux" else _start_from_psutil(pid)


def _start_from_proc(pid: int) -> float | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # the name in parentheses may hold anything, so fields are counted from its end (proc_pid_stat(5))
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _GONE else int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _start_from_psutil(pid: int) -> float | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
