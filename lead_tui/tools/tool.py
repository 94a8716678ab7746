"""A tool: a function, sync or async, with a name, a description and the shape of its arguments.

    @tool(category="text", access_level="public", idempotent=True)
    def words(text: str) -> int:
        "Count the words of a text."
        return len(text.split())

The function stays as it is. It becomes known by an entry point `lead_tui.tools` or by `register_tool`.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args, overload

from pydantic import ValidationError

from lead_tui.errors import UsageError
from lead_tui.flow.models import RateLimit
from lead_tui.tools.signature import (
    Arguments,
    arguments_model,
    arguments_schema,
    bare_schema,
    check_signature,
    context_parameter,
    summary,
)

AccessLevel = Literal["public", "restricted", "admin"]
LEVELS: tuple[AccessLevel, ...] = get_args(AccessLevel)
"""From what everybody may call to what asks for a grant of its own."""

Need = Literal["roots", "hosts"]
"""What a flow has to grant beside the tool, or it can do nothing."""

Idempotent = bool | Callable[[Mapping[str, Any]], bool]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what every provider of models takes
_MARK = "__leadtui_tool__"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Tool:
    """`idempotent`: may a call of unknown outcome be made again? A function judges by the arguments.

    `source` is the distribution that brings it, or the module.
    """

    name: str
    function: Callable[..., Any]
    description: str = ""
    category: str = "general"
    access_level: AccessLevel = "public"
    rate_limit: RateLimit | None = None
    idempotent: Idempotent = False
    needs: tuple[Need, ...] = ()
    source: str = ""

    @cached_property
    def arguments(self) -> type[Arguments]:
        """The shape of the arguments; UsageError if it cannot be told from the signature."""
        return arguments_model(self.function)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments. Raises as `arguments`."""
        return arguments_schema(self.function, self.arguments)

    @cached_property
    def problem(self) -> str:
        """Why it cannot be used, or nothing: its signature may name what JSON Schema has no word for."""
        try:
            bare_schema(self.function, self.arguments)
        except UsageError as error:
            return str(error)
        return ""

    @cached_property
    def context_parameter(self) -> str | None:
        return context_parameter(self.function)

    @property
    def is_async(self) -> bool:
        """Does it run on the event loop? All others run in a thread."""
        call = getattr(self.function, "__call__", None)  # noqa: B004 - an object with an async __call__
        return inspect.iscoroutinefunction(self.function) or inspect.iscoroutinefunction(call)

    def is_idempotent(self, arguments: Mapping[str, Any]) -> bool:
        """`arguments` as given, perhaps with templates."""
        return self.idempotent(arguments) if callable(self.idempotent) else self.idempotent


@overload
def tool(name: F, /) -> F: ...


@overload
def tool(
    name: str | None = None,
    description: str = "",
    category: str = "general",
    access_level: AccessLevel = "public",
    rate_limit: RateLimit | Mapping[str, Any] | None = None,
    *,
    idempotent: Idempotent = False,
    needs: tuple[Need, ...] = (),
) -> Callable[[F], F]: ...


def tool(
    name: str | F | None = None,
    description: str = "",
    category: str = "general",
    access_level: AccessLevel = "public",
    rate_limit: RateLimit | Mapping[str, Any] | None = None,
    *,
    idempotent: Idempotent = False,
    needs: tuple[Need, ...] = (),
) -> F | Callable[[F], F]:
    """Make a tool of a function, with or without settings: `@tool`, `@tool(name="lookup")`.

    By default it has the function's name and the first paragraph of its docstring. `rate_limit` is
    `{"requests": 10, "per": "1m"}`, for each agent that may call it. `needs`: a flow that grants the tool by
    its name has to grant `roots` or `hosts`, too. UsageError for a bad setting.
    """
    if callable(name):
        return _marked(name, Tool(name.__name__, name, summary(name), source=name.__module__))
    limit = _rate_limit(rate_limit)

    def mark(function: F) -> F:
        made = Tool(
            name=name or function.__name__, function=function, description=description or summary(function),
            category=category, access_level=access_level, rate_limit=limit, idempotent=idempotent,
            needs=needs, source=function.__module__,
        )  # fmt: skip
        return _marked(function, made)

    return mark


def tool_of(value: object) -> Tool | None:
    """The tool that this is, or that was made of this function."""
    found = value if isinstance(value, Tool) else getattr(value, _MARK, None)
    return found if isinstance(found, Tool) else None


def _marked(function: F, made: Tool) -> F:
    if not _NAME.fullmatch(made.name):
        raise UsageError(f"the tool {made.name!r}: a name has up to 64 letters, digits, `_` and `-`")
    if made.access_level not in LEVELS:
        raise UsageError(f"the tool {made.name!r}: access_level is one of {', '.join(LEVELS)}")
    check_signature(function)
    setattr(function, _MARK, made)
    return function


def _rate_limit(value: RateLimit | Mapping[str, Any] | None) -> RateLimit | None:
    try:
        return None if value is None else RateLimit.model_validate(value)
    except ValidationError:
        raise UsageError('rate_limit of a tool is written as {"requests": 10, "per": "1m"}') from None
