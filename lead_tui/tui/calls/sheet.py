"""What is filled in before a call: the fields, and the action and the parameters that they make. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lead_tui.agents.ai.config import AiAgentConfig
from lead_tui.flow.models import AgentConfig
from lead_tui.tui.calls.offers import Offer
from lead_tui.tui.calls.schema_fields import TEMPLATE, fields_of
from lead_tui.tui.calls.trials import as_text, from_text
from lead_tui.tui.flows.fields import Field

ACTION, PARAMETERS, PROMPT = "action", "parameters", "prompt"


@dataclass(frozen=True, slots=True)
class LongText(Field):
    """A text of some lines."""

    @property
    def lines(self) -> int:
        return min(max((self.start or "").count("\n") + 1, 3), 6)


@dataclass(frozen=True, slots=True)
class Sheet:
    """`action` is empty where a field gives it. With `by_name` each field is a parameter."""

    fields: tuple[Field, ...]
    action: str = ""
    by_name: bool = False

    def call(self, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Action and parameters, of the values that stand in the fields; no action if there is none."""
        if self.by_name:
            return self.action, dict(values)
        parameters = dict(values.get(PARAMETERS, {}))
        if PROMPT in values:
            parameters = {PROMPT: values[PROMPT], **parameters}
        return self.action or values.get(ACTION, ""), parameters


def sheet_of(config: AgentConfig, action: str, parameters: Mapping[str, Any]) -> Sheet:
    """For an agent whose actions are a few words; a prompt has a field of its own."""
    known = tuple(sorted(config.actions)) if config.actions else ()
    choice = Field(ACTION, config.type, str, action, required=True, choices=known)
    if isinstance(config, AiAgentConfig):
        return Sheet((choice, *_question(parameters)))
    return Sheet((choice, _parameters(parameters, "YAML or JSON")))


def _question(parameters: Mapping[str, Any]) -> tuple[Field, Field]:
    """The prompt, and what goes with it but for what only other tasks know: a model can do without."""
    prompt, asked = parameters.get(PROMPT), "messages" not in parameters
    text = prompt if isinstance(prompt, str) else ""
    others = {name: value for name, value in parameters.items() if name != PROMPT}
    unknown = [name for name, value in others.items() if isinstance(value, str) and "{{" in value]
    rest = {name: value for name, value in others.items() if name not in unknown}
    note = f"without {', '.join(unknown)}: no other task runs here" if unknown else ""
    return (
        LongText(PROMPT, "text", str, text, required=asked, note=_note(text)),
        _parameters(rest, "others, as YAML or JSON", note),
    )


def sheet_of_offer(offer: Offer, parameters: Mapping[str, Any], *, as_text: bool = False) -> Sheet:
    """For one action with a schema: a form if it can be one, else, or `as_text`, all parameters in a text."""
    fields = None if as_text else fields_of(offer.schema, parameters)
    if fields is None:
        return Sheet((_parameters(parameters, "YAML or JSON"),), offer.name)
    return Sheet(tuple(fields), offer.name, by_name=True)


def _parameters(parameters: Mapping[str, Any], description: str, note: str = "") -> Field:
    text = as_text(parameters)
    return Field(PARAMETERS, "object", from_text, text, description, note=note or _note(text))


def _note(text: str) -> str:
    return TEMPLATE if "{{" in text else ""
