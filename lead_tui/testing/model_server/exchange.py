"""Sends a reply to a request, with the faults at their places."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from lead_tui.testing.model_server import anthropic_wire, openai_wire
from lead_tui.testing.model_server.frames import Frames, in_one
from lead_tui.testing.model_server.replies import Failing, Fault, Message, Raw, Reply, ToolCall, fail, say
from lead_tui.testing.model_server.request import Api, ModelRequest

if TYPE_CHECKING:
    from aiohttp import web

WIRES: Final[Mapping[Api, ModuleType]] = {"openai": openai_wire, "anthropic": anthropic_wire}


class _Ended(Exception):
    """A fault ended the answer."""


async def send(http: "web.Request", request: ModelRequest, reply: Reply) -> "web.StreamResponse":
    if not isinstance(reply, Message):
        return whole(request.api, reply)
    error = next((each for each in reply.faults if each.kind == "error"), None)
    if error is not None and (error.after == 0 or not request.streams):
        return whole(request.api, fail(error.problem))
    message = _as_asked(request, reply)
    wire = WIRES[request.api]
    frames = wire.stream(request, message) if request.streams else in_one(wire.body(request, message))
    return await _Sending(http, request, frames, message.faults).whole()


def whole(api: Api, reply: Failing | Raw) -> "web.Response":
    """An answer that is an error, or no provider's at all."""
    from aiohttp import web

    if isinstance(reply, Raw):
        headers = {"Content-Type": reply.content_type, **reply.headers}
        return web.Response(body=reply.body, status=reply.status, headers=headers)
    status, body = WIRES[api].error(reply.problem, reply.message)
    headers = {} if reply.retry_after is None else {"Retry-After": f"{reply.retry_after:g}"}
    return data(body, reply.status or status, headers)


def data(body: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> "web.Response":
    from aiohttp import web

    return web.json_response(body, status=status, headers=headers)


def _as_asked(request: ModelRequest, message: Message) -> Message:
    """Data as text or as a call of a tool, whichever the request asks for."""
    if not message.has_data:
        return message
    tool = request.output_tool
    if tool is None or request.wants_json:
        return replace(message, pieces=say(json.dumps(message.data)).pieces)
    return replace(message, calls=(*message.calls, ToolCall(tool, message.data)))


class _Sending:
    """An answer on its way, piece by piece."""

    def __init__(
        self, http: "web.Request", request: ModelRequest, frames: Frames, faults: tuple[Fault, ...]
    ) -> None:
        from aiohttp import web

        self._http = http
        self._request = request
        self._frames = frames
        self._faults = list(faults)
        kind = "text/event-stream; charset=utf-8" if request.streams else "application/json"
        headers = {"Content-Type": kind, "Cache-Control": "no-cache"}
        self._response = web.StreamResponse(headers=headers)

    async def whole(self) -> "web.StreamResponse":
        with contextlib.suppress(_Ended, ConnectionError):  # or the client has gone
            await self._pieces()
        return self._response

    async def _pieces(self) -> None:
        frames = self._frames
        await self._act(0)
        await self._response.prepare(self._http)
        await self._response.write(frames.opening)
        for count, piece in enumerate(frames.pieces, start=1):
            await self._response.write(piece)
            if count < len(frames.pieces):
                await self._act(count)
        await self._act(None)
        await self._response.write(frames.closing)

    async def _act(self, count: int | None) -> None:
        """The faults that come after so many pieces; None: all that are left."""
        while self._faults and (count is None or self._faults[0].after <= count):
            await self._do(self._faults.pop(0))

    async def _do(self, fault: Fault) -> None:
        match fault.kind:
            case "wait":
                await (fault.gate or asyncio.Event()).wait()
            case "endless":
                await self._endless()
            case "error":
                await self._response.write(WIRES[self._request.api].stream_error(fault.problem))
                raise _Ended
            case "end":
                raise _Ended
            case "cut":
                self._hang_up()
                raise _Ended

    async def _endless(self) -> None:
        """It ends with the connection: writing to one that is gone raises."""
        portion = self._frames.filler * 64
        while True:
            await self._response.write(portion)

    def _hang_up(self) -> None:
        if self._http.transport is not None:
            self._http.transport.close()  # what was written before still arrives
