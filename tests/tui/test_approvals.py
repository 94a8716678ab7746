"""Approvals: every open question, what it shows, its form, and how it is answered."""

from typing import Any

import pytest
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from lead_tui.agents import registry
from lead_tui.agents.base import Gate
from lead_tui.core.commands import Approve, Cancel, Reject
from lead_tui.core.events import RunWaiting
from lead_tui.errors import JournalError
from lead_tui.testing import Call, scripted
from lead_tui.tui.intents import Steer
from lead_tui.tui.screens.approvals import ApprovalsScreen
from lead_tui.tui.themes import THEMES, Palette
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.gate_list import GateList
from lead_tui.tui.widgets.result_view import ResultView
from lead_tui.tui.widgets.rows import Rows
from tests.tui.stage import Stage, ended, new_runs, started, text_of, until, until_event
from tests.tui.test_needs import ASKS


def asks(parameters: dict[str, Any], action: str = "approve", name: str = "ask") -> dict[str, Any]:
    task = {"name": name, "agent_name": "human", "action": action, "parameters": parameters}
    return {"name": f"flow-{name}", "tasks": [task]}


FORM = asks(
    {
        "message": "Where do we go?",
        "form": {
            "city": {"choices": ["Paris", "Rome"]},
            "days": {"type": "integer", "default": 3},
            "code": {"pattern": "[A-Z]+"},
        },
    },
    "input",
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lead_tui.tui.screens.looking.EVERY", 0.05)


async def asked(pilot: Pilot[Any], times: int = 1) -> None:
    await until(pilot, lambda: pilot.app.screen.query_one(GateList).count == times)


def sent(stage: Stage) -> list[Any]:
    assert all(isinstance(each, Steer) for each in stage.wanted)
    return [each.command for each in stage.wanted]


async def test_a_question_is_approved_with_y() -> None:
    """The run is steered with the gate's id, and it was said who takes the run up."""
    runs = new_runs()
    run_id = await ended(runs, asks({"message": "Roll out?", "show": {"artifact": "shop.tgz"}}))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        shown = text_of(stage)
        assert "Roll out?" in shown
        assert "shop.tgz" in shown
        assert "your answer takes it up here" in shown
        await pilot.press("y")
        await pilot.pause()
        assert sent(stage) == [Approve(gate="ask")]
        assert stage.wanted[0].run_id == run_id
        assert stage.wanted[0].done == "ask is approved"


async def test_a_question_is_rejected_with_a_reason() -> None:
    """n asks why, escape takes that back, enter rejects."""
    runs = new_runs()
    await ended(runs, asks({"message": "Roll out?"}))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        assert not stage.screen.query_one(ResultView).display
        await pilot.press("n", *"no", "escape")
        await pilot.pause()
        assert isinstance(stage.focused, GateList)
        await pilot.press("n", *"too late", "enter")
        await pilot.pause()
        assert sent(stage) == [Reject(gate="ask", why="too late")]
        assert not stage.screen.query_one("#why", Input).has_class("-asked")


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_question_whose_call_ended_with_its_process(
    idempotent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That an answer makes the call again is said before anybody answers, and the answer says it, too."""

    async def ask(call: Call) -> None:
        await call.context.ask(Gate("Roll out?"), "this")

    monkeypatch.setitem(registry._registered, "test", scripted(ask))
    runs = new_runs()
    task = {"name": "ask", "agent_name": "t", "action": "go", "idempotent": idempotent}
    await ended(runs, {"name": "flow", "agents": [{"name": "t", "type": "test"}], "tasks": [task]})
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        for words in ("an answer makes it again", "approve, and make the call again"):
            assert (words in text_of(stage)) is not idempotent
        await pilot.press("y", "n", "enter")
        await pilot.pause()
        approve, reject = sent(stage)
        assert (approve.again, reject.again) == (not idempotent, not idempotent)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES if not theme.ansi])
async def test_the_mark_of_an_answer_is_legible_under_the_cursor(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its colour stands out from the cursor's as much as small text has to (WCAG 2, 4.5 to 1)."""
    monkeypatch.setattr("lead_tui.tui.themes.DEFAULT", theme)
    runs = new_runs()
    await ended(runs, asks({"message": "Roll out?", "options": ["all", "some"]}))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        answers = stage.screen.query_one("#answers", OptionList)
        answers.focus()
        await until(pilot, lambda: answers.has_focus)
        await pilot.pause()
        marks = [
            segment.style
            for strip in answers.render_lines(Region(0, 0, 40, 1))
            for segment in strip
            if "✔" in segment.text
        ]
        assert len(marks) == 1
        style = marks[0]
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        colours = [Color.from_rich_color(each) for each in (style.color, style.bgcolor)]
        dark, light = sorted(map(luminance, colours))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: Color) -> float:
    """As WCAG 2 defines it."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


async def test_an_option_is_chosen_from_the_list() -> None:
    """With several, y only leads there; enter takes the one under the cursor, reject stands last."""
    runs = new_runs()
    await ended(runs, asks({"message": "How?", "options": ["canary", "everywhere"]}))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        await pilot.press("y")
        await pilot.pause()
        assert isinstance(stage.focused, OptionList)
        assert stage.told == ["choose one of its options"]
        await pilot.press("down", "enter")
        await pilot.pause()
        assert sent(stage) == [Approve(gate="ask", answer="everywhere")]
        await pilot.press("down", "enter", "enter")
        await pilot.pause()
        assert sent(stage)[1:] == [Reject(gate="ask")]


async def test_a_short_question_stands_together() -> None:
    """All of it is open at first; it takes the lines that it fills, and the answers stand right below."""
    runs = new_runs()
    await ended(runs, asks({"message": "Roll out?", "show": {"a": {"b": 1}, "c": 2}}))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 40)) as pilot:
        await asked(pilot)

        def between() -> list[str]:
            lines = [line.strip() for line in text_of(stage).splitlines()]
            return lines[lines.index("▾ {2 keys}") + 1 : lines.index("✔ approve")]

        await until(pilot, lambda: between() == ["▾ a:", "b: 1", "c: 2", ""])
        await pilot.press("tab", "down", "enter")
        await until(pilot, lambda: between() == ["▸ a: {1 key}  b", "c: 2", ""])
        await pilot.press("slash")
        await until(pilot, lambda: between() == ["▸ a: {1 key}  b", "c: 2", "search", ""])
        await pilot.press("escape")
        await until(pilot, lambda: len(between()) == 3)


@pytest.mark.parametrize("size", [(80, 15), (80, 24), (80, 30), (120, 24)])
async def test_the_answers_are_always_seen(size: tuple[int, int]) -> None:
    """However long the message, what it shows and its form are."""
    runs = new_runs()
    fields = {f"field{number}": {"type": "integer", "default": 3} for number in range(9)}
    message, shown = "word " * 200, {str(number): number for number in range(40)}
    await ended(runs, asks({"message": message, "show": shown, "form": fields}, "input"))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=size) as pilot:
        await asked(pilot)
        await until(pilot, lambda: "field0" in text_of(stage))
        assert "✔ approve" in text_of(stage)
        assert "✖ reject" in text_of(stage)


async def test_only_one_cursor_is_seen() -> None:
    """That of the list which has the focus."""
    runs = new_runs()
    await ended(runs, asks({"message": "Roll out?", "show": {"a": 1}}))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(120, 30)) as pilot:
        await asked(pilot)
        await until(pilot, lambda: "the whole value" in text_of(stage))
        cursor = Palette.of(stage).cursor.bgcolor

        def lit() -> list[str]:
            strips = [
                rows.render_line(y) for rows in stage.screen.query(Rows) for y in range(rows.size.height)
            ]
            return [
                strip.text.split()[1]
                for strip in strips
                if any(style is not None and style.bgcolor == cursor for _, style, _ in strip)
            ]

        assert lit() == ["ask"]
        await pilot.press("tab")
        await pilot.pause()
        assert lit() == ["{1"]


async def test_a_form_is_checked_before_it_is_sent() -> None:
    """Wrong values stay here, under their fields; right ones go out typed and complete."""
    runs = new_runs()
    await ended(runs, FORM)
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert stage.focused in [edit.editor for edit in stage.screen.query_one(Form).edits]
        await pilot.press("R", "enter", "tab", "q", "ctrl+y")
        await pilot.pause()
        assert sent(stage) == []
        assert "✖ does not match [A-Z]+" in text_of(stage)
        await pilot.press("backspace", "C", "D", "enter")
        await pilot.pause()
        assert sent(stage) == [Approve(gate="ask", values={"city": "Rome", "days": 3, "code": "CD"})]


async def test_what_only_the_gate_sees_stands_at_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the run itself has the last word."""
    runs = new_runs()
    await ended(runs, FORM)
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 40)) as pilot:
        await asked(pilot)
        monkeypatch.setattr(stage.screen.query_one(Form), "values", lambda: {"city": "Oslo", "code": "AB"})
        await pilot.press("y")
        await pilot.pause()
        assert sent(stage) == []
        assert "✖ choose one of Paris, Rome" in text_of(stage)


