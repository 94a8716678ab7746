"""Text to plain data, with the position of every node. YAML 1.2's core types; JSON is read as YAML.

The parser's events are checked one by one and nothing is built of them that is out of bounds: 1 MiB of text,
50 levels, no tags, no duplicate keys, text as keys, and aliases only while what they stand for stays small.
`on`, `yes`, `1:30` and `017` are text.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from lead_tui.errors import InvalidFlow
from lead_tui.flow.diagnostics import Diagnostic, Path, Place

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
MAX_ALIASED = 50_000
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_INDENT = re.compile(r"(?m)^[ \t]+")


@dataclass(slots=True, eq=False)
class Node:
    """A value and where it stands. `size` and `depth` count what it holds, aliases expanded."""

    line: int
    col: int
    value: Any = None
    style: str = ""  # of text: `|`, `>`, a quote, or "" for plain
    end: tuple[int, int] = (0, 0)  # line and column just behind a text
    children: dict[str | int, "Node"] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)
    size: int = 1
    depth: int = 1


class Positions:
    """Where each node of a document stands. A path is the keys and indexes that lead to it."""

    def __init__(self, root: Node, lines: list[str]) -> None:
        self._root = root
        self._lines = lines

    def find(self, path: Path, at: Literal["value", "key"] = "value", line: int = 0) -> Place:
        """Line and column from 1: of the value, or of its key; of the nearest parent if it is not there.

        `line` counts from 1 within the text that `layout` gives.
        """
        node, place = self._root, (self._root.line, self._root.col)
        for part in path:
            child = node.children.get(part)
            if child is None:
                return place
            place = node.keys.get(part, (child.line, child.col)) if at == "key" else (child.line, child.col)
            node = child
        return self._inside(node, line) or place if line else place

    def layout(self, path: Path, text: str) -> str | None:
        """`text`, which stands at `path`, with its lines as the file has them; None if that cannot be told.

        The two differ where YAML folds lines, and in spaces only.
        """
        node = self._root
        for part in path:
            if part not in node.children:
                return None
            node = node.children[part]
        if node.style == "|":  # a variable may have brought lines of its own
            same = isinstance(node.value, str) and node.value.count("\n") == text.count("\n")
            return text if same else None
        if node.end[0] <= node.line:
            return text
        written = self._written(node)
        return written if written.split() == text.split() else None

    def _written(self, node: Node) -> str:
        line, col = node.end
        lines = self._lines[node.line - 1 : line]
        if len(lines) == line - node.line + 1:  # else it ends with the file
            lines[-1] = lines[-1][: col - 1]
        if node.style == ">":
            return "\n".join(lines[1:])
        text = "\n".join(lines)[node.col - 1 :]
        return text[1:-1] if node.style else text

    def _inside(self, node: Node, line: int) -> tuple[int, int] | None:
        number = node.line + line - (node.style not in ("|", ">"))
        if number == node.line or number > min(node.end[0], len(self._lines)):
            return None
        text = self._lines[number - 1]
        return number, len(text) - len(text.lstrip()) + 1


def parse(text: str | bytes, filename: str = "") -> tuple[Any, Positions]:
    """Plain data (dict, list, str, int, float, bool, None) and positions. Raises InvalidFlow."""
    data, positions, problems = read(text, filename)
    if problems:
        raise InvalidFlow(tuple(problems))
    return data, positions


def read(text: str | bytes, filename: str = "") -> tuple[Any, Positions, list[Diagnostic]]:
    """As `parse`, but what can be read past (duplicate keys, tags) is handed over to be told later."""
    reader = _Reader(filename)
    data, positions = reader.read(text)
    return data, positions, reader.problems


class _Reader:
    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.anchors: dict[str, Node | None] = {}
        self.aliased = 0
        self.problems: list[Diagnostic] = []

    def read(self, text: str | bytes) -> tuple[Any, Positions]:
        source = self._decode(text)
        lines = source.split("\n")
        if source.lstrip().startswith("{") or self.filename.endswith(".json"):
            source = _json_as_yaml(source)
        root = self._build(self._events(source))
        return root.value, Positions(root, lines)

    def refuse(self, line: int | None, col: int | None, code: str, message: str, hint: str = "") -> NoReturn:
        last = Diagnostic(self.filename, line, col, code, message, hint)
        raise InvalidFlow((*self.problems, last))

    def note(self, event: Any, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Diagnostic(self.filename, *_at(event), code, message, hint))

    # --- text ---------------------------------------------------------------------------------------------

    def _decode(self, text: str | bytes) -> str:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if len(data) > MAX_BYTES:
            self.refuse(1, 1, "too-large", f"the document is longer than {MAX_BYTES // 1024 // 1024} MiB")
        try:
            decoded = data.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            before = data[: error.start].decode("utf-8")
            self.refuse(*_place(before), "not-utf8", "the text is not UTF-8", "save the file as UTF-8")
        if bad := _NOT_TEXT.search(decoded):
            code = f"U+{ord(bad[0]):04X}"
            self.refuse(
                *_place(decoded[: bad.start()]), "yaml-syntax", f"the character {code} is not allowed"
            )
        return decoded.replace("\r\n", "\n").replace("\r", "\n")

    def _events(self, source: str) -> Iterator[Any]:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            yield from yaml.parse(source, Loader=loader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, col = (mark.line + 1, mark.column + 1) if mark else (None, None)
            self.refuse(line, col, "yaml-syntax", _sentence(error), _syntax_hint(source, line))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            self.refuse(None, None, "yaml-syntax", f"the text cannot be read: {error}".split("\n")[0])

    # --- nodes --------------------------------------------------------------------------------------------

    def _build(self, events: Iterator[Any]) -> Node:
        from yaml import events as kinds

        root: Node | None = None
        for event in events:
            if isinstance(event, kinds.DocumentStartEvent) and root is not None:
                self.refuse(*_at(event), "several-documents", "a file holds one document", "remove the `---`")
            if isinstance(event, kinds.NodeEvent):
                root = self._node(event, events, 1)
        if root is None or root.value is None:
            self.refuse(1, 1, "empty", "the document is empty", "`leadtui init` writes an example")
        return root

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        from yaml import events as kinds

        if depth > MAX_DEPTH:
            self.refuse(*_at(event), "too-deep", f"the document is nested more than {MAX_DEPTH} levels")
        if isinstance(event, kinds.AliasEvent):
            return self._alias(event, depth)
        if event.tag is not None:
            # a password without quotes may begin with `!`: only YAML's own tags are named
            name = f"the tag {event.tag!r}" if event.tag.startswith("tag:") else "a tag"
            self.note(event, "yaml-tag", f"{name} is not allowed", "put text that begins with `!` in quotes")
        node = Node(*_at(event))
        if event.anchor is not None:
            self.anchors[event.anchor] = None  # known, but not complete: it cannot hold itself
        if isinstance(event, kinds.ScalarEvent):
            node.value = self._scalar(event)
            node.style = event.style or ""
            node.end = _place_of(event.end_mark)
        elif isinstance(event, kinds.SequenceStartEvent):
            self._fill_list(node, events, depth)
        else:
            self._fill_map(node, event, events, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, depth: int) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            if event.anchor in self.anchors:
                self.refuse(*_at(event), "bad-alias", f"the alias *{event.anchor} holds itself")
            # it may be a password without quotes
            hint = "put text that begins with `*` in quotes"
            self.refuse(*_at(event), "bad-alias", "the alias stands for nothing", hint)
        self.aliased += node.size
        if self.aliased > MAX_ALIASED:
            self.refuse(*_at(event), "alias-bomb", f"aliases expand to more than {MAX_ALIASED:,} values")
        if depth + node.depth - 1 > MAX_DEPTH:
            self.refuse(*_at(event), "too-deep", f"the document is nested more than {MAX_DEPTH} levels")
        return node

    def _fill_list(self, node: Node, events: Iterator[Any], depth: int) -> None:
        from yaml import events as kinds

        node.value = []
        for event in events:
            if isinstance(event, kinds.SequenceEndEvent):
                return
            child = self._node(event, events, depth + 1)
            node.children[len(node.value)] = child
            node.value.append(child.value)
            _grow(node, child)

    def _fill_map(self, node: Node, start: Any, events: Iterator[Any], depth: int) -> None:
        from yaml import events as kinds

        node.value = {}
        merged: list[Node] = []
        for event in events:
            if isinstance(event, kinds.MappingEndEvent):
                break
            key = self._key(event, start)
            child = self._node(next(events), events, depth + 1)
            _grow(node, child)
            if key == "<<" and not event.style:
                merged += self._merge_sources(child)
                continue
            if key in node.value:
                first = node.keys[key][0]
                self.note(event, "duplicate-key", f"the key {key!r} was given before, in line {first}")
                continue
            node.children[key], node.keys[key], node.value[key] = child, _at(event), child.value
        for source in merged:
            for name, child in source.children.items():
                if name not in node.value:
                    node.children[name], node.keys[name] = child, source.keys[name]
                    node.value[name] = child.value

    def _key(self, event: Any, start: Any) -> str:
        from yaml import events as kinds

        if not isinstance(event, kinds.ScalarEvent) or event.tag is not None:
            template = start.flow_style and isinstance(event, kinds.MappingStartEvent)
            hint = 'a template stands in quotes: "{{ ... }}"' if template else ""
            self.refuse(*_at(event), "bad-key", "a key must be plain text", hint)
        value = self._scalar(event)
        if not isinstance(value, str):
            self.note(
                event, "bad-key", f"a key must be text, not {event.value or 'null'}", "put it in quotes"
            )
            value = event.value
        if event.anchor is not None:
            self.anchors[event.anchor] = Node(*_at(event), value)
        return str(value)

    def _merge_sources(self, child: Node) -> list[Node]:
        sources = list(child.children.values()) if isinstance(child.value, list) else [child]
        for source in sources:
            if not isinstance(source.value, dict):
                self.refuse(source.line, source.col, "bad-alias", "`<<` takes a map or a list of maps")
        return sources

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if event.style:  # None or "" for plain text
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        number: int | float | None = None
        if len(text) < 400:
            if _INT.fullmatch(text):
                number = int(text)
            elif _BASED.fullmatch(text):
                number = int(text, 0)
            elif _FLOAT.fullmatch(text) and text not in ("+", "-"):
                number = float(text)
        elif _FLOAT.fullmatch(text):
            number = math.inf
        if number is None:
            return text
        if abs(number) >= 2**63 if isinstance(number, int) else not math.isfinite(number):
            self.refuse(*_at(event), "bad-value", "the number is too large", "put it in quotes if it is text")
        return number


def _at(event: Any) -> tuple[int, int]:
    return _place_of(event.start_mark)


def _place_of(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _grow(node: Node, child: Node) -> None:
    node.size += child.size
    node.depth = max(node.depth, child.depth + 1)


def _place(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _json_as_yaml(source: str) -> str:
    """Tabs that indent become spaces; a pair of surrogates, which YAML does not know, one character."""
    source = _INDENT.sub(lambda indent: " " * len(indent[0]), source)
    return _SURROGATES.sub(
        lambda pair: (
            pair[1] + f"\\U{0x10000 + ((int(pair[2], 16) & 0x3FF) << 10) + (int(pair[3], 16) & 0x3FF):08x}"
        ),
        source,
    )


def _sentence(error: Any) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part) or "bad YAML"


def _syntax_hint(source: str, line: int | None) -> str:
    lines = source.split("\n")
    if line is None or line > len(lines):
        return ""
    if "\t" in lines[line - 1]:
        return "YAML is indented with spaces, not tabs"
    if "{{" in lines[line - 1]:
        return 'a template stands in quotes: "{{ ... }}"'
    return ""
