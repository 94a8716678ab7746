"""One schema: made once, which tells whether it is one, and asked for the faults of values."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from jsonschema.exceptions import UnknownType, ValidationError
from referencing import Registry, Resource, Specification
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

from lead_tui.json_schema.bounds import TooMuch, bounded, step
from lead_tui.json_schema.keywords import dialect
from lead_tui.json_schema.patterns import Patterns

MOST_FAULTS = 8
MOST_TEXT = 500
"""Faults that are told, and characters of each."""
MOST_SEEN = 1_000
"""Faults among which those are chosen."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_OF_KEYS = frozenset(("required", "additionalProperties", "dependentRequired", "unevaluatedProperties"))


class BadSchema(ValueError):
    """It is no JSON Schema, or refers to what is not there. The message says what and where."""


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

    @property
    def json_path(self) -> str:
        return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)


class Schema:
    """BadSchema if it is none. `unchecked`: what of it is not checked, a sentence each.

    Takes up to `bounds.SECONDS` to make and as long for each check: who has other things to do meanwhile
    makes and asks it in a thread.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.unchecked: list[str] = []
        self._patterns = Patterns()
        self._kind = dialect(schema)
        self._specification: Specification[Any] = specification_with(
            str(self._kind.META_SCHEMA.get("$schema", "")), default=DRAFT202012
        )
        with bounded(self._patterns), _refused():
            self._hold_against_meta_schema(schema)
            self._validator = self._applied(schema)
            self._look_through(self._specification.create_resource(schema), self._validator)

    def faults(self, value: Any) -> list[str]:
        """What of the value does not fit, the outermost first, each with its JSON path; empty if it fits."""
        return [f"{each.json_path}: {each.text}" for each in self.misfits(value)]

    def misfits(self, value: Any) -> list[Misfit]:
        """As `faults`, with the values."""
        try:
            with bounded(self._patterns):
                found = list(islice(self._validator.iter_errors(value), MOST_SEEN))
        except TooMuch as error:
            return [_given_up(value, str(error))]
        except RecursionError:
            return [_given_up(value, "it, or its schema, is nested too deeply")]
        except (ArithmeticError, UnknownType, Unresolvable, ValueError) as error:
            return [_given_up(value, f"{type(error).__name__}: {error}")]
        found.sort(key=lambda each: (len(each.absolute_path), [str(part) for part in each.absolute_path]))
        return [_misfit(each) for each in found[:MOST_FAULTS]]

    def _hold_against_meta_schema(self, schema: Any) -> None:
        for error in self._applied(self._kind.META_SCHEMA).iter_errors(schema):
            raise BadSchema(f"it is no JSON Schema: {error.json_path}: {error.message[:MOST_TEXT]}")

    def _applied(self, schema: Any) -> Any:
        return self._kind(schema, registry=Registry())  # jsonschema adds the published ones

    def _look_through(self, root: Resource[Any], validator: Any) -> None:
        """Follow every reference to its end, and note what cannot be checked."""
        resolver = validator._resolver  # noqa: SLF001 - it offers no other way
        queue, seen, leaves_out = [(resolver, root)], set[int](), False
        while queue:
            resolver, resource = queue.pop()
            contents = resource.contents
            if not isinstance(contents, Mapping) or id(contents) in seen:
                continue
            step()
            seen.add(id(contents))
            self._note_patterns(contents)
            leaves_out = leaves_out or "unevaluatedProperties" in contents
            resolver = resolver.in_subresource(resource)
            queue += [
                self._followed(resolver, name, contents[name])
                for name in _REFERENCES
                if name in contents and name in self._kind.VALIDATORS
            ]
            queue += [(resolver, each) for each in resource.subresources()]
        if leaves_out and self._patterns.of_keys:
            self.unchecked.append("unevaluatedProperties is not checked beside patternProperties")

    def _note_patterns(self, contents: Mapping[str, Any]) -> None:
        of_keys = contents.get("patternProperties") or {}
        self._patterns.of_keys = self._patterns.of_keys or bool(of_keys)
        for pattern in (contents.get("pattern"), *of_keys):
            if isinstance(pattern, str) and (problem := self._patterns.problem(pattern)):
                self.unchecked.append(f"the pattern {pattern[:100]!r} is not checked: {problem}")

    def _followed(self, resolver: Any, name: str, reference: object) -> tuple[Any, Resource[Any]]:
        if not isinstance(reference, str):
            raise BadSchema(f"its {name} is no text")
        shown = f"its {name} {reference[:MOST_TEXT]!r}"
        try:
            found = resolver.lookup(reference)
        except (Unresolvable, ValueError, LookupError, TypeError):
            raise BadSchema(f"{shown} leads to nothing in it, and nothing is fetched") from None
        if not isinstance(found.contents, Mapping | bool):
            raise BadSchema(f"{shown} leads to what is no schema")
        self._hold_against_meta_schema(found.contents)  # it may lie where no schema is expected
        return found.resolver, self._specification.create_resource(found.contents)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except TooMuch as error:
        raise BadSchema(f"it cannot be used: {error}") from None
    except RecursionError:
        raise BadSchema("it cannot be used: it is nested too deeply") from None
    except BadSchema:
        raise
    except (ValueError, TypeError, Unresolvable) as error:  # of an `$id` that is no address, and the like
        raise BadSchema(f"it cannot be used: {str(error)[:MOST_TEXT]}") from None


def _misfit(error: ValidationError) -> Misfit:
    text = error.message if len(error.message) <= MOST_TEXT else f"{error.message[:MOST_TEXT]}…"
    return Misfit(tuple(error.absolute_path), text, error.instance, error.validator in _OF_KEYS)


def _given_up(value: Any, why: str) -> Misfit:
    return Misfit((), f"it cannot be checked against its schema: {why[:MOST_TEXT]}", value, of_keys=False)
