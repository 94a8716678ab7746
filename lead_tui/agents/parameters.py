"""From a pydantic error to the failure of a call."""

from typing import Any, TypeVar

from pydantic import ValidationError

from lead_tui.agents.base import failed
from lead_tui.errors import Category
from lead_tui.flow.parameters import Parameters

Shape = TypeVar("Shape", bound=Parameters)


def checked(shape: type[Shape], parameters: dict[str, Any]) -> Shape:
    """The rendered parameters of a call; AgentError (validation_error) names everything that does not fit."""
    try:
        return shape.rendered(parameters)
    except ValidationError as error:
        raise failed(Category.VALIDATION, _told(error), code="bad_parameters") from None


def _told(error: ValidationError) -> str:
    return "; ".join(
        f"parameter {'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)
    )
