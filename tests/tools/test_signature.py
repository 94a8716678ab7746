"""What a function's signature says of a tool: schema, arguments, context."""

from datetime import date
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from lead_tui.errors import UsageError
from lead_tui.flow.models import RateLimit
from lead_tui.tools.context import ToolContext
from lead_tui.tools.signature import parameter_descriptions
from lead_tui.tools.tool import Tool, tool, tool_of


class Point(BaseModel):
    x: int
    y: int = 0


def made(function) -> Tool:
    found = tool_of(function)
    assert found is not None
    return found


def test_a_bare_decorator_takes_name_and_first_paragraph():
    """`@tool` alone: the function's name, the docstring's first paragraph in one line, public."""

    @tool
    def words(text: str) -> int:
        """Count the words
        of a text.

        More.
        """
        return len(text.split())

    found = made(words)
    assert (found.name, found.description, found.category, found.access_level) == (
        "words", "Count the words of a text.", "general", "public",
    )  # fmt: skip
    assert words("a b") == 2
    assert not found.is_idempotent({})
    assert not found.is_async


def test_settings_of_the_decorator():
    """Each setting arrives, also by position; the rate limit may be written as a map."""

    @tool("lookup", "Look it up.", "web", "admin", {"requests": 3, "per": "1m"}, idempotent=True)
    async def function() -> None: ...

    found = made(function)
    assert (found.name, found.description, found.category, found.access_level) == (
        "lookup", "Look it up.", "web", "admin",
    )  # fmt: skip
    assert found.rate_limit == RateLimit(requests=3, per=60)
    assert found.is_idempotent({})
    assert found.is_async


def test_idempotence_may_depend_on_the_arguments():
    """A function of the arguments judges each call."""

    @tool(idempotent=lambda given: given.get("dry", False))
    def deploy(dry: bool = False) -> None: ...

    assert made(deploy).is_idempotent({"dry": True})
    assert not made(deploy).is_idempotent({})


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"name": "two words"}, "letters, digits"),
        ({"name": "x" * 65}, "up to 64"),
        ({"name": "server.tool"}, "letters, digits"),
        ({"access_level": "root"}, "one of public, restricted, admin"),
        ({"rate_limit": {"requests": 0}}, "rate_limit"),
        ({"rate_limit": "often"}, "rate_limit"),
    ],
)
def test_bad_settings_are_told_where_the_function_is_made(settings, complaint):
    """A name that no provider takes, a level or a limit that there is not."""
    with pytest.raises(UsageError, match=complaint):
        tool(**{"name": "f", **settings})(lambda: None)


@pytest.mark.parametrize("function", [lambda *a: a, lambda **k: k, lambda x, /: x])
def test_parameters_are_given_by_name(function):
    """What cannot be given by name is refused at the decorator."""
    with pytest.raises(UsageError, match="not given by name"):
        tool(name="x")(function)


def test_schema_of_types_and_defaults():
    """Types, defaults, choices, bounds and models become JSON Schema; no titles, unknown names refused."""

    @tool
    def f(
        a: int,
        b: str = "x",
        c: Literal["p", "q"] = "p",
        d: Annotated[float, Field(ge=0, description="how much")] = 1.5,
        e: Point | None = None,
        f: list[date] | None = None,
        g=None,
    ) -> None: ...

    schema = made(f).schema
    properties = schema["properties"]
    assert schema["required"] == ["a"]
    assert schema["additionalProperties"] is False
    assert properties["a"] == {"type": "integer"}
    assert properties["b"] == {"type": "string", "default": "x"}
    assert properties["c"] == {"type": "string", "enum": ["p", "q"], "default": "p"}
    assert properties["d"] == {"type": "number", "minimum": 0, "default": 1.5, "description": "how much"}
    assert properties["e"]["anyOf"][0] == {"$ref": "#/$defs/Point"}
    assert properties["f"]["anyOf"][0]["items"] == {"type": "string", "format": "date"}
    assert properties["g"] == {"default": None}
    assert "title" not in schema


def test_names_that_pydantic_keeps_for_itself():
    """A parameter may be called `copy`, `model_config`, `_x` or `schema`."""

    @tool
    def f(copy: int, model_config: int, _x: int, schema: int, json: int = 5) -> None: ...

    found = made(f)
    assert list(found.schema["properties"]) == ["copy", "model_config", "_x", "schema", "json"]
    given = found.arguments.model_validate({"copy": 1, "model_config": 2, "_x": 3, "schema": 4})
    assert given.values_by_name() == {"copy": 1, "model_config": 2, "_x": 3, "schema": 4, "json": 5}


def test_the_context_is_no_argument():
    """A parameter annotated ToolContext is in neither schema nor arguments, whatever its name."""

    @tool
    def f(a: int, place: ToolContext) -> None: ...

    assert list(made(f).schema["properties"]) == ["a"]
    assert made(f).context_parameter == "place"
    assert made(tool(name="x")(lambda: None)).context_parameter is None


def test_annotations_in_quotes():
    """`from __future__ import annotations` makes all annotations text."""

    @tool
    def f(a: "int", context: "ToolContext") -> "None": ...

    assert made(f).schema["properties"] == {"a": {"type": "integer"}}
    assert made(f).context_parameter == "context"


def test_annotations_that_cannot_be_used():
    """A name that is not there, and a type that JSON Schema has no word for, say so."""

    @tool
    def missing(a: "Nowhere") -> None: ...  # noqa: F821

    class Odd: ...

    @tool
    def odd(a: Odd) -> None: ...

    @tool
    def unspeakable(a: Annotated[object, Field(default_factory=Odd)]) -> None: ...

    with pytest.raises(UsageError, match="missing: its annotations name what is not there"):
        _ = made(missing).arguments
    with pytest.raises(UsageError, match="odd"):
        _ = made(odd).arguments


def test_a_type_that_has_values_but_no_schema():
    """What can be validated and not be described is told when the schema is asked for."""
    from collections.abc import Callable

    @tool
    def call(a: Callable[[], int]) -> None: ...

    with pytest.raises(UsageError, match="call"):
        _ = made(call).schema


GOOGLE = """Do it.

Args:
    a: The first
        of all.
    b: Not a parameter.
"""
NUMPY = """Do it.

Parameters
----------
a : int
    The first of all.
"""
SPHINX = """Do it.

:param a: The first of all.
"""


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX])
def test_descriptions_from_docstrings(text):
    """Three styles are understood; a name that is no parameter changes nothing."""

    def f(a: int) -> None: ...

    f.__doc__ = text
    assert made(tool(f)).schema["properties"] == {
        "a": {"type": "integer", "description": "The first of all."}
    }


def test_a_docstring_without_parameters():
    """Prose gives no descriptions, and no docstring neither."""

    def f(a: int) -> None:
        """One.

        Two.
        """

    assert parameter_descriptions(f) == {}
    assert parameter_descriptions(lambda: None) == {}


def test_an_object_that_can_be_called():
    """An instance with an async __call__ is a tool, too."""

    class Counter:
        """Count."""

        __name__ = "counter"

        async def __call__(self, a: int, context: ToolContext) -> int:
            return a

    found = made(tool(name="counter")(Counter()))
    assert found.is_async
    assert list(found.schema["properties"]) == ["a"]


def test_what_is_no_tool():
    """Only tools and functions that were made tools."""
    assert tool_of(len) is None
    assert tool_of(None) is None
