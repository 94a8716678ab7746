"""From a pydantic error to the failure of a call, in the words that the loader uses."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lead_tui.errors import Category, failed
from lead_tui.flow.diagnostics import Problems
from lead_tui.flow.explain import explain, node_of
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
    located = [(node_of(each, data)[0], each) for each in error.errors(include_url=False)]
    explain(problems, shape, located, data)
    return "; ".join(
        f"{each.message} ({each.hint})" if each.hint else each.message for each in problems.errors
    )
