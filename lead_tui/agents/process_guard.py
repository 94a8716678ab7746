"""A small shell beside this process that kills the commands when this process dies, kill -9 included.

It holds the reading end of a pipe. The end of the pipe means that we died, whatever the cause: then it
kills the process groups it was told of and, where there is a /proc, everything that carries our
`LEADTUI_OWNER`.

It stands in for a parent-death signal: that one needs code between fork and exec (unsafe beside
threads, slow in a large process), exists on Linux alone, and spares what the killed child had started.
"""

import atexit
import os
import subprocess
from contextlib import suppress

from lead_tui.agents.process_tree import OWNER, owner

_SCRIPT = f"""
trap '' HUP INT TERM
groups=
while read -r word group; do
  case $word in
    add) groups="$groups $group" ;;
    drop)
      kept=
      for each in $groups; do [ "$each" = "$group" ] || kept="$kept $each"; done
      groups=$kept ;;
    bye) exit 0 ;;
  esac
done
for each in $groups; do kill -s KILL -- "-$each" 2>/dev/null; done
for again in 1 2 3; do
  for each in $(grep -lsF "{OWNER}=$1" /proc/[0-9]*/environ 2>/dev/null); do
    each=${{each#/proc/}}
    kill -s KILL "${{each%/environ}}" 2>/dev/null
  done
done
"""


class Guard:
    """The guard of the process that makes it. `watch` before each start: a killed guard is replaced."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._shell: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """From here on what carries our marker dies with us."""
        if self._shell is None or self._shell.poll() is not None:
            self._start()

    def add(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"add {group}")

    def drop(self, group: int) -> None:
        self._groups.discard(group)
        self._tell(f"drop {group}")

    def dismiss(self) -> None:
        """The owner ends in good order: nothing is left to kill."""
        if self._shell is None:
            return
        self._tell("bye")
        self._release(self._shell)
        self._shell = None

    def _start(self) -> None:
        if self._shell is not None:
            self._release(self._shell)
        self._shell = subprocess.Popen(  # noqa: S603 - our own text
            ["/bin/sh", "-c", _SCRIPT, "leadtui-guard", owner()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},
            cwd="/",
            start_new_session=True,  # what ends our terminal or job must not end the guard
        )
        for each in self._groups:
            self._tell(f"add {each}")

    def _tell(self, line: str) -> None:
        if self._shell is not None and self._shell.stdin is not None:
            with suppress(BrokenPipeError):
                os.write(self._shell.stdin.fileno(), f"{line}\n".encode())

    @staticmethod
    def _release(shell: subprocess.Popen[bytes]) -> None:
        if shell.stdin is not None:
            shell.stdin.close()
        shell.wait()


_guards: dict[int, Guard] = {}


def guard() -> Guard:
    """The guard of this process; a forked one gets its own."""
    pid = os.getpid()
    if pid not in _guards:
        _guards[pid] = Guard()
        atexit.register(_dismiss, pid)
    return _guards[pid]


def _dismiss(pid: int) -> None:
    if pid == os.getpid():
        _guards[pid].dismiss()
