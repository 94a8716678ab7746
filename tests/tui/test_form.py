"""Forms from typed fields: what fields begin with, what a text means, how a form is filled in by keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Input, TextArea

from lead_tui.flow.inputs import check_value
from lead_tui.flow.models import InputSpec
from lead_tui.tui.flows.fields import LEFT_OUT, Field, of_form, of_inputs, text_of, value_of
from lead_tui.tui.widgets.form import Form
from lead_tui.tui.widgets.pick import Pick
from tests.tui.stage import Stage, until
from tests.tui.stage import text_of as shown

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)
VALUES = st.one_of(
    st.tuples(st.just("string"), st.text(st.characters(codec="utf-8"), min_size=1)),
    st.tuples(st.just("integer"), st.integers()),
    st.tuples(st.just("number"), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(st.just("list"), st.lists(PLAIN, max_size=4)),
    st.tuples(st.just("object"), st.dictionaries(st.text(st.characters(codec="utf-8")), PLAIN, max_size=4)),
)


def field(spec: dict[str, Any], last: dict[str, Any] | None = None) -> Field:
    (only,) = of_inputs({"x": InputSpec.model_validate(spec)}, last)
    return only


@given(VALUES)
def test_a_value_stands_in_a_field_as_a_text_that_means_it(kinded: tuple[str, Any]) -> None:
    """Whatever the type: what is prefilled and handed in untouched is the same value."""
    kind, value = kinded
    spec = InputSpec.model_validate({"type": kind, "default": value})
    (made,) = of_inputs({"x": spec})
    assert value_of(made, made.start) == value
    check_value(spec, value_of(made, made.start))
    assert text_of(None, kind) == ""


def test_an_empty_field_is_left_out_or_missed() -> None:
    """Required: a problem; with a default: left out, but a cleared text that had one is an empty text."""
    with pytest.raises(ValueError, match="a value is needed"):
        value_of(field({"type": "integer"}), "")
    with pytest.raises(ValueError, match="a value is needed"):
        value_of(field({"type": "boolean"}), None)
    assert value_of(field({"type": "integer", "default": 3}), "") is LEFT_OUT
    assert value_of(field({"type": "string", "required": False}), "") is LEFT_OUT
    assert value_of(field({"type": "string", "default": "Paris"}), "") == ""


@pytest.mark.parametrize(
    ("spec", "text", "why"),
    [
        ({"type": "integer"}, "3.5", "a whole number"),
        ({"type": "number"}, "many", "a number"),
        ({"type": "list"}, "{}", "a list"),
        ({"type": "object"}, "[1", "a map"),
        ({"type": "string", "choices": ["a", "b"]}, "c", "one of a, b"),
    ],
)
def test_a_wrong_text_is_told(spec: dict[str, Any], text: str, why: str) -> None:
    """In the words of the check that the run makes."""
    with pytest.raises(ValueError, match=why):
        value_of(field(spec), text)


def test_the_last_run_fills_in() -> None:
    """What it was given stands there with a mark; what is secret, masked or does not fit any more is not."""
    again = field({"type": "integer", "default": 1}, {"x": 5})
    assert (again.start, again.note) == ("5", "as last time")
    same = field({"type": "integer", "default": 1}, {"x": 1})
    assert (same.start, same.note) == ("1", "")
    for spec, last in (
        ({"type": "integer", "default": 1}, "five"),
        ({"type": "string", "default": "1"}, "to ***"),
        ({"type": "string", "default": "1", "choices": ["1"]}, "2"),
    ):
        assert (field(spec, {"x": last}).start, field(spec, {"x": last}).note) == ("1", "")
    secret = field({"type": "string", "secret": True}, {"x": "hunter2"})
    assert (secret.start, secret.note) == ("", "")


def test_a_secret_default_is_used_and_not_shown() -> None:
    """The field is empty and may stay so; secret choices are typed, since choosing would show them."""
    made = field({"type": "string", "secret": True, "default": "hunter2"})
    assert made.start == ""
    assert "set by the flow" in made.hint
    assert value_of(made, "") is LEFT_OUT
    assert field({"type": "string", "secret": True, "choices": ["hunter2"]}).choices == ()


def test_the_form_of_a_gate() -> None:
    """Its types, choices, patterns and defaults, judged as the gate judges them."""
    city, days, code, sure = of_form(
        {
            "city": {"choices": ["Paris", "Rome"]},
            "days": {"type": "integer", "default": 3},
            "code": {"pattern": "[A-Z]{3}", "description": "of the airport"},
            "sure": {"type": "boolean", "required": False},
        }
    )
    assert (city.choices, city.start, city.required) == (("Paris", "Rome"), None, True)
    assert (days.start, days.required) == ("3", False)
    assert value_of(days, "4") == 4
    with pytest.raises(ValueError, match=r"^does not match \[A-Z\]\{3\}$"):
        value_of(code, "abc")
    assert (sure.choices, value_of(sure, None), value_of(sure, "true")) == (("true", "false"), LEFT_OUT, True)


def test_long_values_get_more_lines() -> None:
    """Texts with line breaks, lists and maps; a secret never."""
    assert field({"type": "string", "default": "a\nb"}).lines == 3
    assert field({"type": "list", "default": list(range(20))}).lines == 6
    assert field({"type": "string", "default": "a"}).lines == 1
    assert field({"type": "object", "secret": True}).lines == 1


# the widget


class FormScreen(Screen[None]):
    def __init__(self, *fields: Field) -> None:
        super().__init__()
        self.form = Form(fields)
        self.got: list[dict[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield self.form

    def on_mount(self) -> None:
        self.form.focus_first()

    def on_form_submitted(self, event: Form.Submitted) -> None:
        assert event.control is self.form
        self.got.append(event.values)


def inputs(**specs: dict[str, Any]) -> list[Field]:
    return of_inputs({name: InputSpec.model_validate(spec) for name, spec in specs.items()})


async def test_a_form_is_filled_in_with_enter() -> None:
    """From field to field, choices by arrows, and behind the last one it is handed in with typed values."""
    screen = FormScreen(
        *inputs(
            city={"choices": ["Paris", "Rome"]},
            days={"type": "integer"},
            direct={"type": "boolean", "default": True},
        )
    )
    async with Stage(screen).run_test(size=(80, 24)) as pilot:
        await pilot.press("right", "right", "enter", "7", "enter", "space", "enter")
        await pilot.pause()
        assert screen.got == [{"city": "Rome", "days": 7, "direct": False}]


async def test_what_is_wrong_stands_under_its_field() -> None:
    """Live while it is typed, gone once it is right; handed in, the first wrong field gets the focus."""
    screen = FormScreen(*inputs(days={"type": "integer", "default": 1}, name={}))
    stage = Stage(screen)
    async with stage.run_test(size=(80, 24)) as pilot:
        await pilot.press("up", "x")
        await pilot.pause()
        assert "✖ must be a whole number" in shown(stage)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert screen.got == []
        assert "✖ a value is needed" in shown(stage)
        assert stage.focused is screen.form.edits[0].editor
        await pilot.press("backspace", "down", "A", "ctrl+s")
        await pilot.pause()
        assert "✖" not in shown(stage)
        assert screen.got == [{"days": 1, "name": "A"}]
        await pilot.press("backspace")
        await pilot.pause()
        assert "✖" not in shown(stage)


async def test_long_texts_and_data_have_lines_of_their_own() -> None:
    """Enter makes a new line there, tab leads on, and ctrl+s hands in."""
    screen = FormScreen(*inputs(notes={"default": "a\nb"}, tags={"type": "list"}))
    stage = Stage(screen)
    async with stage.run_test(size=(80, 24)) as pilot:
        areas = list(screen.query(TextArea))
        assert len(areas) == 2
        areas[0].focus()
        await pilot.press("down", "end", "enter", "c", "tab", "[", "1", "]", "ctrl+s")
        await pilot.pause()
        assert screen.got == [{"notes": "a\nb\nc", "tags": [1]}]


async def test_a_secret_is_not_shown() -> None:
    """Neither typed nor from the flow."""
    screen = FormScreen(*inputs(key={"secret": True, "default": "hunter2"}))
    stage = Stage(screen)
    async with stage.run_test(size=(80, 24)) as pilot:
        assert "set by the flow" in shown(stage)
        await pilot.press(*"open")
        await pilot.pause()
        assert "open" not in shown(stage)
        assert "hunter2" not in shown(stage)
        assert screen.query_one(Input).password


async def test_a_form_taller_than_the_screen_scrolls_to_the_focus() -> None:
    """Every field can be reached by tab, and is seen then with its label."""
    screen = FormScreen(*inputs(**{f"field{number}": {} for number in range(8)}))
    stage = Stage(screen)
    async with stage.run_test(size=(40, 10)) as pilot:
        assert "field7" not in shown(stage)
        await pilot.press(*["tab"] * 7)
        await until(pilot, lambda: "field7 *" in shown(stage))


async def test_texts_of_a_flow_stay_texts() -> None:
    """Markup and controls in names, descriptions, choices and problems are shown and do nothing."""
    bad = "[bold]x[/y] [@click=app.quit]\x1b[2J"
    screen = FormScreen(*of_form({"a": {"choices": [bad, "b"], "description": bad}}))
    stage = Stage(screen)
    async with stage.run_test(size=(100, 24)) as pilot:
        screen.form.show_problems({"a": bad})
        await pilot.pause()
        assert shown(stage).count("[bold]x[/y] [@click=app.quit]␛[2J") == 3
        assert "\x1b" not in shown(stage)


async def test_another_form_takes_its_place() -> None:
    """Nothing of the first one is left; a form without fields has nothing to go to and gives nothing."""
    screen = FormScreen(*inputs(a={}))
    stage = Stage(screen)
    async with stage.run_test(size=(80, 24)) as pilot:
        await screen.form.set_fields(inputs(b={"type": "integer", "default": 2}))
        await pilot.pause()
        assert "a *" not in shown(stage)
        assert screen.form.values() == {"b": 2}
        await screen.form.set_fields([])
        assert not screen.form.focus_first()
        assert screen.form.values() == {}


class Picks(App[None]):
    ascii_only = True

    def __init__(self, *choices: str, chosen: str | None = None) -> None:
        super().__init__()
        self.pick = Pick(choices, chosen)

    def compose(self) -> ComposeResult:
        yield self.pick


async def test_a_pick_goes_round_and_to_letters() -> None:
    """Right from nothing is the first, left of it the last; a letter goes to the next that begins with it."""
    app = Picks("ann", "bob", "bea")
    async with app.run_test(size=(80, 3)) as pilot:
        app.pick.focus()
        assert app.pick.text is None
        await pilot.press("left")
        assert app.pick.text == "bea"
        await pilot.press("right")
        assert app.pick.text == "ann"
        await pilot.press("b")
        assert app.pick.text == "bob"
        await pilot.press("b")
        assert app.pick.text == "bea"
        await pilot.press("z", "exclamation_mark")
        assert app.pick.text == "bea"
        assert "( ) ann  ( ) bob  (o) bea" in shown(app)


async def test_a_pick_can_be_clicked_and_shows_one_where_all_do_not_fit() -> None:
    """A click beside the choices chooses nothing."""
    app = Picks("ann", "bob", chosen="ann")
    async with app.run_test(size=(30, 3)) as pilot:
        await pilot.click(Pick, offset=(12, 0))
        assert app.pick.text == "bob"
        await pilot.click(Pick, offset=(28, 0))
        assert app.pick.text == "bob"
        await pilot.resize_terminal(12, 3)
        await until(pilot, lambda: "< bob >" in shown(app))
        await pilot.click(Pick, offset=(3, 0))
        assert app.pick.text == "bob"
