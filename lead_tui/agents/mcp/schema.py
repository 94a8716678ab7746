"""A schema that a server sent, and what of some data it does not take. References are never fetched.

A schema that cannot be understood takes everything: the server will say itself what it does not like.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

from jsonschema import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

MOST_PROBLEMS = 8
MOST_TEXT = 300
_OF_KEYS = frozenset(("required", "additionalProperties", "dependentRequired", "unevaluatedProperties"))


class Misfit(NamedTuple):
    """What does not fit, where (keys and indexes from the root on), and the value there.

    `of_keys`: it is about which keys there are, whatever their values.
    """

    path: tuple[str | int, ...]
    text: str
    value: Any
    of_keys: bool

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.text}" if self.path else self.text


class Schema:
    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def misfits(self, data: Any) -> list[Misfit]:
        """The first few, by place."""
        if self._validator is None:
            return []
        try:
            return list(_misfits(self._validator.iter_errors(data)))
        except Unresolvable:
            return []

    @cached_property
    def _validator(self) -> Validator | None:
        kind = validator_for(self._schema, default=Draft202012Validator)
        try:
            kind.check_schema(self._schema)
        except (SchemaError, Unresolvable):
            return None
        made: Validator = kind(self._schema, registry=Registry())
        return made


def _misfits(errors: Iterable[ValidationError]) -> Iterator[Misfit]:
    found = sorted(errors, key=lambda each: [str(part) for part in each.absolute_path])
    for error in found[:MOST_PROBLEMS]:
        text = error.message if len(error.message) <= MOST_TEXT else f"{error.message[:MOST_TEXT]}…"
        yield Misfit(tuple(error.absolute_path), text, error.instance, error.validator in _OF_KEYS)
