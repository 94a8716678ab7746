"""The head of a request, checked before it is sent. No message repeats a header's value, perhaps a secret."""

import re
from collections.abc import Mapping
from typing import Any

from lead_tui.errors import AgentError, Category, failed

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_FRAMING = frozenset({"connection", "content-length", "transfer-encoding", "upgrade"})
_SCALAR = (str, int, float, bool)
_SHOWN = 40  # characters of what a message repeats


def bad(message: str) -> AgentError:
    """The error for parameters that cannot be sent."""
    return failed(Category.VALIDATION, message, code="bad_parameters")


def scalar(value: Any, where: str) -> str:
    if not isinstance(value, _SCALAR):
        raise bad(f"{where}: text, a number, true or false is needed")
    return str(value).lower() if isinstance(value, bool) else str(value)


def checked_method(method: str) -> str:
    method = method.strip().upper()
    if not _TOKEN.fullmatch(method) or method == "CONNECT":
        raise bad(f"method: {_whole_or_not(method)} is not one that can be sent")
    return method


def checked_headers(headers: Any) -> dict[str, str]:
    """Names in lower case; null leaves one out."""
    if not isinstance(headers, Mapping):
        raise bad("headers: a map of names and values is needed")
    return {
        checked_name(name): checked_value(name, scalar(value, f"headers.{name}"))
        for name, value in headers.items()
        if value is not None
    }


def checked_name(name: Any) -> str:
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise bad(f"headers: {_whole_or_not(str(name))} is not the name of a header")
    if name.lower() in _FRAMING:
        raise bad(f"headers: {name} is set by the connection itself")
    return name.lower()


def checked_value(name: str, value: str) -> str:
    value = value.strip(" \t")
    if not _VALUE.fullmatch(value):
        raise bad(f"headers.{name}: only printable ASCII without line breaks can be sent")
    return value


def _whole_or_not(text: str) -> str:
    """Part of a text could be part of a secret, which nobody would know as one."""
    return repr(text) if len(text) <= _SHOWN else f"a text of {len(text)} characters"
