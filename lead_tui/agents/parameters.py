"""From a pydantic error to the failure of a call, in the words that the loader uses."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lead_tui.agents.base import failed
from lead_tui.errors import Category
from lead_tui.flow.diagnostics import Path, Problems
from lead_tui.flow.explain import explain
from lead_tui.flow.parameters import Parameters

Shape = TypeVar("Shape", bound=Parameters)


def checked(shape: type[Shape], parameters: dict[str, Any]) -> Shape:
    """The rendered parameters of a call; AgentError (validation_error) names everything that does not fit."""
    try:
        return shape.rendered(parameters)
    except ValidationError as error:
        message = f"parameters: {told(shape, error, parameters)}"
        raise failed(Category.VALIDATION, message, code="bad_parameters") from None


def told(shape: type[BaseModel], error: ValidationError, data: dict[str, Any]) -> str:
    """Everything in `data` that does not fit `shape`."""
    problems = Problems()
    located = [
        (_place(each["loc"], data, missing=each["type"] == "missing"), each)
        for each in error.errors(include_url=False)
    ]
    explain(problems, shape, located, data)
    return "; ".join(
        f"{each.message} ({each.hint})" if each.hint else each.message for each in problems.errors
    )


def _place(loc: Path, data: Any, *, missing: bool) -> Path:
    """Pydantic's location without the names of a union's members, which stand for no node of `data`."""
    place: list[str | int] = []
    for number, part in enumerate(loc, 1):
        if _is_in(data, part):
            data = data[part]
        elif not (missing and number == len(loc)):
            continue
        place.append(part)
    return tuple(place)


def _is_in(data: Any, part: str | int) -> bool:
    if isinstance(data, list | tuple):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data
