"""A form of typed fields: label, editor, and under it what is wrong with what stands there.

Enter goes to the next field, and behind the last one hands the form in; ctrl+s does so from anywhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static, TextArea

from lead_tui.text.safe import safe, safe_line
from lead_tui.tui import themes
from lead_tui.tui.flows.fields import LEFT_OUT, Field, value_of
from lead_tui.tui.themes import Palette
from lead_tui.tui.widgets.inert import InertInput, InertTextArea
from lead_tui.tui.widgets.pick import Pick

Editor = Input | TextArea | Pick


class FieldEdit(Vertical):
    """One field. `text` is what stands in it, None if nothing is chosen."""

    DEFAULT_CSS = """
    FieldEdit {
        height: auto; margin-bottom: 1;
        & > Input.-textual-compact { padding: 0 1; height: 1; background: $surface; }
        & > TextArea.-textual-compact { padding: 0 1; background: $surface; }
        & > Input.-textual-compact:focus, & > TextArea.-textual-compact:focus { background: $panel; }
        & > .problem { display: none; height: auto; }
        &.-wrong > .problem { display: block; }
    }
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self.editor = _editor(field)

    def compose(self) -> ComposeResult:
        yield Static(self._label(), markup=False)
        yield self.editor
        yield Static(classes="problem", markup=False)

    def _label(self) -> Text:
        palette, field = Palette.of(self.app), self.field
        label = Text.assemble((safe_line(field.name, 80), palette.bold["text"]))
        if field.required:
            label.append(" *", palette.bold["ask"])
        label.append(f"  {field.kind}", palette["faint"])
        if field.description:
            label.append(f"  {safe_line(field.description, 400)}", palette["muted"])
        if field.note:
            label.append(f"  {field.note}", palette["accent"])
        return label

    @property
    def text(self) -> str | None:
        return self.editor.value if isinstance(self.editor, Input) else self.editor.text

    def value(self) -> Any:
        """Raises ValueError; LEFT_OUT for one that is left empty."""
        return value_of(self.field, self.text)

    def show_problem(self, problem: str) -> None:
        """Nothing: all is well."""
        self.set_class(bool(problem), "-wrong")
        mark = "x" if themes.ascii_only(self.app) else "✖"
        shown = Text(f"{mark} {safe(problem)}", Palette.of(self.app)["bad"]) if problem else ""
        self.query_one(".problem", Static).update(shown)

    def check(self) -> bool:
        try:
            self.value()
        except ValueError as error:
            self.show_problem(str(error))
            return False
        self.show_problem("")
        return True


def _editor(field: Field) -> Editor:
    if field.choices:
        return Pick(field.choices, field.start)
    if field.lines > 1:
        area = InertTextArea(field.start or "", soft_wrap=True, compact=True, tab_behavior="focus")
        area.styles.height = field.lines
        return area
    return InertInput(field.start, field.hint, password=field.secret, compact=True, select_on_focus=False)


class Form(VerticalScroll, can_focus=False):
    """`values` gives what was filled in; a field that was left empty is left out."""

    DEFAULT_CSS = """
    Form { height: auto; scrollbar-size-vertical: 1; padding: 1 1 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "hand in", show=False, id="form.submit"),
        Binding("tab", "app.focus_next", "next field", id="form.tab"),
        Binding("up", "app.focus_previous", "previous field", show=False, id="form.previous"),
        Binding("down", "app.focus_next", "next field", show=False, id="form.next"),
    ]

    class Submitted(Message):
        """The form is filled in, and every field has a value that fits."""

        def __init__(self, form: "Form", values: dict[str, Any]) -> None:
            super().__init__()
            self.form = form
            self.values = values

        @property
        def control(self) -> "Form":
            return self.form

    def __init__(self, fields: Sequence[Field] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._fields = tuple(fields)

    def compose(self) -> ComposeResult:
        for field in self._fields:
            yield FieldEdit(field)

    async def set_fields(self, fields: Sequence[Field]) -> None:
        """Another form in its place."""
        self._fields = tuple(fields)
        await self.recompose()

    @property
    def edits(self) -> list[FieldEdit]:
        return list(self.query(FieldEdit))

    def values(self) -> dict[str, Any] | None:
        """None if something is wrong: it stands under its field, and the first such field has the focus."""
        wrong = [edit for edit in self.edits if not edit.check()]
        if wrong:
            wrong[0].editor.focus()
            return None
        found = {edit.field.name: edit.value() for edit in self.edits}
        return {name: value for name, value in found.items() if value is not LEFT_OUT}

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Problems that only others could see, by the field's name."""
        for edit in reversed(self.edits):
            if problem := problems.get(edit.field.name, ""):
                edit.show_problem(problem)
                edit.editor.focus()

    def focus_first(self) -> bool:
        """Go to the first field that is to be filled in, else to the first; False if there is none."""
        edits = self.edits
        if edits:
            empty = (edit for edit in edits if edit.field.required and not edit.field.start)
            next(empty, edits[0]).editor.focus()
        return bool(edits)

    def action_submit(self) -> None:
        values = self.values()
        if values is not None:
            self.post_message(self.Submitted(self, values))

    def _go_on(self, editor: Input | Pick) -> None:
        editors = [edit.editor for edit in self.edits]
        place = editors.index(editor) + 1
        if place < len(editors):
            editors[place].focus()
        else:
            self.action_submit()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._go_on(event.input)

    def on_pick_taken(self, event: Pick.Taken) -> None:
        event.stop()
        self._go_on(event.pick)

    # live: what is typed is judged, what is still empty is not

    def on_input_changed(self, event: Input.Changed) -> None:
        self._judge(event)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self._judge(event)

    def on_pick_changed(self, event: Pick.Changed) -> None:
        self._judge(event)

    def _judge(self, event: Input.Changed | TextArea.Changed | Pick.Changed) -> None:
        event.stop()
        edit = event.control.parent
        if isinstance(edit, FieldEdit):
            if edit.text:
                edit.check()
            else:
                edit.show_problem("")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The whole field is to be seen, with its label and its problem."""
        edit = event.widget.parent
        if edit is not None and isinstance(edit, FieldEdit):
            self.scroll_to_widget(edit, animate=False)
