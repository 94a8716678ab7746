"""The paths that stand in a template, each with its line, and every mistake in it.

A text that cannot be parsed is read again `{{ }}` by `{{ }}`, so that one slip hides neither the others nor
what the rest refers to.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lead_tui.errors import TemplateError
from lead_tui.templating.environment import bare, has_template, parse, sandbox

if TYPE_CHECKING:
    from jinja2 import nodes

ROOTS = frozenset(("tasks", "inputs", "run"))
_OUTPUT = re.compile(r"\{\{(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|(?!\}\})[^'\"])*\}\}", re.DOTALL)
_OPENING = re.compile(r"\{\{|\{#")


class Path(NamedTuple):
    """`tasks['a-b'].result` is `("tasks", "a-b", "result")`; `dynamic` if a key of the run time follows."""

    text: str
    keys: tuple[Any, ...]
    dynamic: bool
    line: int
    processed: bool


class Survey(NamedTuple):
    """Every path from a root that the text does not bind itself, and every mistake, both in order."""

    paths: tuple[Path, ...] = ()
    errors: tuple[TemplateError, ...] = ()


@lru_cache(maxsize=4096)
def survey(text: str, expression: bool = False) -> Survey:
    """What the text refers to and what is wrong with it. Does not raise.

    Mistakes are bad syntax, unknown filters and tests, `tasks[...]` with a name that is only known at run
    time, and `tasks.a-b`, which is a subtraction.
    """
    if not expression and not has_template(text):
        return Survey()
    try:
        return read(bare(text) if expression else text, expression)
    except TemplateError as error:
        return Survey(errors=(error,)) if expression else _piece_by_piece(text, error)


@lru_cache(maxsize=4096)
def read(source: str, expression: bool) -> Survey:
    """As `survey`, of a source that can be parsed. Raises TemplateError for one that cannot."""
    from jinja2 import nodes

    tree = parse(source, expression)
    errors = [_unknown(node, source) for node in _unknown_names(tree)]
    hyphened = _hyphened(tree)
    errors += [_subtraction(chain, source) for chain in hyphened]
    free = _free_names(tree, source)
    plain = {id(each) for output in tree.find_all(nodes.Output) for each in output.nodes}
    skipped = {id(chain[-1]) for chain in hyphened}
    found: list[Path] = []
    pending: list[nodes.Node] = [tree]
    while pending:
        node = pending.pop()
        if id(node) in skipped:
            continue
        path = _as_path(node, id(node) not in plain or expression)
        if path is not None and path.keys[0] in free:
            found.append(path)
        pending.extend(reversed(list(_below(node, path))))
    errors += [_without_name(path, source) for path in found if path.keys[0] == "tasks" and not _named(path)]
    return Survey(tuple(found), tuple(sorted(errors, key=lambda error: error.line)))


def text_of(keys: tuple[Any, ...]) -> str:
    text = str(keys[0])
    for key in keys[1:]:
        text += f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"
    return text


def _piece_by_piece(source: str, error: TemplateError) -> Survey:
    """Each `{{ }}` alone. What a loop or `set` around it binds is not known here, so only roots count."""
    paths: list[Path] = []
    errors: list[TemplateError] = []
    first_bad = 0
    for line, piece in _outputs(source):
        try:
            found = read(piece, expression=False)
        except TemplateError as each:
            if first_bad or error.line <= line:
                errors.append(_moved(each, line))
            first_bad = first_bad or line + 1  # else it is where the parser stopped
            continue
        paths += [path._replace(line=path.line + line) for path in found.paths if path.keys[0] in ROOTS]
        errors += [_moved(each, line) for each in found.errors]
    return Survey(tuple(paths), tuple(sorted((error, *errors), key=lambda each: each.line)))


def _outputs(source: str) -> Iterator[tuple[int, str]]:
    """Each `{{ }}` with the number of lines before it."""
    at = 0
    while "{% raw" not in source and (opening := _OPENING.search(source, at)):
        if opening[0] == "{#":
            at = source.find("#}", opening.end())
            if at < 0:
                return
            continue
        match = _OUTPUT.match(source, opening.start())
        if match is None:
            return
        yield source.count("\n", 0, match.start()), match[0]
        at = match.end()


def _moved(error: TemplateError, lines: int) -> TemplateError:
    return TemplateError(str(error), source=error.source, line=error.line + lines)


def _unknown_names(tree: "nodes.Template") -> "list[nodes.Filter | nodes.Test]":
    from jinja2 import nodes

    known = sandbox()
    return [
        node
        for node in tree.find_all((nodes.Filter, nodes.Test))
        if isinstance(node, nodes.Filter | nodes.Test)
        and node.name not in (known.filters if isinstance(node, nodes.Filter) else known.tests)
    ]


def _unknown(node: "nodes.Filter | nodes.Test", source: str) -> TemplateError:
    message = f"there is no {type(node).__name__.lower()} {node.name!r}"
    return TemplateError(message, source=source, line=node.lineno)


def _any(value: object) -> object:
    """Stands for a filter or test that does not exist."""
    return value


def _free_names(tree: "nodes.Template", source: str) -> set[str]:
    """The names that the template reads and does not bind, as Jinja's own compiler sees them."""
    from jinja2 import TemplateSyntaxError, meta

    environment = sandbox()
    if unknown := _unknown_names(tree):
        environment = environment.overlay()
        environment.filters = {**environment.filters, **{node.name: _any for node in unknown}}
        environment.tests = {**environment.tests, **{node.name: _any for node in unknown}}
    compiler = meta.TrackingCodeGenerator(environment)
    try:
        compiler.visit(tree)
    except TemplateSyntaxError as error:
        raise TemplateError(error.message or "bad syntax", source=source, line=error.lineno) from None
    return compiler.undeclared_identifiers - set(environment.globals)


def _below(node: "nodes.Node", path: Path | None) -> "Iterator[nodes.Node]":
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
    return Path(text_of(whole), whole, dynamic, node.lineno, processed)


def _named(path: Path) -> bool:
    return len(path.keys) > 1 and isinstance(path.keys[1], str)


def _without_name(path: Path, source: str) -> TemplateError:
    return TemplateError(
        "tasks[...] needs the name of a task in plain text:"
        " a reference is a dependency, which must be known before the run",
        source=source,
        line=path.line,
    )


def _hyphened(tree: "nodes.Template") -> "list[list[nodes.Sub]]":
    """The subtractions of each `tasks.a-b-c`, inner first: so Jinja reads it, and it is never meant."""
    from jinja2 import nodes

    subtractions = list(tree.find_all(nodes.Sub))
    above = {id(each.left): each for each in subtractions}
    chains = []
    for each in subtractions:
        path = _as_path(each.left, processed=True) if isinstance(each.left, nodes.Getattr) else None
        if path is None or path.keys[0] != "tasks" or len(path.keys) != 2:
            continue
        chain = [each]
        while (outer := above.get(id(chain[-1]))) and _root_name(outer.right) not in (*ROOTS, None):
            chain.append(outer)
        chains.append(chain)
    return chains


def _subtraction(chain: "list[nodes.Sub]", source: str) -> TemplateError:
    first = _as_path(chain[0].left, processed=True)
    start = first.keys[1] if first else ""
    name = "-".join((start, *(_root_name(each.right) or "..." for each in chain)))
    message = f"tasks.{name} reads as a subtraction: write tasks['{name}']"
    return TemplateError(message, source=source, line=chain[0].lineno)


def _root_name(node: "nodes.Node") -> str | None:
    from jinja2 import nodes

    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None
