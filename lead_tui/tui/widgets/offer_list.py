"""What an agent with tools can be asked: its tools, then what every server can do."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment

from lead_tui.tui.calls.offers import Offer
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.widgets.section import Section

NAME = 24
"""Cells of a name, where there are as many."""


class OfferList(Section):
    CURSOR_STAYS = True

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__("TOOLS", id=id)
        self._offers: Sequence[Offer] = ()

    @property
    def offer(self) -> Offer | None:
        """The one under the cursor."""
        return self._offers[self.cursor] if 0 <= self.cursor < len(self._offers) else None

    def show(self, offers: Sequence[Offer], chosen: str) -> None:
        """These, with the cursor on the one of this name, or on the first."""
        self._offers = offers
        self.set_count(len(offers))
        self.styles.height = len(offers) + self.header
        names = [each.name for each in offers]
        self.cursor = names.index(chosen) if chosen in names else 0

    def render_row(self, index: int, width: int) -> Iterable[Segment]:
        offer, palette = self._offers[index], self.palette
        name = min(NAME, max(width // 2, 8), max(len(each.name) for each in self._offers) + 1)
        yield Segment(f" {fit(offer.name, name)} ", palette["text" if offer.is_tool else "muted"])
        yield Segment(fit(offer.description, max(width - name - 2, 0)), palette["faint"])