async def test_what_is_typed_stays_while_others_ask() -> None:
    """A new question of another run changes the list and not the form."""
    runs = new_runs()
    await ended(runs, FORM)
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 40)) as pilot:
        await asked(pilot)
        await pilot.press("enter", "R", "enter", "9")
        await ended(runs, asks({"message": "And you?"}, name="other"))
        await asked(pilot, 2)
        assert "39" in text_of(stage)
        await pilot.press("escape", "up")
        await until(pilot, lambda: "And you?" in text_of(stage))


async def test_a_question_that_somebody_else_answered_goes_with_a_word() -> None:
    """Who answered how is told; one whose run ended is not asked any more."""
    runs = new_runs()
    run = await started(runs, ASKS, park=False)
    runs.adopt(run)
    await until_event(run, RunWaiting)
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot, 2)
        assert "takes it up here" not in text_of(stage)
        await run.send(Approve(gate="one"), "bob")
        await until(pilot, lambda: stage.told)
        assert stage.told == ["one was approved by bob"]
        await run.send(Cancel(), "bob")
        await until(pilot, lambda: len(stage.told) == 2)
        assert stage.told[1] == "two is not asked any more"
        await until(pilot, lambda: "no run asks you anything" in text_of(stage))
        await pilot.press("y", "n", "enter")
        assert stage.wanted == []


