"""What a template or expression refers to, found in its syntax tree without evaluating it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from lead_tui.errors import TemplateError
from lead_tui.templating.environment import Scope, bare, has_template, sandbox
from lead_tui.templating.paths import Path, read, survey, text_of

WHOLE = "*"
_SHOWN = 200


class References(msgspec.Struct, frozen=True):
    """`tasks` maps a task's name to the attributes read (`WHOLE` for the task itself), `inputs` are names
    (`WHOLE` for all of them), `names` the other root names that no loop or `set` binds, `paths` every path as
    written. `processed` are the inputs that do not just stand there but go through a filter or operator.
    """

    tasks: dict[str, frozenset[str]] = {}
    inputs: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    processed: frozenset[str] = frozenset()


NOTHING = References()


def references(value: Any, expression: bool = False, *, despite_errors: bool = False) -> References:
    """Everything that the templates in `value` (any nested plain data) refer to.

    Raises TemplateError for what `survey` calls a mistake, unless told to read what can be read.
    """
    if isinstance(value, str):
        return _of_text(value, expression, despite_errors)
    each_text = (_of_text(text, False, despite_errors) for text in _texts(value))
    found = [each for each in each_text if each is not NOTHING]
    if not found:
        return NOTHING
    return found[0] if len(found) == 1 else _merged(found)


def saw(value: Any, scope: Scope, expression: bool = True) -> dict[str, Any]:
    """The values that the paths in `value` have in this scope; long ones shortened, missing ones left out."""
    seen: dict[str, Any] = {}
    for text in [value] if isinstance(value, str) else _texts(value):
        try:
            paths = read(bare(text) if expression else text, expression).paths if text else ()
        except TemplateError:
            continue
        for path in paths:
            keys = path.keys
            found, result = _follow(keys, scope)
            if found and callable(result):  # `result.startswith('x')` looked at `result`
                keys = keys[:-1]
                found, result = _follow(keys, scope)
            if found:
                seen[text_of(keys)] = _short(result)
    return seen


def written_path(source: str, expression: bool, scope: Scope, looked_in: object, looked_for: object) -> str:
    """The path, as written, whose lookup of `looked_for` in `looked_in` failed; else the name."""
    from jinja2.utils import missing

    for path in read(source, expression).paths:
        for end, key in enumerate(path.keys):
            found, container = _follow(path.keys[:end], scope)
            if not found:
                break
            if key == looked_for and (container is looked_in or (end == 0 and looked_in is missing)):
                return text_of(path.keys[: end + 1])
    return str(looked_for)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _of_text(text: str, expression: bool, despite_errors: bool) -> References:
    if not expression and not has_template(text):
        return NOTHING
    found = survey(text, expression)
    if found.errors and not despite_errors:
        raise found.errors[0]
    return _collected(found.paths)


@lru_cache(maxsize=4096)
def _collected(paths: tuple[Path, ...]) -> References:
    tasks: dict[str, set[str]] = {}
    inputs, names, processed = set(), set(), set()
    for path in paths:
        root, first, second = (*path.keys, None, None)[:3]
        if root == "tasks":
            if isinstance(first, str):
                tasks.setdefault(first, set()).add(second if isinstance(second, str) else WHOLE)
        elif root == "inputs":
            name = first if isinstance(first, str) else WHOLE
            inputs.add(name)
            if path.processed or name == WHOLE:
                processed.add(name)
        else:
            names.add(root)
    return References(
        tasks={name: frozenset(attributes) for name, attributes in tasks.items()},
        inputs=frozenset(inputs),
        names=frozenset(names),
        paths=tuple(dict.fromkeys(path.text for path in paths)),
        processed=frozenset(processed),
    )


def _merged(found: list[References]) -> References:
    tasks: dict[str, frozenset[str]] = {}
    for each in found:
        for name, attributes in each.tasks.items():
            tasks[name] = tasks.get(name, frozenset()) | attributes
    return References(
        tasks=tasks,
        inputs=frozenset().union(*(each.inputs for each in found)),
        names=frozenset().union(*(each.names for each in found)),
        paths=tuple(dict.fromkeys(path for each in found for path in each.paths)),
        processed=frozenset().union(*(each.processed for each in found)),
    )


def _follow(keys: tuple[Any, ...], scope: Scope) -> tuple[bool, Any]:
    from jinja2 import Undefined

    value: Any = scope
    for key in keys:
        value = sandbox().getitem(value, key)
        if isinstance(value, Undefined):
            return False, None
    return True, value


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    text = repr(value)
    if len(text) > _SHOWN:
        return text[: _SHOWN - 1] + "…"
    return value if isinstance(value, list | dict) else text
