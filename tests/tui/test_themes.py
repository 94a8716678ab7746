"""What themes give to those who draw: styles for tones and titles, with colours and without."""

import pytest
from rich.style import Style
from textual.app import App

from lead_tui.tui import themes
from lead_tui.tui.look import TONES
from lead_tui.tui.themes import Palette


def palette(name: str) -> Palette:
    app = App[None]()
    themes.install(app, name)
    return Palette.of(app)


@pytest.mark.parametrize("name", themes.NAMES)
def test_without_colours_weight_and_a_line_tell(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are bold and a title with the focus is underlined; with colours neither is needed."""
    coloured = palette(name)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = palette(name)
    assert [tone for tone in TONES if plain[tone].bold] == ["bad"]
    assert not any(coloured[tone].bold for tone in TONES)
    assert plain.title(lit=True).underline
    assert not plain.title(lit=False).underline
    assert not coloured.title(lit=True).underline
    assert coloured.title(lit=True).color != coloured.title(lit=False).color


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT, themes.SAFE], ids=lambda theme: theme.name)
def test_scrollbars_lie_on_the_background(theme: themes.Theme) -> None:
    """At rest they are as quiet as a border, whatever part of them is drawn."""
    grounds = {value for name, value in theme.variables.items() if name.startswith("scrollbar-background")}
    assert grounds == {theme.background}
    assert theme.variables["scrollbar"] == theme.variables["border-blurred"]


def test_a_style_is_looked_up_once() -> None:
    """The palette of a theme is made when it is first wanted."""
    assert palette("leadtui-dark") is palette("leadtui-dark")
    assert palette("leadtui-dark") is not palette("leadtui-light")
    assert isinstance(palette("leadtui-dark")["ok"], Style)
