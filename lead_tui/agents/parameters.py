"""From a pydantic error to the failure of a call, in the words that the loader uses."""

from typing import Any, TypeVar

from pydantic import ValidationError

from lead_tui.errors import Category, failed
from lead_tui.flow.explain import told
from lead_tui.flow.parameters import Parameters

Shape = TypeVar("Shape", bound=Parameters)


def checked(shape: type[Shape], parameters: dict[str, Any]) -> Shape:
    """The rendered parameters of a call; AgentError (validation_error) names everything that does not fit."""
    try:
        return shape.rendered(parameters)
    except ValidationError as error:
        message = f"parameters: {told(shape, error, parameters)}"
        raise failed(Category.VALIDATION, message, code="bad_parameters") from None
