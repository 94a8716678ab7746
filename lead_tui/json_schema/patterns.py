"""The patterns of one schema, by an engine whose time is at most the product of pattern and text.

It has neither look-around nor back-references, which cannot be had in linear time: a pattern with them is not
checked, nor is one that is too long or grows too large when it is compiled.
"""

from pydantic_core import SchemaError, SchemaValidator, core_schema

MOST_PATTERN = 1_000
MOST_TEXT = 10_000
"""Characters of a pattern, and of the text that it is held against."""


class Patterns:
    """`of_keys`: has the schema `patternProperties`?"""

    def __init__(self) -> None:
        self.of_keys = False
        self._known: dict[str, SchemaValidator | str] = {}

    def problem(self, pattern: str) -> str:
        """Why it is not checked, or nothing."""
        found = self._compiled(pattern)
        return found if isinstance(found, str) else ""

    def match(self, pattern: str, text: str) -> bool | None:
        """Does it match somewhere in the text? None if nobody knows."""
        found = self._compiled(pattern)
        return None if isinstance(found, str) else found.isinstance_python(text)

    def _compiled(self, pattern: str) -> SchemaValidator | str:
        if pattern not in self._known:
            self._known[pattern] = _compiled(pattern)
        return self._known[pattern]


def _compiled(pattern: str) -> SchemaValidator | str:
    if len(pattern) > MOST_PATTERN:
        return f"it has more than {MOST_PATTERN} characters"
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        return str(error).splitlines()[-1].strip().removeprefix("error: ").removeprefix("SchemaError: ")
