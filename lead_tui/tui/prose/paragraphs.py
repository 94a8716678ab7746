"""Paragraphs of toned text, and how they are broken into lines of a given width. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len

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
    return [Paragraph((Span(line, tone),), indent) for line in text_lines(text)]


def text_lines(text: str) -> list[str]:
    """The lines of a text, safe and without tabs. Never empty."""
    return safe(text.replace("\r\n", "\n").expandtabs(TAB)).split("\n")


def wrap(text: str, width: int, hang: int = 0) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends: at most `width` cells, after the first `hang` fewer.

    A line breaks at a blank where one is near its end, and that blank belongs to no line. One character is
    the least: it may be wider than `width`.
    """
    start, room = 0, max(width, 1)
    while True:
        end = _reach(text, start, room)
        if end == len(text):
            yield start, end
            return
        if text[end] != " ":
            blank = text.rfind(" ", start + (end - start) // 3, end)
            end = blank if blank > start else end
        yield start, end
        start = end + (text[end] == " ")
        room = max(width - hang, 1)


def _reach(text: str, start: int, width: int) -> int:
    """The furthest end of a piece that is no wider than `width`."""
    end = min(start + width, len(text))
    while end > start + 1 and (surplus := cell_len(text[start:end]) - width) > 0:
        end = max(end - (surplus + 1) // 2, start + 1)
    return end


def cut(spans: tuple[Span, ...], start: int, end: int) -> Iterator[Span]:
    """The spans between two offsets of their joined text."""
    at = 0
    for span in spans:
        piece = span.text[max(start - at, 0) : max(end - at, 0)]
        if piece:
            yield span._replace(text=piece)
        at += len(span.text)
