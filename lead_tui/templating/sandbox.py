"""The Jinja2 environment in which templates run: plain data in, plain data out, bounded.

Beyond Jinja's own immutable sandbox:
- a mapping gives its keys and nothing else, so `result.items` is the key `items`;
- text has a short list of methods, numbers have none;
- whatever makes a big value of a small one (`*`, `**`, `%`, `~`, widths, `replace`, `range`) is bounded.

This module imports jinja2; `environment.py` loads it with the first real template.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial, wraps
from typing import Any

from jinja2 import StrictUndefined, Undefined, UndefinedError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

MAX_OUTPUT = 10 * 1024 * 1024
MAX_NUMBER = 100_000
_MAX_BITS = 4096
_WIDE_FORMAT = re.compile(r"\d{5,}|%[^a-zA-Z%]*\*")
_TEXT_METHODS = frozenset((
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdecimal",
    "isdigit", "islower", "isnumeric", "isspace", "isupper", "lower", "lstrip", "partition", "removeprefix",
    "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
    "strip", "swapcase", "title", "upper",
))  # fmt: skip
_NO_FILTERS = ("attr", "random", "pprint", "xmlattr", "urlize", "forceescape")
_WIDTH_FILTERS = ("center", "indent", "batch", "slice", "round", "tojson")


class MissingValue(UndefinedError):
    """An undefined value was used; `looked_in` and `looked_for` say which."""

    def __init__(self, message: str, looked_in: object, looked_for: object) -> None:
        super().__init__(message)
        self.looked_in = looked_in
        self.looked_for = looked_for


class _Missing(StrictUndefined):
    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> None:
        if exc is UndefinedError:
            exc = partial(MissingValue, looked_in=obj, looked_for=name)
        super().__init__(hint, obj, name, exc)


class _Generator(CodeGenerator):
    """`a ~ b` goes through the environment like the operators do."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - the name is Jinja's
        self.write("environment.concatenate((")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")


class Sandbox(ImmutableSandboxedEnvironment):
    code_generator_class = _Generator
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self) -> None:
        super().__init__(undefined=_Missing, keep_trailing_newline=True, autoescape=False)
        for name in _NO_FILTERS:
            del self.filters[name]
        self.filters.update(tojson=_tojson, fromjson=json.loads, replace=_replace, join=_join, format=_format)
        for name in _WIDTH_FILTERS:
            self.filters[name] = _narrow(self.filters[name])
        for name in ("lipsum", "cycler", "joiner"):
            del self.globals[name]

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._look_up(obj, attribute, super().getattr)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._look_up(obj, argument, super().getitem)

    def _look_up(self, obj: Any, key: Any, otherwise: Callable[[Any, Any], Any]) -> Any:
        if isinstance(obj, Mapping):
            try:
                return obj[key]
            except (KeyError, TypeError):
                return self.undefined(obj=obj, name=key)
        if isinstance(obj, str) and isinstance(key, str):
            return self._text_method(obj, key)
        if isinstance(obj, int | float):
            return self.undefined(obj=obj, name=key)
        return otherwise(obj, key)

    def _text_method(self, text: str, name: str) -> Any:
        if name in _TEXT_METHODS:
            return getattr(text, name)
        if name == "replace":
            return partial(_replace, text)
        if name == "join":
            return lambda items: _join(items, text)
        return self.undefined(obj=text, name=name)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            _check_size(_length(left) + _length(right))
        elif operator == "*":
            _check_product(left, right)
        elif operator == "**":
            _check_power(left, right)
        elif isinstance(left, str):
            _check_format(left)
        return super().call_binop(context, operator, left, right)

    def concatenate(self, parts: tuple[Any, ...]) -> str:
        texts = [str(part) for part in parts]
        _check_size(sum(map(len, texts)))
        return "".join(texts)


class Range:
    """`range` with one budget for all the calls of one evaluation."""

    def __init__(self) -> None:
        self.left = MAX_NUMBER

    def __call__(self, *bounds: int) -> range:
        numbers = range(*bounds)
        if bounds and max(map(abs, bounds)) > 2**31:
            raise SecurityError(f"range goes beyond {MAX_NUMBER:,} steps")
        self.left -= len(numbers)
        if self.left < 0:
            raise SecurityError(f"range goes beyond {MAX_NUMBER:,} steps")
        return numbers


def plain(value: Any) -> Any:
    """A copy in plain data: what JSON can hold. Raises for undefined parts and for more than MAX_OUTPUT."""
    room = MAX_OUTPUT

    def copy(value: Any) -> Any:
        nonlocal room
        room -= 1 + (len(value) if isinstance(value, str) else 0)
        if room < 0:
            _check_size(MAX_OUTPUT + 1)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Undefined):
            return str(value)  # raises: it is strict
        if isinstance(value, str):
            return str(value)
        if isinstance(value, Mapping):
            return {str(key): copy(each) for key, each in value.items()}
        if isinstance(value, Iterable):
            return [copy(each) for each in value]
        if callable(value):
            raise SecurityError("the value is a function: call it, or use a filter")
        return str(value)

    return copy(value)


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _check_size(size: int) -> None:
    if size > MAX_OUTPUT:
        raise SecurityError(f"the value grows beyond {MAX_OUTPUT // 1024 // 1024} MiB")


def _check_product(left: object, right: object) -> None:
    for many, times in ((left, right), (right, left)):
        if isinstance(times, int):
            _check_size(_length(many) * times)
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())


def _check_power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * abs(right))


def _check_bits(bits: int) -> None:
    if bits > _MAX_BITS:
        raise SecurityError(f"the number grows beyond {_MAX_BITS} bits")


def _check_format(text: str) -> None:
    if _WIDE_FORMAT.search(text):
        raise SecurityError("the format asks for too wide a text")


def _format(text: str, *values: Any, **named: Any) -> str:
    _check_format(text)
    return text % (named or values)


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    text, old, new = str(text), str(old), str(new)
    _check_size(len(text) + text.count(old) * len(new))
    return text.replace(old, new, -1 if count is None else count)


def _join(items: Iterable[Any], separator: str = "", attribute: Any = None) -> str:
    if attribute is not None:
        items = [_dig(item, str(attribute).split(".")) for item in items]
    texts = [str(item) for item in items]
    _check_size(sum(map(len, texts)) + len(texts) * len(separator))
    return separator.join(texts)


def _dig(item: Any, keys: list[str]) -> Any:
    for key in keys:
        item = item[int(key)] if key.isdigit() and isinstance(item, list) else item[key]
    return item


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(plain(value), ensure_ascii=False, indent=indent)


def _narrow(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The same filter, refusing widths and counts that only serve to fill the memory."""

    @wraps(filter_)  # keeps the marks of filters that want the environment
    def narrow(*values: Any, **named: Any) -> Any:
        for number in (*values[1:], *named.values()):
            if isinstance(number, int) and abs(number) > MAX_NUMBER:
                raise SecurityError(f"{number} is too wide")
        return filter_(*values, **named)

    return narrow
