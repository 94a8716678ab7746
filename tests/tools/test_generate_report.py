"""`generate_report`: what data look like as Markdown and as a web page, and that they stay data."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lead_tui.errors import AgentError
from lead_tui.tools.call import call_tool
from lead_tui.tools.context import ToolContext
from lead_tui.tools.generate_report import Section, generate_report
from lead_tui.tools.registry import find_tool

RECORDS = [{"name": "a", "n": 1}, {"name": "b|c", "n": None, "more": {"x": [1, True]}}]


class Page(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def report(*sections, title="T", **settings):
    return generate_report(title, [Section.model_validate(each) for each in sections], **settings)


def markdown(*sections, title="T"):
    return report(*sections, title=title, format="markdown")["markdown"]


def test_both_or_one():
    """The result has what was asked for."""
    assert set(report()) == {"markdown", "html"}
    assert set(report(format="html")) == {"html"}
    assert set(report(format="markdown")) == {"markdown"}


def test_markdown():
    """Headings, paragraphs, a table of records with the columns of all, a map, a list."""
    text = markdown(
        {"heading": "One", "text": "First\nline.\n\nSecond."},
        {"data": RECORDS},
        {"heading": "Map", "data": {"a": 1, "b": None}},
        {"data": ["x", 2, [3]]},
        {"data": 5},
    )
    assert (
        text
        == """# T

## One

First
line.

Second.

| name | n | more |
| --- | --- | --- |
| a | 1 |  |
| b\\|c |  | {"x": \\[1, true\\]} |

## Map

|  |  |
| --- | --- |
| a | 1 |
| b |  |

- x
- 2
- \\[3\\]

- 5
"""
    )


def test_html():
    """The same as a page: a table with head and rows, lists, no script and nothing from elsewhere."""
    page = Page(
        report({"heading": "One", "text": "a\n\nb", "data": RECORDS}, {"data": {"k": "v"}}, {"data": ["x"]})[
            "html"
        ]
    )
    assert page.tags.count("table") == 2
    assert page.tags.count("th") == 3
    assert page.tags.count("p") == 2
    assert page.tags.count("li") == 1
    assert "b|c" in page.texts
    assert not {"script", "link", "img"} & set(page.tags)


def test_columns_can_be_chosen():
    """Those, in this order, also where a record has none of them."""
    text = markdown({"data": RECORDS, "columns": ["n", "zzz"]}, {"data": {"a": 1, "b": 2}, "columns": ["b"]})
    assert "| n | zzz |\n| --- | --- |\n| 1 |  |\n|  |  |" in text
    assert "| b | 2 |" in text
    assert "| a |" not in text


def test_empty_sections():
    """Nothing of a section is needed; an empty list shows nothing."""
    assert markdown({}, {"data": []}) == "# T\n"


HOSTILE = [
    "<script>alert(1)</script>", "[a](javascript:alert(1))", "![x](http://evil.example/x.png)", "`code`",
    "**b**", "# heading", "- item", "1. item", "> quote", "a\n---", "a\n===", "    code", "```\ncode",
    "| a | b |", "~~x~~", "&lt;b&gt;", "<!-- x -->", "\\*", "+ x", "a  \nb", "[^1]: note", "http://a.example",
    "$x$", ": x", "1) x", "\t code",
]  # fmt: skip
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shown(text):
    """The tokens that a reader of Markdown makes of it, and the text in them."""
    tokens = MARKDOWN.parse(text)
    inner = [each for token in tokens for each in token.children or ()]
    return {each.type for each in tokens}, {each.type for each in inner}, "".join(e.content for e in inner)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_no_markup(text):
    """In a paragraph, a heading, a cell and an item it is text, for Markdown and for a browser."""
    plain = {"inline", "paragraph_open", "paragraph_close", "heading_open", "heading_close"}
    blocks, marks, _ = shown(markdown({"text": text}, title=text))
    assert blocks <= plain
    assert marks <= {"text", "softbreak"}
    blocks, marks, content = shown(markdown({"heading": text, "data": [{text: text}]}))
    assert {each for each in blocks if not each.startswith(("t", "heading"))} == {"inline"}
    assert marks <= {"text"}
    assert content.count(" ".join(text.split())) == 3
    page = Page(
        report({"heading": text, "text": text, "data": {text: text}}, {"data": [text]}, title=text)["html"]
    )
    frame = {"html", "head", "meta", "title", "style", "body"}
    assert set(page.tags) <= frame | {"h1", "h2", "p", "table", "tbody", "tr", "td", "ul", "li"}


@given(text=st.text(alphabet="ab1.-+*_#>|`~[]()<>!&\\=:$ \n\t\x00\x1b\r\x85", max_size=30))
def test_no_text_becomes_markup(text):
    """Whatever a paragraph says, a reader of Markdown finds paragraphs of text, and no control characters."""
    source = markdown({"text": text, "data": [text]})
    blocks, marks, _ = shown(source)
    kinds = {each.removesuffix("_open").removesuffix("_close") for each in blocks}
    assert kinds <= {"inline", "paragraph", "heading", "bullet_list", "list_item"}
    assert marks <= {"text", "softbreak"}
    assert not any(ord(each) < 32 and each != "\n" for each in source)


async def test_as_a_tool():
    """Sections come as maps; an unknown key of one is told at its path."""
    tool = find_tool("generate_report")
    found = await call_tool(tool, {"title": "T", "sections": [{"data": [{"a": 1}]}]}, ToolContext())
    assert "<td>1</td>" in found["html"]
    with pytest.raises(AgentError, match=r"unknown key 'body'"):
        await call_tool(tool, {"title": "T", "sections": [{"body": 1}]}, ToolContext())


def test_text_that_turns_its_direction():
    """What makes text read as something else than it is does not come through; right-to-left words do."""
    made = report(
        {"heading": "a\u202eb", "text": "\u2066x\u200f", "data": {"\u061ck": "שלום"}}, title="t\u2028"
    )
    for text in made.values():
        assert not set("\u202e\u2066\u200f\u061c\u2028") & set(text)
        assert "שלום" in text


@pytest.mark.parametrize("data", [[{}], [{}, {}], {}])
def test_records_without_fields_make_no_table(data):
    """There is nothing to show, and no broken table."""
    assert markdown({"heading": "H", "data": data}) == "# T\n\n## H\n"
