"""The text of the editor with the line that searches it."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets.text_area import Location

from lead_tui.tui.editing.check import find_all, following, preceding
from lead_tui.tui.widgets.find_bar import FindBar
from lead_tui.tui.widgets.yaml_area import YamlArea


class TextPane(Vertical):
    """`area` is the text. The search goes round, from where the cursor was when it was opened."""

    DEFAULT_CSS = """
    TextPane { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.area = YamlArea(id="text")
        self._bar = FindBar()
        self._from: Location = (0, 0)

    def compose(self) -> ComposeResult:
        yield self.area
        yield self._bar

    @property
    def is_asking(self) -> bool:
        return self._bar.is_open

    def ask(self, *, for_line: bool) -> None:
        self._from = min(self.area.selection)
        self._bar.ask(for_line=for_line)

    def stop_asking(self) -> None:
        self._bar.close()
        self.area.focus()

    def find(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) place of what was searched last."""
        places = find_all(self.area.document.lines, self._bar.text)
        if not places:
            self._bar.tell("nothing found" if self._bar.text else "")
            return
        choose = following if by > 0 else preceding
        self._select(places, choose(places, min(self.area.selection)))

    def on_find_bar_wanted(self, event: FindBar.Wanted) -> None:
        event.stop()
        if event.for_line:
            self._go_to_line(event.text)
            return
        places = find_all(self.area.document.lines, event.text)
        self.area.go_to(self._from)
        if places:
            row, column = self._from
            self._select(places, following(places, (row, column - 1)))
        else:
            self._bar.tell("nothing found" if event.text else "")

    def on_find_bar_moved(self, event: FindBar.Moved) -> None:
        event.stop()
        if event.for_line:
            self.stop_asking()
        else:
            self.find(event.by)

    def _select(self, places: list[Location], index: int) -> None:
        row, column = places[index]
        self.area.select((row, column), (row, column + len(self._bar.text)))
        self._bar.tell(f"{index + 1}/{len(places)}")

    def _go_to_line(self, number: str) -> None:
        if number.strip().isdecimal():
            self.area.go_to((int(number.strip()[:9]) - 1, 0))
