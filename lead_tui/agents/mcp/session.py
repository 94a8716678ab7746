"""One connection to a server, from its start to its end.

It is owned by one asyncio task, which enters and leaves everything that must be left where it was entered.
Calls are made in the tasks that need them, on the same client, any number at a time; one that is cancelled
tells the server so and disturbs no other. When the link ends, the calls in flight fail and the session is
over: it never comes back, a new one is made.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from contextvars import copy_context
from importlib.metadata import version
from typing import Any, Literal, TypeVar

import mcp_types as types
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from lead_tui.agents.base import AgentContext, cut_off_unsent
from lead_tui.agents.mcp import failures
from lead_tui.agents.mcp.calls import Call, Calls, current
from lead_tui.agents.mcp.config import McpServerConfig
from lead_tui.agents.mcp.handshake import Connection
from lead_tui.agents.mcp.link import Link, Surroundings
from lead_tui.agents.mcp.requests import Requests
from lead_tui.agents.mcp.tools import Tools
from lead_tui.agents.output import excerpt
from lead_tui.errors import AgentError, Category, Failure, Outcome, failed

MOST_PAGES = 100
PING_TIMEOUT = 10.0
HURRY = 0.25
HURRIES = 8
"""Seconds between two impatient looks, and how many there are: what KILL takes."""

T = TypeVar("T")
Page = TypeVar("Page", bound=types.PaginatedResult)


class Session:
    """Begins to start when it is made; `after` is one that has to be gone before."""

    def __init__(
        self,
        config: McpServerConfig,
        around: Surroundings,
        *,
        restarts: int = 0,
        after: "Session | None" = None,
    ) -> None:
        self._config = config
        self._around = around
        self._restarts = restarts
        self._after = after
        self._link = _link(config, around)
        self._calls = Calls()
        self.requests = Requests(config, self._calls, around)
        self._link.hear = self.requests.said
        self._client = Connection(
            self._link,
            config.protocol,
            client_info=types.Implementation(name="leadtui", version=version("leadtui")),
            log_level="info",
            cache=None,
            **self.requests.callbacks(),
        )
        self._tools = Tools()
        self._settled = asyncio.Event()
        self._refusal: Failure | None = None
        self._ending = False
        self._owner = _apart(self._own(), config.name)

    # --- what an agent asks -----------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        return self._ending or self._link.over.is_set() or self._owner.done()

    def heard_by(self, around: Surroundings) -> None:
        """Who gets what the server says of itself from now on."""
        self._around = self._link.around = self.requests.around = around

    async def ready(self) -> None:
        """Wait for the start, which goes on if we are cancelled. Raises AgentError if it failed."""
        try:
            await self._settled.wait()
        except asyncio.CancelledError as error:
            said = f"; stderr: {said}" if (said := self._link.said()) else ""
            cut_off_unsent(error, f"the server {self._config.name} was still starting{said}")
            raise
        if self._refusal is not None:
            raise AgentError(self._refusal)

    async def call(self, context: AgentContext, what: str, work: Callable[[Client], Awaitable[T]]) -> T:
        """What `work` gives of the client. Raises AgentError, with `what` in its message."""
        async with self._calls.begun(context) as call:
            try:
                return await work(self._client)
            except MCPError as error:
                raise AgentError(self._failure(error, what, call)) from None
            except (ValidationError, RuntimeError) as error:
                failure = self._gone() or failures.of_answer(error, what, context.mask)
                raise AgentError(failure) from None

    async def tools(self, *, anew: bool = False) -> Tools:
        """What the server offers: as it said at the start, or since it said that this has changed."""
        if anew or self.requests.tools_changed:
            self.requests.tools_changed = False
            await self._list_tools()
        return self._tools

    async def ping(self) -> None:
        """Raises MCPError unless it answers, be it that it knows no ping."""
        session = self._client.session
        try:
            if session.protocol_version in MODERN_PROTOCOL_VERSIONS:  # they have no ping
                await session.send_discover(session.protocol_version)
            else:
                await session.send_ping()
        except MCPError as error:
            call = current.get()
            if error.code != types.METHOD_NOT_FOUND or (call is not None and call.failure is not None):
                raise

    async def end(self) -> None:
        """Close it, whatever it does. Who is cancelled meanwhile leaves no child either."""
        self._ending = True
        self._owner.cancel()
        try:
            await asyncio.wait({self._owner})
        except asyncio.CancelledError:
            for _ in range(HURRIES):  # each skips something that is being waited for
                self._owner.cancel()
                await asyncio.wait({self._owner}, timeout=HURRY)
            raise

    async def gone(self) -> None:
        await asyncio.wait({self._owner})

    # --- its owner --------------------------------------------------------------------------------------

    async def _own(self) -> None:
        failure: Failure | None = None
        try:
            await self._from_start_to_end()
            failure = self._link.failure
        except asyncio.CancelledError:
            failure = self._link.failure  # `end`, maybe of what has just broken: nobody else holds this task
        except Exception as error:  # noqa: BLE001 - the SDK's and the server's, told to who calls
            failure = self._judged(failures.root(error))
        finally:
            if not self._settled.is_set():
                self._refusal = failure or _closed(self._config.name)
                self._settled.set()
            self.requests.close()
            self._tell("failed" if failure is not None else "closed", failure)

    async def _from_start_to_end(self) -> None:
        if self._after is not None:
            await self._after.gone()
            self._after = None
        self._tell("starting")
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._settled.set()
            self._tell("ready")
            await self._watch()

    async def _start(self, stack: AsyncExitStack) -> None:
        # it gives up before the attempt does: only then is it known that nothing was executed
        seconds = min(self._config.start_timeout, 0.9 * (self._config.timeout or float("inf")))
        async with self._calls.begun(None) as call:
            try:
                async with asyncio.timeout(seconds):
                    await stack.enter_async_context(self._client)
                    # the SDK would hold answers against the server's schemas on the loop, and without bounds
                    self._client.session.validate_tool_result = self._hold_to_schema  # type: ignore[method-assign]
                    await self._list_tools()
            except TimeoutError:
                raise failures.hung_at_start(self._config.name, seconds, self._link.said()) from None
            except Exception as error:  # noqa: BLE001 - task groups wrap what went wrong
                raise failures.of_start(self._judged(failures.root(error), call)) from None

    async def _watch(self) -> None:
        """Until the link ends. An idle session is asked from time to time whether it is still there."""
        while not self._link.over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._config.ping_interval or None):
                    await self._link.over.wait()
            if not self._link.over.is_set() and not self._calls:
                await self._knock()

    async def _knock(self) -> None:
        async with self._calls.begun(None) as call:
            try:
                async with asyncio.timeout(PING_TIMEOUT):
                    await self.ping()
            except TimeoutError:
                if self._calls.asking() is not None:  # begun meanwhile: it has a time of its own
                    return
                text = f"the server {self._config.name} does not answer a ping within {PING_TIMEOUT:g} s"
                self._link.fail(Failure(Category.NETWORK, text, Outcome.UNKNOWN, "no_ping"))
            except MCPError:
                if call.failure is not None:
                    self._link.fail(call.failure)

    async def _list_tools(self) -> None:
        capabilities = self._client.server_capabilities
        if capabilities.tools is not None:
            listed = await pages(lambda cursor: self._client.list_tools(cursor=cursor))
            self._tools = Tools(tool for page in listed for tool in page.tools)

    async def _hold_to_schema(self, name: str, result: types.CallToolResult) -> None:
        tool = self._tools.get(name)
        if tool is None or not tool.answers_with_data:
            return
        if "structured_content" not in result.model_fields_set:
            raise failures.unfit(
                f"{self._config.name}.{name}", "it has none of the data that its schema asks for"
            )
        if misfits := await tool.misfits_of_answer(result.structured_content):
            said = excerpt("; ".join(map(str, misfits)), self._around.mask)
            raise failures.unfit(f"{self._config.name}.{name}", said)

    # --- how it fails -----------------------------------------------------------------------------------

    def _judged(self, error: Exception, call: Call | None = None) -> Failure:
        what = f"the server {self._config.name}"
        if isinstance(error, AgentError):
            return error.failure
        if self._link.failure is not None:
            return self._link.failure
        if isinstance(error, MCPError):
            return self._failure(error, what, call)
        return failures.of_answer(error, what, self._around.mask)

    def _failure(self, error: MCPError, what: str, call: Call | None) -> Failure:
        if call is not None and call.failure is not None:
            return call.failure
        if failures.is_end(error) and (gone := self._gone()):
            return gone
        return failures.of_error(error, what, self._tools.names, self._around.mask)

    def _gone(self) -> Failure | None:
        """Why there can be no answer any more, if that is so."""
        return self._link.failure or (_closed(self._config.name) if self.over else None)

    def _tell(
        self, state: Literal["starting", "ready", "failed", "closed"], failure: Failure | None = None
    ) -> None:
        error = failure.message if failure is not None else ""
        self._around.service(
            self._config.name, state, tools=len(self._tools), restarts=self._restarts, error=error
        )


def _apart(work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
    """A task that belongs to no call, be it begun in the middle of one."""
    outside = copy_context()
    outside.run(current.set, None)
    return asyncio.create_task(work, name=f"mcp {name}", context=outside)


async def pages(fetch: Callable[[str | None], Awaitable[Page]]) -> list[Page]:
    """Every page of a list. AgentError for more of them than an honest server has: no part passes for all."""
    found = [await fetch(None)]
    while (cursor := found[-1].next_cursor) is not None:
        if len(found) == MOST_PAGES:
            text = f"the server gives its list in more than {MOST_PAGES} pages, perhaps without end"
            raise failed(Category.TOOL, text, code="endless_list")
        found.append(await fetch(cursor))
    return found


def _link(config: McpServerConfig, around: Surroundings) -> Link:
    if config.endpoint is not None:
        from lead_tui.agents.mcp.http import HttpLink

        return HttpLink(config, around)
    from lead_tui.agents.mcp.stdio import StdioLink

    return StdioLink(config, around)


def _closed(name: str) -> Failure:
    text = f"the session with the server {name} was closed"
    return Failure(Category.NETWORK, text, Outcome.UNKNOWN, "session_closed")
