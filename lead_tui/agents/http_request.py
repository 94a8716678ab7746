"""From a task's parameters to one request: where it goes, what it says, who it says it is.

Parameters may come from other services' answers, so a URL never leaves the agent's origin or the path of its
endpoint, and a header is checked before it is sent. No message repeats a header's value: it may be a secret.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

import msgspec
from pydantic import Field, ValidationError, model_validator

from lead_tui.errors import Category, failed
from lead_tui.flow.explain import told
from lead_tui.flow.models import ApiKeyAuth, Authentication, BasicAuth, Model
from lead_tui.http.client import basic
from lead_tui.http.headers import bad, checked_name, checked_value, scalar

if TYPE_CHECKING:
    import httpx2


class HttpParameters(Model):
    """At most one of `json`, `form`, `body`. A list in `query` or `form` repeats its name."""

    method: str = "GET"
    endpoint: str = ""
    query: dict[str, Any] | str | None = None
    headers: dict[str, Any] | str | None = None
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Any] | str | None = None
    body: Any = None

    @model_validator(mode="after")
    def _one_body(self) -> "HttpParameters":
        if sum(each is not None for each in (self.json_, self.form, self.body)) > 1:
            raise ValueError("at most one of json, form and body")
        return self


def checked(parameters: dict[str, Any]) -> HttpParameters:
    try:
        return HttpParameters.model_validate(parameters)
    except ValidationError as error:
        raise bad(f"parameters: {told(HttpParameters, error, parameters)}") from None


# --- where ----------------------------------------------------------------------------------------------


def target_url(base: str | None, path: str, query: Any) -> "httpx2.URL":
    """`path` below `base`, or a whole URL, which must have the origin of `base` if there is one."""
    import httpx2

    try:
        if "://" in path.partition("?")[0] or path.startswith("//"):
            url = _whole(httpx2.URL(base) if base else None, path)
        else:
            url = _below(base, path)
        return _with_query(url, query)
    except httpx2.InvalidURL as error:
        raise bad(f"endpoint: {error}") from None


def origin(url: "httpx2.URL") -> str:
    """Scheme, host and, unless it is the usual one, port."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port else "")


def _whole(root: "httpx2.URL | None", path: str) -> "httpx2.URL":
    import httpx2

    url = httpx2.URL(f"{root.scheme}:{path}" if root is not None and path.startswith("//") else path)
    if url.scheme not in ("http", "https") or not url.host:
        raise bad("endpoint: a whole URL begins with http:// or https:// and a host")
    if url.userinfo:
        raise bad("endpoint: credentials do not belong into a URL: use the agent's `authentication`")
    if root is not None and origin(url) != origin(root):
        message = f"endpoint: {origin(url)} is not the agent's {origin(root)}: declare an agent for it"
        raise failed(Category.PERMISSION, message, code="foreign_origin")
    return url


def _below(base: str | None, path: str) -> "httpx2.URL":
    import httpx2

    if not base:
        raise bad("endpoint: neither the agent nor the task names a host: write a whole http(s) URL")
    stem, _, standing = base.partition("#")[0].partition("?")
    rest, _, asked = path.partition("#")[0].partition("?")
    if any(segment in (".", "..") for segment in re.split(r"[/\\]", unquote(rest))):
        raise failed(
            Category.PERMISSION, "endpoint: leaves the agent's endpoint by `..`", code="foreign_path"
        )
    url = f"{stem.rstrip('/')}/{rest.lstrip('/')}" if rest else stem
    query = "&".join(each for each in (standing, asked) if each)
    return httpx2.URL(f"{url}?{query}" if query else url)


def _with_query(url: "httpx2.URL", query: Any) -> "httpx2.URL":
    """A list gives the name once for each item; null leaves it out."""
    if not query:
        return url
    if not isinstance(query, Mapping):
        raise bad("query: a map of names and values is needed")
    pairs = [(str(name), scalar(each, f"query.{name}")) for name, value in query.items() if value is not None
             for each in (value if isinstance(value, list | tuple) else (value,))]  # fmt: skip
    merged = url.params
    for name, value in pairs:
        merged = merged.add(name, value)
    return url.copy_with(params=merged)


def redirected(request: "httpx2.Request", response: "httpx2.Response") -> "httpx2.Request | None":
    """The request that a redirect asks for, if it is one that is followed: see `http_api`."""
    import httpx2

    if request.method not in ("GET", "HEAD") or not response.has_redirect_location:
        return None
    try:
        url = request.url.join(response.headers["location"])
    except httpx2.InvalidURL:
        return None
    before, after = request.url.origin, url.origin
    upgraded = (before.scheme, after.scheme) == ("http", "https") and before.host == after.host
    if url.userinfo or not (before == after or (upgraded and not (request.url.port or url.port))):
        return None
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
    return httpx2.Request(request.method, url, headers=headers, extensions=request.extensions)


# --- what -----------------------------------------------------------------------------------------------


def content(parameters: HttpParameters, headers: dict[str, str]) -> bytes:
    """The body, encoded; sets its content type unless the flow did."""
    if parameters.json_ is not None:
        return _typed(headers, "application/json", msgspec.json.encode(parameters.json_))
    if parameters.form is not None:
        return _typed(headers, "application/x-www-form-urlencoded", _form(parameters.form))
    if parameters.body is not None:
        if not isinstance(parameters.body, str):
            raise bad("body: text is needed; `json` sends data")
        return _typed(headers, "text/plain; charset=utf-8", parameters.body.encode("utf-8", "replace"))
    return b""


def _form(form: Any) -> bytes:
    if not isinstance(form, Mapping):
        raise bad("form: a map of names and values is needed")
    pairs = [(str(name), scalar(each, f"form.{name}")) for name, value in form.items() if value is not None
             for each in (value if isinstance(value, list | tuple) else (value,))]  # fmt: skip
    return urlencode(pairs).encode()


def _typed(headers: dict[str, str], kind: str, encoded: bytes) -> bytes:
    headers.setdefault("content-type", kind)
    return encoded


# --- who ------------------------------------------------------------------------------------------------


def credentials(authentication: Authentication) -> tuple[str, str]:
    """The header that carries the credentials, and its value: the secret in the open."""
    if isinstance(authentication, ApiKeyAuth):
        name, value = checked_name(authentication.header), authentication.key.get_secret_value()
    elif isinstance(authentication, BasicAuth):
        user, password = authentication.username, authentication.password
        name, value = "authorization", basic(user.get_secret_value(), password.get_secret_value())
    else:
        name, value = "authorization", f"Bearer {authentication.token.get_secret_value()}"
    return name, checked_value(name, value)
