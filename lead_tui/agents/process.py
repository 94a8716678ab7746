"""One child process with everything it starts, in a session of its own; its end leaves nothing behind.

`async with running(...) as child` starts it; leaving the block early, by an error, a timeout or a
cancellation, stops the whole tree: TERM, a grace period, KILL, and a look that it is gone. A second
cancellation skips the grace.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal, cast

import psutil

from lead_tui.agents import process_tree
from lead_tui.agents.census import census
from lead_tui.agents.process_guard import guard
from lead_tui.agents.process_tree import MARKER, OWNER, reap_leftovers

__all__ = ["Child", "reap_leftovers", "running", "stop_leftovers"]

Stream = Literal["stdout", "stderr"]
OnOutput = Callable[[Stream, bytes], None]
"""Gets what the child writes, as it comes; nothing at all is the stream's end."""

_QUIET = 0.1  # an exited child whose pipe is still open is done when nothing came for so long
_DRAIN = 1.0  # and at the latest after so long
_CONFIRM = 1.0  # what KILL takes to show


class Child(asyncio.SubprocessProtocol):
    """A running command. `pid` is its process group and session, too."""

    def __init__(self, marker: str, on_output: OnOutput) -> None:
        self.marker = marker
        self.pid = 0
        self._on_output = on_output
        self._exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._drained = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._open_pipes = {1, 2}
        self._received = 0
        self._family: list[psutil.Process] = []
        self.ended = False

    # --- what asyncio tells ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self.pid = self._transport.get_pid()
        guard().add(self.pid)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._received += len(data)
        self._on_output("stdout" if fd == 1 else "stderr", data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open_pipes.discard(fd)
        if fd == 0:
            self._writable.set()  # nobody will read it: what waits to write goes on and is dropped
        else:
            self._on_output("stdout" if fd == 1 else "stderr", b"")
        if not self._open_pipes:
            self._drained.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def process_exited(self) -> None:
        if not self._exited.done():
            self._exited.set_result(cast("int", self._transport.get_returncode()))

    # --- what the agent asks --------------------------------------------------------------------------

    @property
    def has_exited(self) -> bool:
        return self._exited.done()

    def feed(self, data: bytes, *, end: bool = True) -> None:
        """All of stdin, then its end. A child that does not read it is no error."""
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        pipe.write(data)
        if end:
            pipe.write_eof()

    async def write(self, data: bytes) -> None:
        """A piece of stdin, of a child that was started with `keep_stdin`; waits while the pipe is full.

        What nobody reads any more is dropped.
        """
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        if not pipe.is_closing():
            pipe.write(data)
            await self._writable.wait()

    def close_stdin(self) -> None:
        cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0)).close()

    def pause_reading(self) -> None:
        """Read nothing more of stdout for now: a child that writes on has to wait."""
        if 1 in self._open_pipes:
            self._stdout.pause_reading()

    def resume_reading(self) -> None:
        if 1 in self._open_pipes:
            self._stdout.resume_reading()

    @property
    def _stdout(self) -> asyncio.ReadTransport:
        return cast("asyncio.ReadTransport", self._transport.get_pipe_transport(1))

    async def wait(self) -> int:
        """The exit code (negative: the signal), once the output is read.

        A background process that keeps the pipe open does not keep us: see `_QUIET`.
        """
        code = await self.exited()
        self._let_go()
        return code

    async def exited(self) -> int:
        """As `wait`, but what it left running is still stopped at the end of `running`."""
        code = await asyncio.shield(self._exited)
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN):
                await self._drain()
        return code

    async def _drain(self) -> None:
        while not self._drained.is_set():
            before = self._received
            with suppress(TimeoutError):
                async with asyncio.timeout(_QUIET):
                    await self._drained.wait()
            if self._received == before:
                return

    def kill(self) -> None:
        """KILL to all that is known of the tree, at once."""
        self._send(signal.SIGKILL)

    async def stop(self, grace: float) -> list[int]:
        """TERM, up to `grace` seconds, KILL. Back when nothing is left; the pids that outlived even that."""
        for number, within in ((signal.SIGTERM, grace), *[(signal.SIGKILL, _CONFIRM)] * 3):
            self._family = (await census()).family(self.pid, self.marker)
            if self.has_exited and not self._family:
                break
            self._send(number)
            await self._gone(within)
        self._let_go()
        return [each.pid for each in self._family if process_tree.alive(each)]

    def _send(self, number: signal.Signals) -> None:
        if self.has_exited:  # its pid, and so its group, may be somebody else's by now
            return process_tree.send(number, self._family)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        return process_tree.send(number, [each for each in self._family if _group(each) != self.pid])

    async def _gone(self, within: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await asyncio.shield(self._exited)
                await _all_gone(self._family)

    def _let_go(self) -> None:
        self.ended = True
        self._transport.close()
        guard().drop(self.pid)


@asynccontextmanager
async def running(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    marker: str,
    on_output: OnOutput,
    stdin: bytes | None = None,
    keep_stdin: bool = False,
    grace: float = 3.0,
) -> AsyncIterator[Child]:
    """Start `argv`; raises OSError or ValueError if that cannot be. Whoever leaves early stops the tree.

    `stdin` is all of it; with `keep_stdin` it is the beginning, and `Child.write` the rest.
    """
    if keep_stdin and stdin is None:
        stdin = b""
    child = await _start(
        argv, env=env, cwd=cwd, marker=marker, on_output=on_output, stdin=stdin, keep_stdin=keep_stdin
    )
    try:
        yield child
    finally:
        if not child.ended:
            await _to_the_end(child.stop(grace), hurry=child.kill)


async def stop_leftovers(markers: set[str], grace: float) -> list[int]:
    """Stop what commands of this process left in the background; the pids that were stopped."""
    processes = (await census()).marked(markers)
    process_tree.send(signal.SIGTERM, processes)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await _all_gone(processes)
    finally:  # cancelled or not: what did not listen goes now
        process_tree.send(signal.SIGKILL, processes)
    with suppress(TimeoutError):
        async with asyncio.timeout(_CONFIRM):
            await _all_gone(processes)
    return [each.pid for each in processes]


async def _all_gone(processes: list[psutil.Process]) -> None:
    pause = 0.005
    while any(process_tree.alive(each) for each in processes):
        await asyncio.sleep(pause)
        pause = min(pause * 2, 0.1)


async def _start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    marker: str,
    on_output: OnOutput,
    stdin: bytes | None,
    keep_stdin: bool,
) -> Child:
    guard().watch()
    starting = asyncio.ensure_future(
        asyncio.get_running_loop().subprocess_exec(
            lambda: Child(marker, on_output),
            *argv,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            env={MARKER: marker, OWNER: process_tree.owner(), **env},
            cwd=cwd,
            start_new_session=True,
        )
    )
    try:
        _, child = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _to_the_end(_abandon(starting))
        raise
    if stdin is not None:
        child.feed(stdin, end=not keep_stdin)
    return child


async def _abandon(starting: "asyncio.Future[tuple[asyncio.SubprocessTransport, Child]]") -> None:
    with suppress(OSError, ValueError):
        _, child = await starting
        await child.stop(0)


async def _to_the_end(work: Coroutine[Any, Any, object], hurry: Callable[[], None] | None = None) -> None:
    """Await `work` although we may be cancelled again: then `hurry` is called, and the wait goes on."""
    task = asyncio.ensure_future(work)
    impatient: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            impatient = error
            if hurry is not None:
                hurry()
    if impatient is not None:
        raise impatient


def _group(process: psutil.Process) -> int:
    with suppress(ProcessLookupError):
        return os.getpgid(process.pid)
    return 0
