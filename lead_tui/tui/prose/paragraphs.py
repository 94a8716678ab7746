"""Paragraphs of toned text. Pure; lines.py breaks them into lines of a width."""

from collections.abc import Iterator
from typing import NamedTuple

from lead_tui.text.safe import safe
from lead_tui.tui.look import Tone

TAB = 4


class Span(NamedTuple):
    """A piece of text; it holds no line break."""

    text: str
    tone: Tone = "text"
    bold: bool = False


class Paragraph(NamedTuple):
    """`indent` is cells before each line, `hang` further ones before all but the first.

    `target` names what enter opens, empty if nothing.
    """

    spans: tuple[Span, ...] = ()
    indent: int = 0
    hang: int = 0
    target: str = ""


def plain(text: str, tone: Tone = "text", *, indent: int = 0) -> list[Paragraph]:
    """A text from outside, a paragraph for each of its lines."""
    return [*paragraphs(text, tone, indent=indent)]


def paragraphs(text: str, tone: Tone = "text", *, indent: int = 0) -> Iterator[Paragraph]:
    """The same one by one: of a long text no more is looked at than is wanted."""
    return (Paragraph((Span(line, tone),), indent) for line in text_lines(text))


def text_lines(text: str) -> Iterator[str]:
    """The lines of a text, safe and without tabs. There is at least one."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield safe(text[start:end].removesuffix("\r").expandtabs(TAB))
        start = end + 1
    yield safe(text[start:].expandtabs(TAB))


def cut(spans: tuple[Span, ...], start: int, end: int) -> Iterator[Span]:
    """The spans between two offsets of their joined text."""
    at = 0
    for span in spans:
        piece = span.text[max(start - at, 0) : max(end - at, 0)]
        if piece:
            yield span._replace(text=piece)
        at += len(span.text)
