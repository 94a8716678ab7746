"""Colours: four themes, and the styles that our own widgets draw with.

A theme gives each tone of look.py a colour as the variable `tone-NAME`. `leadtui-dark` and `leadtui-light`
are ours, `leadtui-safe` takes the palette of Okabe and Ito (2008), whose colours people with any kind of
colour blindness can tell apart, and `terminal` takes the sixteen colours that the terminal itself is set to.
"""

from typing import Any

from rich.color import Color as RichColor
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from lead_tui.tui.look import TONES, Tone

DARK = Theme(
    name="leadtui-dark",
    primary="#7aa2f7",
    secondary="#89b4c9",
    accent="#7dcfff",
    foreground="#d5dae6",
    background="#10141c",
    surface="#161b26",
    panel="#1e2533",
    success="#8fd17f",
    warning="#e8b768",
    error="#f4777f",
    dark=True,
    variables={
        "tone-text": "#d5dae6",
        "tone-muted": "#94a0b8",
        "tone-faint": "#6b7790",
        "tone-accent": "#7dcfff",
        "tone-ok": "#8fd17f",
        "tone-bad": "#f4777f",
        "tone-busy": "#6cb6ff",
        "tone-retry": "#e8b768",
        "tone-ask": "#d7a6ff",
        "tone-skipped": "#8b94a7",
        "tone-cursor": "#263450",
        "border-blurred": "#2b3446",
        "footer-key-foreground": "#7dcfff",
    },
)
LIGHT = Theme(
    name="leadtui-light",
    primary="#1f5fbf",
    secondary="#3b6e8f",
    accent="#0b6fa8",
    foreground="#1c2330",
    background="#fbfbf9",
    surface="#f3f3ef",
    panel="#e8e9e4",
    success="#21762f",
    warning="#8f5a00",
    error="#b3202c",
    dark=False,
    variables={
        "tone-text": "#1c2330",
        "tone-muted": "#525c6e",
        "tone-faint": "#6d7686",
        "tone-accent": "#0b6fa8",
        "tone-ok": "#21762f",
        "tone-bad": "#b3202c",
        "tone-busy": "#1559b8",
        "tone-retry": "#8f5a00",
        "tone-ask": "#7a2fb0",
        "tone-skipped": "#646d7c",
        "tone-cursor": "#d8e4f7",
        "border-blurred": "#cfd2cb",
        "footer-key-foreground": "#0b6fa8",
    },
)
SAFE = Theme(
    name="leadtui-safe",
    primary="#56b4e9",
    secondary="#56b4e9",
    accent="#56b4e9",
    foreground="#e6e6e6",
    background="#111111",
    surface="#181818",
    panel="#222222",
    success="#56b4e9",
    warning="#e69f00",
    error="#d55e00",
    dark=True,
    variables={
        "tone-text": "#e6e6e6",
        "tone-muted": "#a8a8a8",
        "tone-faint": "#7f7f7f",
        "tone-accent": "#f0e442",
        "tone-ok": "#2fc09a",
        "tone-bad": "#f07a2a",
        "tone-busy": "#56b4e9",
        "tone-retry": "#f0e442",
        "tone-ask": "#e39ac4",
        "tone-skipped": "#9a9a9a",
        "tone-cursor": "#2c3a46",
        "border-blurred": "#3a3a3a",
        "footer-key-foreground": "#f0e442",
    },
)
TERMINAL = Theme(
    name="terminal",
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    dark=True,
    ansi=True,
    variables={
        "tone-text": "ansi_default",
        "tone-muted": "ansi_default",
        "tone-faint": "ansi_bright_black",
        "tone-accent": "ansi_cyan",
        "tone-ok": "ansi_green",
        "tone-bad": "ansi_red",
        "tone-busy": "ansi_blue",
        "tone-retry": "ansi_yellow",
        "tone-ask": "ansi_magenta",
        "tone-skipped": "ansi_bright_black",
        "tone-cursor": "ansi_default",
        "border-blurred": "ansi_bright_black",
        "footer-key-foreground": "ansi_cyan",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_bright_blue",
        "input-selection-foreground": "ansi_black",
        "screen-selection-background": "ansi_bright_blue",
        "screen-selection-foreground": "ansi_black",
    },
)


