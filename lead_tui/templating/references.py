"""What a template or expression refers to, found in its syntax tree without evaluating it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from lead_tui.errors import TemplateError
from lead_tui.templating.environment import Scope, bare, has_template, parse, sandbox

if TYPE_CHECKING:
    from jinja2 import nodes

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


class Path(NamedTuple):
    """`tasks['a-b'].result` is `("tasks", "a-b", "result")`; `dynamic` if a key of the run time follows."""

    text: str
    keys: tuple[Any, ...]
    dynamic: bool
    line: int
    processed: bool


def references(value: Any, expression: bool = False) -> References:
    """Everything that the templates in `value` (any nested plain data) refer to.

    Raises TemplateError for bad syntax, for `tasks[...]` with a name that is only known at run time, and for
    `tasks.a-b`, which is a subtraction.
    """
    if isinstance(value, str):
        return _of_text(value, expression)
    found = [each for each in map(_of_nested, _texts(value)) if each is not NOTHING]
    if not found:
        return NOTHING
    return found[0] if len(found) == 1 else _merged(found)


def saw(value: Any, scope: Scope, expression: bool = True) -> dict[str, Any]:
    """The values that the paths in `value` have in this scope; long ones shortened, missing ones left out."""
    seen: dict[str, Any] = {}
    for text in [value] if isinstance(value, str) else _texts(value):
        try:
            paths = _paths(bare(text) if expression else text, expression) if text else ()
        except TemplateError:
            continue
        for path in paths:
            keys = path.keys
            found, result = _follow(keys, scope)
            if found and callable(result):  # `result.startswith('x')` looked at `result`
                keys = keys[:-1]
                found, result = _follow(keys, scope)
            if found:
                seen[_text(keys)] = _short(result)
    return seen


def written_path(source: str, expression: bool, scope: Scope, looked_in: object, looked_for: object) -> str:
    """The path, as written, whose lookup of `looked_for` in `looked_in` failed; else the name."""
    from jinja2.utils import missing

    for path in _paths(source, expression):
        for end, key in enumerate(path.keys):
            found, container = _follow(path.keys[:end], scope)
            if not found:
                break
            if key == looked_for and (container is looked_in or (end == 0 and looked_in is missing)):
                return _text(path.keys[: end + 1])
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


def _of_nested(text: str) -> References:
    return _of_text(text, False)


def _of_text(text: str, expression: bool) -> References:
    if expression:
        return _collect(bare(text), True)
    return _collect(text, False) if has_template(text) else NOTHING


@lru_cache(maxsize=4096)
def _collect(source: str, expression: bool) -> References:
    tasks: dict[str, set[str]] = {}
    inputs, names, processed = set(), set(), set()
    _refuse_subtraction(source, expression)
    paths = _paths(source, expression)
    for path in paths:
        root, *rest = path.keys
        if root == "tasks":
            if not rest or not isinstance(rest[0], str):
                raise TemplateError(
                    "tasks[...] needs the name of a task in plain text:"
                    " a reference is a dependency, which must be known before the run",
                    source=source,
                    line=path.line,
                )
            tasks.setdefault(rest[0], set()).add(
                rest[1] if len(rest) > 1 and isinstance(rest[1], str) else WHOLE
            )
        elif root == "inputs":
            name = rest[0] if rest and isinstance(rest[0], str) else WHOLE
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


@lru_cache(maxsize=4096)
def _paths(source: str, expression: bool) -> tuple[Path, ...]:
    """Every path from a root that the template does not bind itself, the longest only, in order."""
    from jinja2 import TemplateSyntaxError, meta, nodes

    tree = parse(source, expression)
    try:
        free = meta.find_undeclared_variables(tree) - set(sandbox().globals)
    except TemplateSyntaxError as error:
        raise TemplateError(error.message or "bad syntax", source=source, line=error.lineno) from None
    plain_nodes = {id(each) for output in tree.find_all(nodes.Output) for each in output.nodes}
    found: list[Path] = []
    pending: list[nodes.Node] = [tree]
    while pending:
        node = pending.pop()
        path = _as_path(node, id(node) not in plain_nodes or expression)
        if path is not None and path.keys[0] in free:
            found.append(path)
        pending.extend(reversed(list(_below(node, path))))
    return tuple(found)


def _below(node: "nodes.Node", path: Path | None) -> Iterator["nodes.Node"]:
    """The nodes to search next: of a path only the keys that are no constants."""
    from jinja2 import nodes

    if path is None:
        yield from node.iter_child_nodes()
        return
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
            yield node.arg
        node = node.node


def _as_path(node: "nodes.Node", processed: bool) -> Path | None:
    from jinja2 import nodes

    keys: list[Any] = []
    dynamic = False
    line = node.lineno
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            keys.append(node.attr)
        elif isinstance(node.arg, nodes.Const):
            keys.append(node.arg.value)
        else:
            keys.clear()  # what stands behind a key of the run time is not part of the path
            dynamic = True
        node = node.node
    if not isinstance(node, nodes.Name) or node.ctx != "load":
        return None
    whole = (node.name, *reversed(keys))
    return Path(_text(whole), whole, dynamic, line, processed)


def _text(keys: tuple[Any, ...]) -> str:
    text = str(keys[0])
    for key in keys[1:]:
        text += f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"
    return text


def _refuse_subtraction(source: str, expression: bool) -> None:
    """`tasks.a-b` is `tasks.a - b` to Jinja, and never meant."""
    from jinja2 import nodes

    for node in parse(source, expression).find_all(nodes.Sub):
        left = node.left
        path = _as_path(left, processed=True)
        if (
            isinstance(left, nodes.Getattr)
            and path is not None
            and path.keys[0] == "tasks"
            and len(path.keys) == 2
        ):
            name = path.keys[1]
            root = node.right
            while isinstance(root, nodes.Getattr | nodes.Getitem):
                root = root.node
            rest = root.name if isinstance(root, nodes.Name) else "..."
            raise TemplateError(
                f"tasks.{name}-{rest} reads as a subtraction: write tasks['{name}-{rest}']",
                source=source,
                line=node.lineno,
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
