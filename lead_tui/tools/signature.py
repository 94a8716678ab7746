"""From a function's signature to the shape of a tool's arguments, and its JSON Schema.

Types and defaults come from the signature, descriptions of the parameters from the docstring (Google, NumPy
and Sphinx style) or from `Annotated[..., Field(description=...)]`.
"""

import inspect
import logging
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

from pydantic import ConfigDict, Field, create_model
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema

from lead_tui.errors import UsageError
from lead_tui.flow.models import Model
from lead_tui.tools.context import ToolContext

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_FIELD = "argument_"  # before a parameter's name: some, as `copy` or `_x`, cannot name a field


class Arguments(Model):
    """Base of the shapes that are made here. Unknown names are refused."""

    model_config = ConfigDict(arbitrary_types_allowed=False, validate_default=False)

    def values_by_name(self) -> dict[str, Any]:
        """What to call the function with, its context apart."""
        return {name.removeprefix(_FIELD): getattr(self, name) for name in type(self).model_fields}


class _Untitled(GenerateJsonSchema):
    """A title that repeats a parameter's name only costs tokens."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def check_signature(function: Callable[..., Any]) -> None:
    """UsageError for a parameter that cannot be given by name."""
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in _NAMED:
            raise UsageError(
                f"the tool {_called(function)}: {parameter} is not given by name, as {name!r} must be"
            )


def arguments_model(function: Callable[..., Any]) -> type[Arguments]:
    """The shape of the arguments. UsageError for an annotation that JSON Schema has no word for."""
    parameters, hints = inspect.signature(function).parameters, _hints(function)
    fields: dict[str, Any] = {
        f"{_FIELD}{name}": (
            Annotated[hints.get(name, Any), Field(alias=name)],
            ... if parameter.default is inspect.Parameter.empty else parameter.default,
        )
        for name, parameter in parameters.items()
        if hints.get(name) is not ToolContext
    }
    try:
        return create_model(_called(function), __base__=Arguments, **fields)
    except (PydanticUserError, TypeError) as error:
        raise UsageError(f"the tool {_called(function)}: {_first_line(error)}") from None


def arguments_schema(function: Callable[..., Any], model: type[Arguments]) -> dict[str, Any]:
    """JSON Schema of an object whose properties are the parameters, with what the docstring says of them."""
    schema = bare_schema(function, model)
    properties = schema["properties"]
    for name, text in parameter_descriptions(function).items():
        if name in properties:
            properties[name].setdefault("description", text)
    return schema


def bare_schema(function: Callable[..., Any], model: type[Arguments]) -> dict[str, Any]:
    """The same without the docstring, whose reading takes a library. UsageError if there is none."""
    try:
        schema = model.model_json_schema(schema_generator=_Untitled)
    except PydanticUserError as error:
        raise UsageError(f"the tool {_called(function)}: {_first_line(error)}") from None
    schema.pop("title", None)
    schema.pop("description", None)
    schema.setdefault("properties", {})
    return schema


def context_parameter(function: Callable[..., Any]) -> str | None:
    """The parameter that receives the context."""
    return next((name for name, hint in _hints(function).items() if hint is ToolContext), None)


def summary(function: Callable[..., Any]) -> str:
    """The first paragraph of the docstring, in one line."""
    return " ".join((inspect.getdoc(function) or "").split("\n\n", 1)[0].split())


def parameter_descriptions(function: Callable[..., Any]) -> dict[str, str]:
    """What the docstring says of each parameter."""
    text = inspect.getdoc(function) or ""
    if "\n" not in text:
        return {}
    from griffe import Docstring, DocstringSectionParameters

    logging.getLogger("griffe").setLevel(logging.CRITICAL)  # it warns of what is missing in docstrings
    for style in ("google", "numpy", "sphinx"):
        for section in Docstring(text, lineno=1).parse(style):
            if isinstance(section, DocstringSectionParameters):
                return {each.name: " ".join(each.description.split()) for each in section.value}
    return {}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    target = function if inspect.isroutine(function) else type(function).__call__
    try:
        hints = get_type_hints(target, include_extras=True)
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise UsageError(
            f"the tool {_called(function)}: its annotations name what is not there: {error}"
        ) from None
    return {name: hint for name, hint in hints.items() if name != "return"}


def _called(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
