"""Templates and expressions of a flow: Jinja2, sandboxed, strict and bounded.

A string that is exactly one `{{ expression }}` keeps the type of its value; mixed text gives text. What comes
out of the scope is inserted as it is and never rendered again. Every problem is a `TemplateError`.
Jinja2 is imported with the first string that needs it.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from lead_tui.errors import TemplateError

if TYPE_CHECKING:
    from jinja2 import nodes

    from lead_tui.templating.sandbox import Sandbox

Scope = Mapping[str, Any]
MAX_SOURCE = 64 * 1024
_MARKERS = ("{{", "{%", "{#")
_UNKNOWN_NODES = ("Include", "Import", "FromImport", "Extends")


def has_template(text: str) -> bool:
    return "{" in text and any(marker in text for marker in _MARKERS)


def render(value: Any, scope: Scope) -> Any:
    """The value with every template inside replaced. Keys of maps are left as they are."""
    if isinstance(value, str):
        return _template(value)(scope) if has_template(value) else value
    if isinstance(value, Mapping):
        return {key: render(each, scope) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [render(each, scope) for each in value]
    return value


def evaluate(expression: str, scope: Scope) -> Any:
    """The value of a bare expression (`when`, `expect`); one wrapped in `{{ }}` is the same."""
    return _expression(bare(expression))(scope)


def bare(source: str) -> str:
    """An expression without the `{{ }}` that it may be wrapped in; lines keep their numbers."""
    text = source.strip()
    if not (text.startswith("{{") and text.endswith("}}")):
        return source
    skipped = source[: source.index("{{")].count("\n")
    try:
        return "\n" * skipped + _inner(text) if _is_whole(text) else source
    except TemplateError as error:
        raise TemplateError(str(error), source=source, line=error.line + skipped) from None


@cache
def sandbox() -> "Sandbox":
    from lead_tui.templating.sandbox import Sandbox

    return Sandbox()


@lru_cache(maxsize=4096)
def parse(source: str, expression: bool = False) -> "nodes.Template":
    """The syntax tree, shared: do not change it. Raises TemplateError."""
    from jinja2 import TemplateSyntaxError, nodes
    from jinja2.parser import Parser

    if len(source) > MAX_SOURCE:
        raise TemplateError(f"a template is at most {MAX_SOURCE // 1024} KiB long", source=source[:200])
    if expression and not source.strip():
        raise TemplateError("the expression is empty", source=source)
    try:
        if not expression:
            tree = sandbox().parse(source)
        else:
            parser = Parser(sandbox(), source, state="variable")
            body = parser.parse_expression()
            if not parser.stream.eos:
                line = parser.stream.current.lineno
                raise TemplateError("there is more after the end of the expression", source=source, line=line)
            tree = nodes.Template([nodes.Output([body], lineno=1)], lineno=1)
            tree.set_environment(sandbox())
    except TemplateSyntaxError as error:
        raise TemplateError(error.message or "bad syntax", source=source, line=error.lineno) from None
    except (RecursionError, ValueError, OverflowError):
        raise TemplateError(
            "the template is nested too deeply or holds too long a number", source=source
        ) from None
    for node in tree.find_all(nodes.Node):
        if type(node).__name__ in _UNKNOWN_NODES:
            raise TemplateError("a template cannot load another one", source=source, line=node.lineno)
    return tree


def _is_whole(source: str) -> bool:
    from jinja2 import nodes

    body = parse(source).body
    return (
        source.startswith("{{") and source.endswith("}}") and len(body) == 1
        and isinstance(body[0], nodes.Output) and len(body[0].nodes) == 1
        and not isinstance(body[0].nodes[0], nodes.TemplateData)
    )  # fmt: skip


def _inner(source: str) -> str:
    """Without braces and without the `-` and `+` of whitespace control."""
    inner = source[2:-2]
    return inner[inner[:1] in ("-", "+") :].removesuffix("-")


@lru_cache(maxsize=4096)
def _template(source: str) -> Callable[[Scope], Any]:
    if _is_whole(source):
        return _expression(_inner(source))
    template = _compiled(source, lambda: sandbox().from_string(source))

    def run(scope: Scope) -> str:
        from lead_tui.templating.sandbox import MAX_OUTPUT

        room, parts = MAX_OUTPUT, []
        context = template.new_context(_variables(scope))
        for part in template.root_render_func(context):
            room -= len(part)
            if room < 0:
                raise TemplateError(f"the text grows beyond {MAX_OUTPUT // 1024 // 1024} MiB", source=source)
            parts.append(part)
        return "".join(parts)

    return _guarded(source, False, run)


@lru_cache(maxsize=4096)
def _expression(source: str) -> Callable[[Scope], Any]:
    parse(source, expression=True)
    compiled = _compiled(source, lambda: sandbox().compile_expression(source, undefined_to_none=False))

    def run(scope: Scope) -> Any:
        from lead_tui.templating.sandbox import plain

        return plain(compiled(_variables(scope)))

    return _guarded(source, True, run)


def _variables(scope: Scope) -> dict[str, Any]:
    from lead_tui.templating.sandbox import Range

    return {"range": Range(), **scope}


def _compiled(source: str, compile_: Callable[[], Any]) -> Any:
    from jinja2 import TemplateSyntaxError

    try:
        return compile_()
    except TemplateSyntaxError as error:  # found while generating code: an unknown filter or test
        raise TemplateError(error.message or "bad syntax", source=source, line=error.lineno) from None
    except (RecursionError, SyntaxError, ValueError, MemoryError):
        raise TemplateError("the template is nested too deeply", source=source) from None


def _guarded(source: str, expression: bool, run: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """Every way in which an evaluation can fail becomes a TemplateError that names the missing path."""
    from jinja2 import TemplateError as JinjaError

    from lead_tui.templating.sandbox import MissingValue

    def guarded(scope: Scope) -> Any:
        try:
            return run(scope)
        except MissingValue as error:
            from lead_tui.templating.references import written_path

            path = written_path(source, expression, scope, error.looked_in, error.looked_for)
            raise TemplateError(f"{path} is undefined", source=source, path=path) from None
        except JinjaError as error:
            raise TemplateError(str(error), source=source) from None
        except RecursionError:
            raise TemplateError("the template calls itself without end", source=source) from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
            raise TemplateError(f"{type(error).__name__}: {error}", source=source) from None

    return guarded
