"""The dialects of JSON Schema with every keyword bounded: `dialect` gives jsonschema's own, changed.

What searches with `re`, or compares everything with everything, has a version of ours.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import validators
from jsonschema.exceptions import ValidationError
from jsonschema.validators import Draft202012Validator, validator_for

from lead_tui.json_schema.bounds import TooMuch, step
from lead_tui.json_schema.patterns import MOST_TEXT

MOST_KEYS = 2_000
"""Keys or items that `unevaluated…` looks at: it takes the square of them."""
MOST_SHOWN = 200
MOST_NAMED = 8

_extend: Callable[..., Any] = validators.extend  # it has no types

Errors = Iterable[ValidationError]
Keyword = Callable[[Any, Any, Any, Any], Errors | None]


def dialect(schema: Mapping[str, Any]) -> Any:
    """The validator class that the schema names, else that of the latest dialect."""
    named = schema.get("$schema")
    try:
        kind = validator_for({"$schema": named if isinstance(named, str) else ""}, Draft202012Validator)
    except ValueError:  # it is no URL
        kind = Draft202012Validator
    return _bounded(kind)


@cache
def _bounded(kind: Any) -> Any:
    keywords: dict[str, Keyword] = {
        name: _timed(_OURS.get(name, keyword)) for name, keyword in kind.VALIDATORS.items()
    }
    for name in keywords.keys() & {"unevaluatedItems", "unevaluatedProperties"}:
        keywords[name] = _few(keywords[name])
    made = _extend(kind, keywords)
    made.evolve = _evolved
    return made


def _evolved(validator: Any, **changes: Any) -> Any:
    """For a schema further inside: bounded, too, whatever `$schema` it has."""
    usual = {"schema": validator.schema, "_resolver": validator._resolver}  # noqa: SLF001 - so jsonschema does
    return type(validator)(**usual | changes)


def _timed(keyword: Keyword) -> Keyword:
    def applied(validator: Any, value: Any, instance: Any, schema: Any) -> Errors | None:
        step()
        return keyword(validator, value, instance, schema)

    return applied


def _few(keyword: Keyword) -> Keyword:
    def applied(validator: Any, value: Any, instance: Any, schema: Any) -> Errors | None:
        if not isinstance(instance, dict | list):
            return None
        if len(instance) > MOST_KEYS:
            raise TooMuch(f"`unevaluated…` is not checked for more than {MOST_KEYS} keys or items")
        if isinstance(instance, dict) and step().of_keys:  # jsonschema would search with `re`
            return None
        return keyword(validator, value, instance, schema)

    return applied


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and _match(pattern, instance) is False:
        yield ValidationError(f"{instance[:MOST_SHOWN]!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, inside in patterns.items():
        for key, value in instance.items():
            if _match(pattern, key):
                yield from validator.descend(value, inside, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """What is neither named nor matched. A pattern that is not checked may match anything."""
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = [
        key for key in instance if key not in named and all(_match(each, key) is False for each in patterns)
    ]
    if isinstance(allowed, Mapping):
        for key in others:
            yield from validator.descend(instance[key], allowed, path=key)
    elif not allowed and others:
        shown = ", ".join(repr(each[:MOST_SHOWN]) for each in others[:MOST_NAMED])
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        verb = "was" if len(others) == 1 else "were"
        yield ValidationError(f"Additional properties are not allowed ({shown}{more} {verb} unexpected)")


def _unique_items(validator: Any, unique: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list) and len(set(map(_frozen, instance))) < len(instance):
        yield ValidationError(f"{str(instance[:MOST_NAMED])[:MOST_SHOWN]} has non-unique elements")


def _frozen(value: Any) -> Any:
    """The same for equal values of JSON and for no others: 1 is 1.0, and not true."""
    if isinstance(value, dict):
        return frozenset((key, _frozen(each)) for key, each in value.items())
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return (value, "bool") if isinstance(value, bool) else value


def _match(pattern: str, text: str) -> bool | None:
    """None if nobody knows: the pattern is not checked."""
    patterns = step()
    if len(text) > MOST_TEXT and not patterns.problem(pattern):
        raise TooMuch(f"a text of more than {MOST_TEXT} characters is not held against a pattern")
    return patterns.match(pattern, text)


_OURS: dict[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}
