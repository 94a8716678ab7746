r"""The text behind the editor, to the character: its lines end at `\n` and nowhere else.

Textual's own documents also break lines at form feeds, at U+2028 and the like, and would save other text than
they have read. `yaml_document` adds what tree-sitter sees, where tree-sitter can be loaded.
"""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from textual.widgets.text_area import Document, EditResult, Location, SyntaxAwareDocument

if TYPE_CHECKING:
    from tree_sitter import Language, Query

_QUERY = """
["," "-" ":" ">" "?" "|" "[" "]" "{" "}" "---" "..." "*" "&"] @mark
[(double_quote_scalar) (single_quote_scalar) (block_scalar)] @text
[(integer_scalar) (float_scalar) (boolean_scalar) (null_scalar)] @value
[(anchor_name) (alias_name) (tag)] @anchor
(comment) @comment
(block_mapping_pair key: (_) @key)
(flow_pair key: (_) @key)
"""
_ORDER = ("mark", "text", "value", "anchor", "comment", "key")
"""What lies in what: a later one is painted over an earlier one."""

Mark = tuple[int, int, str]
"""The first column, the column behind the last, and a name of `_ORDER`."""


def yaml_document(text: str) -> "ExactDocument":
    """A document with colours if they can be had."""
    language = _language()
    return ExactDocument(text) if language is None else YamlDocument(text, language)


@cache
def _language() -> "Language | None":
    try:
        import tree_sitter_yaml
        from tree_sitter import Language

        return Language(tree_sitter_yaml.language())
    except (ImportError, OSError, ValueError):  # not there, not for this machine, of another version
        return None


class ExactDocument(Document):
    """Plain text."""

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._lines = text.split("\n")
        self._text: str | None = text

    @property
    def text(self) -> str:
        """The lines joined: once for each change, as it is asked for with every line that is drawn."""
        if self._text is None:
            self._text = "\n".join(self._lines)
        return self._text

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        (top, left), (bottom, right) = sorted((start, end))
        replaced = self.get_text_range((top, left), (bottom, right))
        before, after = self._line(top)[:left], self._line(bottom)[right:]
        inserted = (before + text).split("\n")
        place = (top + len(inserted) - 1, len(inserted[-1]))
        inserted[-1] += after
        self._lines[top : bottom + 1] = inserted
        self._text = None
        return EditResult(place, replaced)

    def _line(self, row: int) -> str:
        return self._lines[row] if row < len(self._lines) else ""

    def marks(self, row: int) -> Iterator[Mark]:
        """What to paint in a line, in this order."""
        return iter(())


class YamlDocument(SyntaxAwareDocument, ExactDocument):
    """Text that tree-sitter reads along with each change."""

    def __init__(self, text: str, language: "Language") -> None:
        super().__init__(text, language)
        self._marks = _prepared(language)

    def marks(self, row: int) -> Iterator[Mark]:
        found = self.query_syntax_tree(self._marks, (row, 0), (row + 1, 0))
        line = self[row].encode()
        for name in _ORDER:
            for node in found.get(name, ()):
                (first, start), (last, end) = node.start_point, node.end_point
                if first <= row <= last:
                    left = len(line[:start].decode(errors="ignore")) if first == row else 0
                    right = len(line[:end].decode(errors="ignore")) if last == row else len(self[row])
                    yield left, right, name


@cache
def _prepared(language: "Language") -> "Query":
    from tree_sitter import Query

    return Query(language, _QUERY)