def _with_scrollbars(theme: Theme, hovered: str, held: str) -> Theme:
    """A scrollbar lies on the background; where nobody is at it, it is as quiet as a border."""
    ground = str(theme.background)
    theme.variables |= {
        "scrollbar": theme.variables["border-blurred"],
        "scrollbar-hover": hovered,
        "scrollbar-active": held,
        "scrollbar-background": ground,
        "scrollbar-background-hover": ground,
        "scrollbar-background-active": ground,
        "scrollbar-corner-color": ground,
    }
    return theme


THEMES = (
    _with_scrollbars(DARK, "#3b4760", "#4d5b7a"),
    _with_scrollbars(LIGHT, "#b9bdb4", "#9ea399"),
    _with_scrollbars(SAFE, "#505050", "#666666"),
    TERMINAL,
)
NAMES = tuple(theme.name for theme in THEMES)
DEFAULT = DARK.name


class Palette:
    """A rich style for each tone of the theme in force; looking one up costs a dictionary's time.

    Without colours, weight and a line tell what they would: failures are bold, a title with the focus is
    underlined.
    """

    def __init__(self, tones: dict[Tone, Style], cursor: Style, *, colours: bool = True) -> None:
        if not colours:
            tones = tones | {"bad": tones["text"] + Style(bold=True)}
        self._tones = tones
        self.cursor = cursor
        """The row under the cursor: laid over its other styles."""
        self.bold = {tone: style + Style(bold=True) for tone, style in tones.items()}
        self._titles = (self.bold["muted"], self.bold["accent"] + Style(underline=not colours))

    def __getitem__(self, tone: Tone) -> Style:
        return self._tones[tone]

    def title(self, lit: bool) -> Style:
        """Of a pane or a list; `lit` while it has the focus."""
        return self._titles[lit]

    @classmethod
    def of(cls, app: App[Any]) -> "Palette":
        """The one of the app's theme; for a theme without our tones, of its nearest colours."""
        key = (app.theme, app.no_color)
        palette = _PALETTES.get(key)
        if palette is None:
            palette = _PALETTES[key] = cls._made(app)
        return palette

    @classmethod
    def _made(cls, app: App[Any]) -> "Palette":
        variables = app.theme_variables
        tones = {tone: Style(color=_rich(variables, tone)) for tone in TONES}
        cursor = Color.parse(variables.get("tone-cursor", variables.get("panel", "ansi_default")))
        if cursor.ansi is not None:
            return cls(tones, Style(reverse=True), colours=not app.no_color)
        return cls(tones, Style(bgcolor=cursor.rich_color, bold=True), colours=not app.no_color)


_PALETTES: dict[tuple[str, bool], Palette] = {}
"""By the theme's name, which never changes, and whether there are no colours."""

_NEAREST: dict[Tone, str] = {
    "text": "foreground",
    "muted": "foreground",
    "faint": "foreground",
    "accent": "accent",
    "ok": "success",
    "bad": "error",
    "busy": "primary",
    "retry": "warning",
    "ask": "secondary",
    "skipped": "foreground",
}


def _rich(variables: dict[str, str], tone: Tone) -> RichColor:
    text = variables.get(f"tone-{tone}") or variables.get(_NEAREST[tone], "ansi_default")
    return Color.parse(text).rich_color


def install(app: App[Any], wanted: str = "") -> None:
    """Make our themes known and choose one: before the app runs, or all CSS is parsed twice."""
    for theme in THEMES:
        app.register_theme(theme)
    name = wanted if wanted in app.available_themes else DEFAULT
    if app.is_running:
        app.theme = name
    else:
        app.set_reactive(App.theme, name)
        app.stylesheet.set_variables(app.get_css_variables())


def ascii_only(app: App[Any]) -> bool:
    """Does the person want letters instead of ✔ ✖ ▶?"""
    return bool(getattr(app, "ascii_only", False))
