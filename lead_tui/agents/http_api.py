"""The agent `http_api`: one HTTP request a call; its result is the decoded body, the rest is `meta`.

Redirects are followed for GET and HEAD within the origin, and from http to https of the same host, so that
credentials and headers never go to a host that the flow does not name. Any other is a permanent failure.
"""

import asyncio
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import structs
from pydantic import Field, field_validator

from lead_tui.agents import http_request
from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent
from lead_tui.errors import AgentError, Category, Failure, failed
from lead_tui.flow.models import AgentConfig, ParametersModel, PositiveDuration
from lead_tui.http import client as http_client
from lead_tui.http import errors as http_errors
from lead_tui.http import headers as http_headers
from lead_tui.http import response as http_response
from lead_tui.http.endpoint import endpoint_problem

if TYPE_CHECKING:
    import httpx2

MAX_REDIRECTS = 10
NOT_MODIFIED = 304
DECODE_IN_THREAD = 2**20
"""Bytes from which decoding would hold up the loop."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class HttpApiConfig(AgentConfig):
    """`custom_params` may hold `user_agent` and `headers` (a map) for every request."""

    default_timeout: ClassVar[float | None] = 30.0
    default_attempts: ClassVar[int] = 3

    verify: bool | str = True
    """Check certificates; or the path of a file of authorities to trust."""
    connect_timeout: PositiveDuration = 10.0
    max_response_bytes: int = Field(default=10 * 2**20, ge=1)
    """After decompression."""

    @field_validator("endpoint")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and (problem := endpoint_problem(value, "http_api")):
            raise ValueError(problem)
        return value

    @classmethod
    def parameters_model(cls, action: str) -> ParametersModel | None:
        return http_request.HttpParameters

    def is_idempotent(self, action: str, parameters: dict[str, Any]) -> bool:
        return str(parameters.get("method", "GET")).strip().upper() in _IDEMPOTENT

    def breaker_key(self) -> str:
        # a query may hold a key, and this text is shown
        return self.endpoint.partition("?")[0] if self.endpoint else self.name


class HttpApiAgent(BaseAgent[HttpApiConfig]):
    """Make HTTP requests: any method, query, headers, JSON, form or body."""

    config_model = HttpApiConfig
    libraries: ClassVar[tuple[str, ...]] = ("httpx2", "aiohttp", "httpx_aiohttp.httpx2")

    def __init__(self, config: HttpApiConfig) -> None:
        super().__init__(config)
        limit = config.connect_timeout
        # connecting gives up before the attempt does: only then is it known that nothing was executed
        self._connect = min(limit, 0.9 * config.timeout) if config.timeout else limit
        self._standing: tuple[dict[str, str], dict[str, str]] | None = None

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        request = self._request(http_request.checked(parameters), context)
        what = f"{request.method} {http_request.origin(request.url)}{request.url.path}"
        try:
            return await self._call(request, what, context)
        except AgentError:
            raise
        except Exception as error:
            failure = http_errors.of_exception(error, what)
            if failure is None:
                raise
            # the text of a transport's error may hold the URL with its query
            raise AgentError(failure) from None

    async def _call(self, request: "httpx2.Request", what: str, context: AgentContext) -> AgentResponse:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        response = await self._send(request, context)
        try:
            limit = self.config.max_response_bytes
            body = await http_response.read(response, limit, what, context.heartbeat)
        finally:
            await response.aclose()
        elapsed = loop.time() - begun
        result, note = await _decoded(body, response.headers.get("content-type", ""))
        meta = http_response.meta(response, elapsed, len(body), note)
        if response.is_success or response.status_code == NOT_MODIFIED:
            return AgentResponse(success=True, result=result, meta=meta)
        return AgentResponse(success=False, result=result, error=_failure(response, body, what), meta=meta)

    async def _send(self, request: "httpx2.Request", context: AgentContext) -> "httpx2.Response":
        """The answer to the request, or to the last of those that redirects led to."""
        for _ in range(MAX_REDIRECTS + 1):
            url = request.url
            transport = http_client.transport(context.shared, url.scheme, url.host, self.config.verify)
            response = await transport.handle_async_request(request)
            response.request = request
            follow = http_request.redirected(request, response)
            if follow is None:
                break
            await response.aclose()
            request = follow
        else:
            where = http_request.origin(request.url)
            message = f"{request.method} {where} redirects more than {MAX_REDIRECTS} times"
            raise failed(Category.VALIDATION, message, code="redirects")
        return response

    def _request(self, parameters: http_request.HttpParameters, context: AgentContext) -> "httpx2.Request":
        import httpx2

        method = http_headers.checked_method(parameters.method)
        standing, secret = self._standing_headers(context)
        headers = standing.copy()
        if parameters.headers is not None:
            headers |= http_headers.checked_headers(parameters.headers)
        if method in ("POST", "PATCH"):
            headers.setdefault("idempotency-key", context.idempotency_key)
        body = http_request.content(parameters, headers)
        headers |= secret
        url = http_request.target_url(self.config.endpoint, parameters.endpoint, parameters.query)
        timeout = {"connect": self._connect, "read": None, "write": None, "pool": None}
        return httpx2.Request(method, url, headers=headers, content=body, extensions={"timeout": timeout})

    def _standing_headers(self, context: AgentContext) -> tuple[dict[str, str], dict[str, str]]:
        """What goes out with every request, and apart from it the credentials."""
        if self._standing is None:
            custom = self.config.custom_params
            headers = {
                "accept": "*/*",
                "accept-encoding": "gzip, deflate",
                "user-agent": http_headers.checked_value(
                    "user-agent", str(custom.get("user_agent") or f"leadtui/{version('leadtui')}")
                ),
            }
            headers |= http_headers.checked_headers(custom.get("headers") or {})
            secret: dict[str, str] = {}
            if self.config.authentication is not None:
                name, value = http_request.credentials(self.config.authentication)
                secret[name] = value
                # what Basic sends is in none of the forms that a secret is searched in
                context.conceal(value.removeprefix("Basic "))
            self._standing = headers, secret
        return self._standing


async def _decoded(body: bytes, content_type: str) -> tuple[Any, str]:
    if len(body) < DECODE_IN_THREAD:
        return http_response.decode(body, content_type)
    return await asyncio.to_thread(http_response.decode, body, content_type)


def _failure(response: "httpx2.Response", body: bytes, what: str) -> Failure:
    text = body[:4096].decode("utf-8", "replace")
    failure = http_errors.of_status(response.status_code, response.headers, text, datetime.now(UTC), what)
    if not response.has_redirect_location:
        return failure
    hint = "; redirects are followed for GET and HEAD within the origin: set `endpoint` to where it leads"
    return structs.replace(failure, message=failure.message + hint)
