"""The shape of a task's `parameters`: a strict model in which any value may still be a template.

An agent type gives one from `AgentConfig.parameters_model`. The loader validates what was written; the agent
validates again what was rendered, with `rendered`, and then a template is no way round a type any more.
"""

from typing import Annotated, Any, Self, TypeVar

from pydantic import BeforeValidator, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from lead_tui.flow.models import Model

_RENDERED = {"rendered": True}

T = TypeVar("T")


def _or_template(value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    if isinstance(value, str) and ("{{" in value or "{%" in value) and info.context != _RENDERED:
        return value
    return validate(value)


def _not_built(value: object) -> object:
    raise PydanticCustomError("not_built", "this key is not built yet")


Templated = Annotated[T, WrapValidator(_or_template)]
NotBuilt = SkipJsonSchema[Annotated[None, BeforeValidator(_not_built)]]


class Parameters(Model):
    @classmethod
    def rendered(cls, parameters: dict[str, Any]) -> Self:
        """Raises pydantic's ValidationError."""
        return cls.model_validate(parameters, context=_RENDERED)
