"""Streamed text stands still when its attempt does: all of it is shown then, and never a secret."""

import asyncio

import hypothesis.strategies as st
from hypothesis import assume, given

from lead_tui.agents.base import Gate
from lead_tui.core import commands as cmd
from lead_tui.core import events as ev
from lead_tui.runner.secrets import ConcealedStream, Concealer
from lead_tui.testing import Call, run_flow
from tests.runner.flows import ours

SECRET = "0123456789abcdef"


def shown(pieces, secret=SECRET):
    """What a stream gives of these pieces, None being a pause: one text for each pause, and the rest."""
    stream, texts = ConcealedStream(Concealer([secret])), [""]
    for piece in pieces:
        if piece is None:
            texts[-1] += stream.pause()
            texts.append("")
        else:
            texts[-1] += stream.feed(piece)
    texts[-1] += stream.flush()
    return texts


def test_a_pause_gives_what_was_held():
    """Text without a secret is not held back any longer, and is not given again."""
    assert shown(["I will ", "write.", None, "All ", None, None, "done."]) == [
        "I will write.",
        "All ",
        "",
        "done.",
    ]


def test_a_secret_that_a_pause_cuts_stays_masked():
    """Its first half and its second, however often it is cut; what stands around it does not."""
    assert shown(["key 0123456", None, "789abcdef, so"]) == ["key ***", "***, so"]
    assert shown(["key 01", None, "23456789abcdef, so"]) == ["key 01", "***, so"]
    assert shown(["key 01", None, "23", None, "456789abcdef, so"]) == ["key 01", "***", "***, so"]
    assert shown(["a 0123456789abcde", None, "f b"]) == ["a ***", "*** b"]
    assert shown(["is 0123", None, " or so"]) == ["is ***", " or so"]


@given(
    st.text("xyz ", max_size=30), st.text("xyz ", max_size=30), st.lists(st.integers(1, 80), max_size=6),
    st.data(),
)  # fmt: skip
def test_no_pause_lets_a_secret_out(before, after, cuts, data):
    """However the text comes and wherever it stands still, less than four characters of the secret are seen
    at a pause, the text around it is whole, and without a pause none is.
    """
    whole = before + SECRET + after
    places = sorted({cut for cut in cuts if cut < len(whole)})
    pauses = [data.draw(st.booleans()) for _ in places]
    pieces, start = [], 0
    for place, pause in zip(places, pauses, strict=True):
        pieces += [whole[start:place]] + ([None] if pause else [])
        start = place
    texts = shown([*pieces, whole[start:]])
    seen = "".join(texts).replace("*", "")
    rest = [char for char in seen if char in SECRET]
    assert len(rest) < 4
    assert any(pauses) or not rest
    assert "".join(char for char in seen if char not in SECRET) == before + after


@given(st.lists(st.one_of(st.none(), st.text("0123 ab", min_size=1, max_size=9)), max_size=12))
def test_what_holds_no_secret_comes_through(pieces):
    """Apart from what might have been the beginning of one at a pause."""
    text = "".join(piece or "" for piece in pieces)
    assume("0123" not in text)
    assert "".join(shown(pieces)) == text


def test_text_is_shown_before_its_attempt_waits(agent):
    """A question, a tool call and a piece that is kept each end a text: what comes after it is another."""

    async def work(call: Call) -> str:
        context = call.context
        context.conceal("a secret that is longer than all that is said")
        context.tokens("I will ")
        context.tokens("write.")
        await context.ask(Gate("may I?"))
        context.tokens("Now.")
        context.tool_called("1", "write", {})
        await context.stored()
        context.tokens("Later.")
        context.save("message")
        await context.stored()
        context.tokens("All done.")
        return "done"

    agent(work)

    async def approve(run):
        await asyncio.sleep(10)
        await run.send(cmd.Approve(gate="a"))

    story = run_flow(ours({"name": "a"}), meanwhile=approve, park_when_waiting=False)
    streamed = [note for note in story.notes if isinstance(note, ev.Tokens)]
    assert [note.text for note in streamed] == ["I will write.", "Now.", "Later.", "All done."]
    asked, called, saved = (
        story.of(kind)[0].seq for kind in (ev.ApprovalRequested, ev.ToolCalled, ev.AttemptSaved)
    )
    first, second, third, last = (note.after for note in streamed)
    assert first < asked <= second < called <= third < saved <= last
