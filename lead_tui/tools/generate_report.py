"""`generate_report`: a report from data, as Markdown and as a web page. All that it is given is text to it,
never markup.
"""

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from lead_tui.flow.models import Model
from lead_tui.tools.tool import tool

if TYPE_CHECKING:
    from jinja2 import Template

_ACTIVE = re.compile(r"([\\`*_\[\]<>|#~&!$])")
_AT_START = re.compile(r"^(\d*)([-+=:.)])", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Also what turns the direction of text, so that it reads as something else than it is."""


class Section(Model):
    heading: str = ""
    text: str = Field("", description="Paragraphs, with an empty line between them.")
    data: Any = Field(None, description="Records make a table, a map a table of two columns, a list a list.")
    columns: tuple[str, ...] = Field((), description="The fields of the records to show, in this order.")


@tool(category="text", idempotent=True)
def generate_report(
    title: str,
    sections: list[Section],
    format: Literal["markdown", "html", "both"] = "both",  # noqa: A002 - the word that callers write
) -> dict[str, str]:
    """Make a report of headings, paragraphs and tables, as Markdown, as a web page or both.

    Args:
        title: What stands above it.
        sections: What it says, from top to bottom.
        format: Which of `markdown` and `html` the result has.

    """
    title, prepared = _line(title), [_prepared(each) for each in sections]
    found = {}
    if format != "html":
        found["markdown"] = _markdown(title, prepared)
    if format != "markdown":
        found["html"] = _page().render(title=title, sections=prepared)
    return found


def _prepared(section: Section) -> dict[str, Any]:
    """Heading, paragraphs, and either the `head` and `rows` of a table or the `entries` of a list."""
    text = _clean(section.text)
    paragraphs = [each.strip() for each in re.split(r"\n\s*\n", text) if each.strip()]
    return {
        "heading": _line(section.heading),
        "paragraphs": paragraphs,
        **_table(section.data, section.columns),
    }


def _table(data: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    if data is None:
        return {}
    if isinstance(data, dict):
        head = list(columns) or list(data)
        if not head:
            return {}
        return {"head": ["", ""], "rows": [[_line(name), _cell(data.get(name))] for name in head]}
    if isinstance(data, list) and data and all(isinstance(each, dict) for each in data):
        head = list(columns) or list(dict.fromkeys(name for record in data for name in record))
        if not head:
            return {}
        shown = [_line(name) for name in head]
        return {"head": shown, "rows": [[_cell(record.get(name)) for name in head] for record in data]}
    return {"entries": [_cell(each) for each in (data if isinstance(data, list) else [data])]}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return _line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _line(text: str) -> str:
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    """Without control characters: no reader shows them, and a terminal would obey some."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


def _markdown(title: str, sections: list[dict[str, Any]]) -> str:
    blocks = [f"# {_inline(title)}"]
    for section in sections:
        if section["heading"]:
            blocks.append(f"## {_inline(section['heading'])}")
        blocks += [_inline(each) for each in section["paragraphs"]]
        if "rows" in section:
            blocks.append("\n".join(_row(each) for each in _with_rule(section["head"], section["rows"])))
        if section.get("entries"):
            blocks.append("\n".join(f"- {_inline(each)}" for each in section["entries"]))
    return "\n\n".join(blocks) + "\n"


def _with_rule(head: list[str], rows: list[list[str]]) -> list[list[str] | int]:
    return [head, len(head), *rows]


def _row(cells: list[str] | int) -> str:
    texts = ["---"] * cells if isinstance(cells, int) else [_inline(_line(each)) for each in cells]
    return f"| {' | '.join(texts)} |"


def _inline(text: str) -> str:
    """A backslash before what Markdown would read as markup, and no line that begins with spaces."""
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return _AT_START.sub(r"\1\\\2", _ACTIVE.sub(r"\\\1", lines))


@cache
def _page() -> "Template":
    from jinja2 import Environment

    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_PAGE)


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid #8886; padding: .25rem .6rem; text-align: left; vertical-align: top; }
p { white-space: pre-line; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% for section in sections %}
{% if section.heading %}
<h2>{{ section.heading }}</h2>
{% endif %}
{% for paragraph in section.paragraphs %}
<p>{{ paragraph }}</p>
{% endfor %}
{% if section["rows"] is defined %}
<table>
{% if section["head"] | join %}
<thead><tr>{% for each in section["head"] %}<th>{{ each }}</th>{% endfor %}</tr></thead>
{% endif %}
<tbody>
{% for row in section["rows"] %}
<tr>{% for each in row %}<td>{{ each }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
{% endif %}
{% if section["entries"] is defined %}
<ul>
{% for each in section["entries"] %}
<li>{{ each }}</li>
{% endfor %}
</ul>
{% endif %}
{% endfor %}
</body>
</html>
"""
