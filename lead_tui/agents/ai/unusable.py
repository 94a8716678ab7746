"""Why the answers of a model could not be used, in words for people: pydantic-ai's are for those who write
programs with it. Imports pydantic_ai.
"""

import re
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_ai.exceptions import ModelRetry, ToolRetryError, UnexpectedModelBehavior
from pydantic_ai.messages import ModelResponse
from pydantic_core import ErrorDetails

MOST = 3
"""Faults of one answer that are told."""

_TOOL = re.compile(r"Tool '([^']*)' exceeded max retries")
_LINK = re.compile(r"\s*\S*https?://\S*")


def reason(error: UnexpectedModelBehavior) -> str:
    """What was wrong with the last answer: its faults, or that of the call in it."""
    found = faults(error.__cause__) or _LINK.sub("", error.message)
    call = _TOOL.match(error.message)
    return f"its call of {call[1]} is wrong: {found}" if call else found


def content(response: ModelResponse) -> str:
    """Its text and calls."""
    calls = (f"{each.tool_name}({each.args})" for each in response.tool_calls)
    return "\n".join(each for each in (response.text, *calls) if each)


def faults(cause: BaseException | None) -> str:
    """Of what a check of theirs raised, "" for anything else."""
    match cause:
        case ToolRetryError():
            content = cause.tool_retry.content
            return _listed(content) if isinstance(content, list) else str(content)
        case ValidationError():
            return _listed(cause.errors(include_url=False, include_input=False))
        case ModelRetry():
            return cause.message
        case _:
            return ""


def _listed(errors: Iterable[ErrorDetails]) -> str:
    told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ") for each in errors]
    return "; ".join(told[:MOST])
