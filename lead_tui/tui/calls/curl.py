"""A call of an `http_api` agent as a command line of curl. Pure.

It is made of what the flow says, not of what is sent: a secret stays `${NAME}`, which the shell that runs the
command fills in, or `***`.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from lead_tui.text.wire import json_text

_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@-]*")
_LAST_SLASHES = re.compile(r"/+$")


def curl(agent: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """`agent` and `parameters` as they stand in the flow, variables and all."""
    method = str(parameters.get("method") or "GET").strip().upper()
    words = ["curl"]
    if method == "HEAD":
        words.append("--head")
    elif method != "GET":
        words += ["-X", shell_word(method)]
    words += [shell_word(url(str(agent.get("endpoint") or ""), parameters))]
    for name, value in _headers(agent, parameters).items():
        words += ["-H", shell_word(f"{name}: {value}")]
    words += _credentials(agent.get("authentication"))
    words += _body(parameters)
    words += _verification(agent.get("verify", True))
    return " ".join(words)


def shell_word(text: str) -> str:
    """As one word of a shell, in which variables of the flow are variables of the shell."""
    words = (
        f'"{part}"' if is_variable else shlex.quote(part.replace("$${", "${"))
        for part, is_variable in _parts(text)
    )
    return "".join(words) or "''"


def url(base: str, parameters: Mapping[str, Any]) -> str:
    """The endpoint of the agent and that of the task, as `http_api` joins them, with the query."""
    path = str(parameters.get("endpoint") or "")
    if "://" in path.partition("?")[0]:
        whole = path
    else:
        stem, _, standing = base.partition("#")[0].partition("?")
        rest, _, asked = path.partition("#")[0].partition("?")
        whole = f"{_LAST_SLASHES.sub('', stem)}/{rest.lstrip('/')}" if rest else stem
        pairs = "&".join(each for each in (standing, asked) if each)
        whole = f"{whole}?{pairs}" if pairs else whole
    query = parameters.get("query")
    asked = "&".join(
        f"{_encoded(name)}={_encoded(value)}"
        for name, value in _pairs(query if isinstance(query, Mapping) else {})
    )
    return f"{whole}{'&' if '?' in whole else '?'}{asked}" if asked else whole


def _headers(agent: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, str]:
    """The standing ones, then the task's over them, in lower case."""
    custom = agent.get("custom_params")
    found: dict[str, str] = {}
    for headers in (
        custom.get("headers") if isinstance(custom, Mapping) else None,
        parameters.get("headers"),
    ):
        if isinstance(headers, Mapping):
            found |= {
                str(name).lower(): _scalar(value) for name, value in headers.items() if value is not None
            }
    if parameters.get("json") is not None:
        found.setdefault("content-type", "application/json")
    elif parameters.get("body") is not None:
        found.setdefault("content-type", "text/plain; charset=utf-8")
    return found


def _credentials(authentication: Any) -> list[str]:
    if not isinstance(authentication, Mapping):
        return []
    match authentication.get("type"):
        case "bearer":
            return ["-H", shell_word(f"authorization: Bearer {authentication.get('token')}")]
        case "api_key":
            name = authentication.get("header") or "X-API-Key"
            return ["-H", shell_word(f"{name}: {authentication.get('key')}")]
        case "basic":
            return ["-u", shell_word(f"{authentication.get('username')}:{authentication.get('password')}")]
    return []


def _body(parameters: Mapping[str, Any]) -> list[str]:
    if parameters.get("json") is not None:
        return ["--data-raw", shell_word(json_text(parameters["json"]))]
    if isinstance(form := parameters.get("form"), Mapping):
        return [
            word
            for name, value in _pairs(form)
            for word in ("--data-urlencode", shell_word(f"{name}={value}"))
        ]
    if parameters.get("body") is not None:
        return ["--data-raw", shell_word(str(parameters["body"]))]
    return []


def _verification(verify: Any) -> list[str]:
    if verify is False:
        return ["--insecure"]
    return ["--cacert", shell_word(verify)] if isinstance(verify, str) else []


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A list gives its name once for each item; null leaves it out."""
    for name, value in values.items():
        for each in value if isinstance(value, list | tuple) else (value,):
            if each is not None:
                yield str(name), _scalar(each)


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _encoded(text: str) -> str:
    return "".join(part if is_variable else quote(part, safe="") for part, is_variable in _parts(text))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and of each whether it is a variable."""
    end = 0
    for found in _VARIABLE.finditer(text):
        if found.start() > end:
            yield text[end : found.start()], False
        default = found[2] or ""
        keep = default and _PLAIN.fullmatch(default)  # a masked one, or one that a shell could read, goes
        yield f"${{{found[1]}{f':-{default}' if keep else ''}}}", True
        end = found.end()
    if end < len(text):
        yield text[end:], False
