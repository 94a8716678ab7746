"""How a screen stays true to a journal that others write, too: it looks again while it is on top."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from textual.screen import Screen

from lead_tui.errors import LeadError
from lead_tui.text.safe import safe_line
from lead_tui.tui.widgets.title_line import TitleLine

EVERY = 1.0


async def keep_looking(
    screen: Screen[None], look: Callable[[], Awaitable[None]], title: TitleLine, news: asyncio.Event
) -> None:
    """Once a second, and at once when there is news; the title tells why it cannot."""
    while True:
        if screen.is_current:
            try:
                await look()
                title.show()
            except LeadError as error:
                title.show(note=safe_line(str(error), 200), tone="bad")
        news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY):
                await news.wait()
