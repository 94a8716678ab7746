"""The HTTP server: it asks the script for a reply and sends it in the language of the request."""

import asyncio
import hmac
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lead_tui.testing.model_server import exchange
from lead_tui.testing.model_server.checks import complaint
from lead_tui.testing.model_server.replies import Reply, fail
from lead_tui.testing.model_server.request import Api, ModelRequest

if TYPE_CHECKING:
    from aiohttp import web

KEY = "test-key"
MAX_BODY = 32 * 2**20
SHUTDOWN = 0.01
"""Seconds for what hangs on purpose; aiohttp takes 0 for ever."""

Script = Callable[[ModelRequest], Reply | Awaitable[Reply]]


class ModelServer:
    """A scripted model behind OpenAI's and Anthropic's APIs on a free port of 127.0.0.1.

    `replies` are given in this order, or made by a function of the request, which may be async. A request
    beyond the last reply is refused with 400 and says so; what the function raises is answered with 500 and
    raised again at the end of the `async with`. Whoever does not show `key` gets 401 (an empty one is asked
    of nobody), and a `model` that is not among `models` (if there are any) 404; neither takes a reply.
    """

    def __init__(
        self, replies: Iterable[Reply] | Script = (), *, key: str = KEY, models: Iterable[str] = ()
    ) -> None:
        self.key = key
        self.models = tuple(models)
        self.requests: list[ModelRequest] = []
        """All that were let in and could be read, in the order in which they came."""
        self._script = replies if callable(replies) else None
        self._left = [] if callable(replies) else list(replies)
        self._error: Exception | None = None
        self._in_flight = 0
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # where it is, and what happened

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        if self._runner is None:
            raise RuntimeError("the model server is not running: use `async with ModelServer(...) as server`")
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI's clients: it ends in `/v1`."""
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        """The base URL for Anthropic's clients."""
        return self.url

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which both providers' clients find the server and its key."""
        return {
            "OPENAI_BASE_URL": self.openai_url,
            "OPENAI_API_KEY": self.key,
            "ANTHROPIC_BASE_URL": self.anthropic_url,
            "ANTHROPIC_API_KEY": self.key,
        }

    @property
    def left(self) -> int:
        """Replies of the list that nobody asked for yet."""
        return len(self._left)

    async def received(self, count: int = 1) -> ModelRequest:
        """Wait until so many requests came; gives the last of these."""
        while len(self.requests) < count:
            await self._changed.wait()
        return self.requests[count - 1]

    async def idle(self) -> None:
        """Wait until no request is being answered: the last was sent whole, or its client went away."""
        while self._in_flight:
            await self._changed.wait()

    # run

    async def __aenter__(self) -> Self:
        from aiohttp import web

        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_post("/v1/messages", self._anthropic)
        app.router.add_get("/v1/models", self._models)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._runner = runner
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        if error is None and self._error is not None:
            raise self._error

    # one request

    async def _openai(self, request: "web.Request") -> "web.StreamResponse":
        return await self._answer("openai", request)

    async def _anthropic(self, request: "web.Request") -> "web.StreamResponse":
        return await self._answer("anthropic", request)

    async def _models(self, request: "web.Request") -> "web.StreamResponse":
        api: Api = "anthropic" if "anthropic-version" in request.headers else "openai"
        if not self._knows(request):
            return exchange.whole(api, fail("invalid_key"))
        return exchange.data(exchange.WIRES[api].models(self.models))

    async def _answer(self, api: Api, http: "web.Request") -> "web.StreamResponse":
        if not self._knows(http):
            return exchange.whole(api, fail("invalid_key"))
        try:
            body = json.loads(await http.read())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return exchange.whole(api, fail("bad_request", message="We could not parse the JSON body."))
        request = ModelRequest(len(self.requests) + 1, api, _headers(http), body)
        self._begin(request)
        try:
            return await exchange.send(http, request, await self._reply(request))
        finally:
            self._end()

    def _knows(self, http: "web.Request") -> bool:
        bearer = http.headers.get("Authorization", "").removeprefix("Bearer ")
        shown = http.headers.get("x-api-key") or bearer
        return not self.key or hmac.compare_digest(shown.encode(), self.key.encode())

    def _begin(self, request: ModelRequest) -> None:
        self.requests.append(request)
        self._in_flight += 1
        self._wake()

    def _end(self) -> None:
        self._in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _reply(self, request: ModelRequest) -> Reply:
        if (wrong := complaint(request)) is not None:
            return fail("bad_request", message=wrong)
        if self.models and request.model not in self.models:
            return fail("unknown_model", message=f"The model `{request.model}` does not exist")
        if self._script is not None:
            return await self._scripted(request, self._script)
        if not self._left:
            said = f"ModelServer: no reply is scripted for request {request.number}: {request.prompt[:200]!r}"
            return fail("bad_request", message=said)
        return self._left.pop(0)

    async def _scripted(self, request: ModelRequest, script: Script) -> Reply:
        try:
            reply = script(request)
            return await reply if inspect.isawaitable(reply) else reply
        except Exception as error:  # noqa: BLE001 - foreign code: the test's own, told at the end
            self._error = self._error or error
            return fail("server_error", message=f"the script of the model server raised {error!r}")


def _headers(http: "web.Request") -> dict[str, str]:
    kept = {name.lower(): value for name, value in http.headers.items()}
    return {name: value for name, value in kept.items() if name not in ("authorization", "x-api-key")}
