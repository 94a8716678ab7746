"""`${NAME}` and `${NAME:-default}` in the strings of a document, replaced from the environment.

What comes from the environment is a value and nothing else: never YAML, never a template. In a string that
will be rendered, a value that Jinja could read is carried as a literal of Jinja.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path as FilePath
from typing import Any, Literal, NamedTuple

from lead_tui.errors import UsageError
from lead_tui.flow.diagnostics import Path, Problems
from lead_tui.flow.plain import is_unicode

Kind = Literal["text", "template", "expression"]
_VARIABLE = re.compile(r"\$?\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^{}]|\{[^{}]*\})*))?\})?")
_SPECIAL = re.compile(r"[{}%#\r]")  # Jinja makes \r a \n in text
_OPENING = re.compile(r"\{\{|\{%|\{#|\$?\$\{")
_IN_CODE = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|%\}|\$?\$\{|[(\[{}\])]", re.DOTALL)
_PLAIN_CHARACTER = re.compile(r"[^A-Za-z0-9 _.,:;/@+=-]", re.ASCII)


class Use(NamedTuple):
    """A variable that a string uses, with the value that it has."""

    path: Path
    name: str
    value: str
    is_set: bool


def environment_for(
    folder: FilePath, env_file: FilePath | None = None, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The variables of `.env` (or `env_file`) with the process's over them."""
    file = env_file or folder / ".env"
    if env_file is None and not file.is_file():
        return dict(base)
    return read_env_file(file) | dict(base)


def read_env_file(path: FilePath) -> dict[str, str]:
    """Lines of `NAME=value`, quotes and `export` allowed. Raises UsageError if it cannot be read."""
    from dotenv import dotenv_values

    if not path.is_file():
        raise UsageError(f"the environment file {path} does not exist")
    try:
        found = dotenv_values(path, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the environment file {path} cannot be read: {error}") from None
    return {name: value for name, value in found.items() if value is not None}


class Substitution:
    """Replaces variables in a document; `uses` lists each one used, problems go to `problems`."""

    def __init__(self, environment: Mapping[str, str], problems: Problems) -> None:
        self._environment = environment
        self._problems = problems
        self.uses: list[Use] = []

    def apply(self, value: Any, path: Path = ()) -> Any:
        if isinstance(value, str):
            return self._text(value, path) if "${" in value else value
        if isinstance(value, dict):
            return {key: self.apply(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self.apply(each, (*path, index)) for index, each in enumerate(value)]
        return value

    def _text(self, text: str, path: Path) -> str:
        kind = kind_of(path)
        if kind == "text":
            return _VARIABLE.sub(lambda match: self._value(match, path), text)
        return _Weaver(text, lambda match: self._value(match, path), code=kind == "expression").weave()

    def _value(self, match: re.Match[str], path: Path) -> str:
        whole, name, default = match[0], match[1], match[2]
        if whole.startswith("$$"):
            return whole[1:]
        if name is None:  # another form of the shell
            return whole
        value = self._environment.get(name)
        if value is not None and not is_unicode(value):
            self._problems.unknown(path, "bad-variable", f"the variable {name} is not UTF-8 text")
            value = ""
        is_set = value is not None and (value != "" or default is None)
        if not is_set and default is None:
            self._problems.unknown(
                path, "missing-variable", f"the variable {name} is not set",
                f"set it in the environment or in .env, or write ${{{name}:-default}}",
            )  # fmt: skip
        found = value if is_set and value is not None else default or ""
        self.uses.append(Use(path, name, found, is_set))
        return found


class _Weaver:
    """Puts values into the source of a template so that Jinja reads each as the text it is.

    It walks the source as Jinja's lexer does: text, or code with its string literals and balanced brackets.
    """

    def __init__(self, source: str, value_of: Callable[[re.Match[str]], str], code: bool) -> None:
        self.source = source
        self.value_of = value_of
        self.code = code
        self.bare = code
        self.open = 0  # brackets of the code that are not closed yet
        self.at = 0
        self.text = ""  # text before `at` that may still belong to what follows
        self.done: list[str] = []

    def weave(self) -> str:
        while found := (_IN_CODE if self.code else _OPENING).search(self.source, self.at):
            self.text += self.source[self.at : found.start()]
            self.at = found.end()
            if found[0].endswith("${"):
                self._variable(found.start())
            elif self.code:
                self._code(found)
            else:
                self._opening(found[0])
        return "".join(self.done) + self.text + self.source[self.at :]

    def _variable(self, start: int) -> None:
        match = _VARIABLE.match(self.source, start)
        if match is None or match[1] is None:  # another form of the shell: only its `$` is settled
            self.text += "$"
            self.at = self.source.index("{", start)
            return
        self.at = match.end()
        value = self.value_of(match)
        if self.code:
            self.text += _literal(value)
        elif match[0].startswith("$$") or self._is_harmless(value):
            self.text += value
        else:
            kept = self.text.rstrip("{")  # a brace before would join those of the literal
            self.done.append(kept + "{{ " + _literal(self.text[len(kept) :] + value) + " }}")
            self.text = ""

    def _is_harmless(self, value: str) -> bool:
        """Can it stand in the text as it is? An empty one must not bring two braces together."""
        return not (_SPECIAL.search(value) if value else self.text.endswith("{"))

    def _opening(self, mark: str) -> None:
        self.text += mark
        if mark == "{#":
            closed = self.source.find("#}", self.at)
            end = len(self.source) if closed < 0 else closed
            self.text += self.source[self.at : end]
            self.at = end
        else:
            self.code, self.open = True, 0

    def _code(self, found: re.Match[str]) -> None:
        mark = found[0]
        if mark[0] in "'\"":
            mark = _VARIABLE.sub(lambda match: _escaped(self.value_of(match)), mark)
        elif mark in "([{":
            self.open += 1
        elif self.open and mark in ")]}":
            self.open -= 1
        elif not self.bare and (mark == "%}" or self.source.startswith("}}", found.start())):
            self.code = False
            mark = self.source[found.start() : found.start() + 2]
            self.at = found.start() + 2
        self.text += mark


def kind_of(path: Path) -> Kind:
    """How the string at this path is read when the flow runs."""
    if path[:1] == ("outputs",):
        return "template"
    if path[:1] in (("tasks",), ("finally",)) and len(path) > 2:
        if path[2] in ("parameters", "output"):
            return "template"
        if path[2] in ("when", "expect"):
            return "expression"
    return "text"


def _literal(value: str) -> str:
    return f'"{_escaped(value)}"'


def _escaped(value: str) -> str:
    return _PLAIN_CHARACTER.sub(lambda character: f"\\U{ord(character[0]):08x}", value)


def holds_variable(text: str) -> bool:
    """Does a variable stand in the text, so that it is no literal?"""
    return any(match[1] and not match[0].startswith("$$") for match in _VARIABLE.finditer(text))


def mask_defaults(text: str) -> str:
    """`${NAME:-default}` with the default hidden."""

    def hide(match: re.Match[str]) -> str:
        hidden = match[2] and not match[0].startswith("$$")
        return f"${{{match[1]}:-***}}" if hidden else match[0]

    return _VARIABLE.sub(hide, text)