async def test_an_own_answer_is_not_told_twice() -> None:
    """The app says that it was accepted; the screen for one run then closes by itself."""
    runs = new_runs()
    run_id = await ended(runs, asks({"message": "Roll out?"}))
    await ended(runs, asks({"message": "Else?"}, name="else"))
    stage = Stage(ApprovalsScreen(runs, run_id))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        await pilot.press("y")
        await pilot.pause()
        (command,) = sent(stage)
        await runs.send(run_id, command)
        await until(pilot, lambda: stage.backs == 1)
        assert stage.told == []


async def test_it_can_begin_with_one_question() -> None:
    """That of a run which another screen names."""
    runs = new_runs()
    run_id = await ended(runs, ASKS)
    stage = Stage(ApprovalsScreen(runs, run_id, "two"))
    async with stage.run_test(size=(120, 40)) as pilot:
        await asked(pilot, 2)
        await until(pilot, lambda: "sure?" in text_of(stage))
        await pilot.press("tab", "escape", "escape")
        await pilot.pause()
        assert stage.backs == 1


async def test_a_journal_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first line, in words."""
    runs = new_runs()

    def fail(**_: object) -> None:
        raise JournalError("the journal is gone")

    monkeypatch.setattr(runs.engine.journal, "runs", fail)
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "the journal is gone" in text_of(stage))


async def test_texts_of_a_gate_stay_texts() -> None:
    """Markup and controls in message, options and names of fields are shown and do nothing."""
    bad = "[bold]x[/y] [@click=app.quit]\x1b[2J"
    runs = new_runs()
    await ended(runs, asks({"message": bad, "options": [bad], "show": bad}))
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        await until(pilot, lambda: text_of(stage).count("[bold]x[/y] [@click=app.quit]␛[2J") == 3)
        assert "\x1b" not in text_of(stage)


@pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (20, 5), (1, 1)])
async def test_every_size_can_be_drawn(size: tuple[int, int]) -> None:
    """Questions with a form, with a value, and with the reason for a rejection under way."""
    runs = new_runs()
    await ended(runs, asks({"message": "Roll out?", "show": {"a": [1, 2]}}))
    await ended(runs, FORM)
    stage = Stage(ApprovalsScreen(runs))
    async with stage.run_test(size=size) as pilot:
        await asked(pilot, 2)
        await pilot.press("down", "ctrl+n")
        await pilot.pause()
        assert len(text_of(stage).splitlines()) == size[1]
