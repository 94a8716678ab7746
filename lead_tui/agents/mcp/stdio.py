"""The link to a server that is our child: JSON lines over its stdin and stdout, its stderr as log lines.

The process is `agents/process.py`'s: a session of its own, stopped with all it started, whatever ends the
run. The end of a session is the protocol's: stdin closes, then TERM, then KILL. A daemon that has left its
session, its parent and its environment behind is no longer known as the server's, see `process_tree.py`.

The child's environment is small, since a server is often somebody else's program: the variables of
`INHERITED` from the run's, and the flow's `env`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import mcp_types as types
from anyio import BrokenResourceError, ClosedResourceError, create_memory_object_stream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from lead_tui.agents.mcp.complaints import MOST, WINDOW, Complaints
from lead_tui.agents.mcp.config import McpServerConfig
from lead_tui.agents.mcp.framing import EXCERPT, BadStream, Lines, Messages
from lead_tui.agents.mcp.link import Link, Surroundings
from lead_tui.agents.output import Stream
from lead_tui.agents.process import Child, running
from lead_tui.agents.process_tree import marker
from lead_tui.agents.program import as_text, cannot_start, variables
from lead_tui.errors import Category, Failure, Outcome, failed

INHERITED = frozenset(
    ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
)
OUTBOX = 64
"""Messages that may wait for a server that does not read, so that a cancelled call need not wait for it."""
HIGH_WATER = 2**20
"""Bytes of unread messages from which the server has to wait."""
MOST_WARNED = 20
LOG = "notifications/message"
LOGS_AT_ONCE = 50
"""Log messages until others have their turn: a millisecond."""
FLUSH = 0.5
LEAVE = 1.0
"""Seconds for the last messages to go out, and for the server to end once its stdin is closed."""
LAST_WORDS = 0.5
"""Seconds from the end of stdout in which the exit code may still tell why."""


class StdioLink(Link):
    def __init__(self, config: McpServerConfig, around: Surroundings) -> None:
        super().__init__(around)
        self._config = config
        self._lines = Lines(config.max_message_bytes)
        self._messages = Messages()
        self._complaints = Complaints(lambda line: self.around.log(line, stream="stderr"), around.mask)
        self._arrived = asyncio.Event()
        self._warned = 0
        self._logged = 0
        self._highest_id = 0
        self._child: Child | None = None
        self._paused = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TransportStreams]:
        """Start the server. Raises AgentError if that cannot be."""
        inbox, incoming = create_memory_object_stream[SessionMessage | Exception](0)
        outgoing, outbox = create_memory_object_stream[SessionMessage](OUTBOX)
        with inbox, incoming, outgoing, outbox:
            async with AsyncExitStack() as stack:
                child = self._child = await self._start(stack)
                writer = asyncio.create_task(self._write(child, outbox))
                others = [asyncio.create_task(self._read(inbox)), asyncio.create_task(self._watch(child))]
                try:
                    yield incoming, outgoing
                finally:
                    incoming.close()
                    outgoing.close()
                    await self._leave(child, writer)
                    await _end(writer, *others)
                    self._complaints.close()

    async def _start(self, stack: AsyncExitStack) -> Child:
        config, around = self._config, self.around
        program, cwd = config.command or "", around.folder / (config.cwd or "")
        if not cwd.is_dir():
            raise failed(Category.SYSTEM, f"cwd {str(cwd)!r} is no folder", code="bad_cwd")
        inherited = {name: value for name, value in around.environment.items() if name in INHERITED}
        starting = running(
            [program, *map(as_text, config.args)],
            env=variables(inherited, config.env),
            cwd=cwd,
            marker=marker(around.run_id, f"mcp:{config.name}"),
            on_output=self._received,
            keep_stdin=True,
            grace=config.kill_after,
        )
        try:
            return await stack.enter_async_context(starting)
        except (OSError, ValueError) as error:
            raise cannot_start(program, error) from error

    async def _leave(self, child: Child, writer: "asyncio.Task[None]") -> None:
        """Let it end by itself, unless it misbehaved: the rest is `running`'s, which asks less kindly."""
        child.resume_reading()
        self.over.set()  # what it still writes is dropped
        if self.failure is None:
            await asyncio.wait({writer}, timeout=FLUSH)
        child.close_stdin()
        if self.failure is not None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE):
                await child.exited()

    # --- what comes -----------------------------------------------------------------------------------

    def _received(self, stream: Stream, data: bytes) -> None:
        if self.over.is_set():
            return
        if stream == "stderr":
            if not self._complaints.receive(data):
                self._broken(f"wrote more than {MOST // 2**20} MiB to stderr within {WINDOW:g} s")
        elif not data:
            asyncio.get_running_loop().call_later(LAST_WORDS, self._broken, "closed its stdout")
        else:
            self._take_in(data)

    def _take_in(self, data: bytes) -> None:
        try:
            self._lines.feed(data)
        except BadStream as error:
            self._broken(str(error), Category.RESOURCE, "too_large")
            return
        self._arrived.set()
        if self._lines.waiting > HIGH_WATER and self._child is not None and not self._paused:
            self._paused = True
            self._child.pause_reading()

    async def _read(self, inbox: "MemoryObjectSendStream[SessionMessage | Exception]") -> None:
        """Hand on messages as fast as they are taken, until the link is over; then end the stream."""
        with inbox, suppress(BrokenResourceError, ClosedResourceError):
            while not (self.over.is_set() and self._lines.empty):
                await self._arrived.wait()
                self._arrived.clear()
                while (line := self._lines.take()) is not None:
                    message = self._message(line)
                    if isinstance(message, types.JSONRPCNotification) and message.method == LOG:
                        await self._log(message)
                    elif message is not None:
                        await inbox.send(SessionMessage(message))
                self._go_on()

    async def _log(self, message: types.JSONRPCNotification) -> None:
        """Told right here: the SDK checks it twice and makes a task of it, which takes four times as long."""
        with suppress(ValidationError):  # like the SDK
            self.hear(types.LoggingMessageNotificationParams.model_validate(message.params, by_name=False))
        self._logged += 1
        if self._logged % LOGS_AT_ONCE == 0:
            await asyncio.sleep(0)

    def _go_on(self) -> None:
        if self._paused and self._child is not None:
            self._paused = False
            self._child.resume_reading()

    def _message(self, line: bytes) -> types.JSONRPCMessage | None:
        try:
            message = self._messages.read(line)
        except BadStream as error:
            self._broken(f"{error}: {self._shown(line)!r}")
            return None
        if message is None:
            self._warn(line)
        elif isinstance(message, types.JSONRPCResponse | types.JSONRPCError) and self._is_foreign(message.id):
            self._broken(f"answered with the id {message.id!r}, which no request had")
            return None
        return message

    def _is_foreign(self, number: object) -> bool:
        """Ids of ours count from 1. A late answer to a call that was given up has one of them."""
        if isinstance(number, str) and number.isdecimal():
            number = int(number)
        return number is not None and not (isinstance(number, int) and 0 < number <= self._highest_id)

    def _warn(self, line: bytes) -> None:
        if not line.strip():
            return
        self._warned += 1
        if self._warned <= MOST_WARNED:
            more = ", and so are further ones" if self._warned == MOST_WARNED else ""
            name = self._config.name
            text = (
                f"{name} wrote a line to stdout that is no message; it is skipped{more}: {self._shown(line)}"
            )
            self.around.log(text, "warning")

    def _shown(self, line: bytes) -> str:
        text = line[: 2 * EXCERPT].decode("utf-8", "replace").rstrip("\r")
        return self.around.mask(text, cut=len(line) > 2 * EXCERPT)[:EXCERPT]

    # --- what goes ------------------------------------------------------------------------------------

    async def _write(self, child: Child, outbox: "MemoryObjectReceiveStream[SessionMessage]") -> None:
        async for each in outbox:
            message = each.message
            if isinstance(message, types.JSONRPCRequest) and isinstance(message.id, int):
                self._highest_id = max(self._highest_id, message.id)
            await child.write(message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")

    # --- how it ends ----------------------------------------------------------------------------------

    def said(self) -> str:
        return self._complaints.last()

    async def _watch(self, child: Child) -> None:
        code = await child.exited()
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        self._broken(f"ended with {how}", code="server_gone")

    def _broken(self, what: str, category: Category = Category.NETWORK, code: str = "bad_stream") -> None:
        if self.over.is_set():
            return
        said = self.said()
        text = f"the server {self._config.name} {what}" + (f"; stderr: {said}" if said else "")
        self.fail(Failure(category, text, Outcome.UNKNOWN, code))
        self._arrived.set()


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
