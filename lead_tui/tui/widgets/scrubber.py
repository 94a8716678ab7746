"""The tape of a replay: where it stands, how fast it goes, and the keys that move it."""

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from lead_tui.runner.replay import ReplayRun
from lead_tui.tui import themes
from lead_tui.tui.look import clock
from lead_tui.tui.themes import Palette

REPLAY_KEYS: list[BindingType] = [
    Binding("space", "replay_play", "play/pause", id="replay.play"),
    Binding("comma,shift+left", "replay_step(-1)", "step back", key_display=",", id="replay.back"),
    Binding("full_stop,shift+right", "replay_step(1)", "step", key_display=".", id="replay.on"),
    Binding("less_than_sign,ctrl+left", "replay_step(-25)", "25 back", show=False, id="replay.far_back"),
    Binding("greater_than_sign,ctrl+right", "replay_step(25)", "25 on", show=False, id="replay.far_on"),
    Binding("minus", "replay_speed(-1)", "slower", key_display="-", show=False, id="replay.slower"),
    Binding("plus,equals_sign", "replay_speed(1)", "faster", key_display="+", id="replay.faster"),
    Binding("0", "replay_to(0)", "start", show=False, id="replay.start"),
    Binding("9", "replay_to(1)", "end", show=False, id="replay.end"),
]
"""Keys of a screen that shows a replay; its actions are in `screens/run.py`."""


class Scrubber(Widget):
    """Hidden unless a replay is shown."""

    DEFAULT_CSS = """
    Scrubber { height: 1; display: none; background: $boost; }
    Scrubber.-replays { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = []

    class Moved(Message):
        """Somebody clicked on the tape: `part` of its length."""

        def __init__(self, part: float) -> None:
            super().__init__()
            self.part = part

    def __init__(self) -> None:
        super().__init__()
        self._replay: ReplayRun | None = None
        self._tape = (0, 0)

    def show(self, replay: ReplayRun | None) -> None:
        self._replay = replay
        self.set_class(replay is not None, "-replays")
        self.refresh()

    def render_line(self, y: int) -> Strip:
        palette, width, replay = Palette.of(self.app), self.size.width, self._replay
        if replay is None:
            return Strip.blank(width)
        ascii_only = themes.ascii_only(self.app)
        mark = (">" if replay.playing else "=") if ascii_only else ("▶" if replay.playing else "‖")
        head = f" {mark} REPLAY {replay.speed:g}x  {clock(replay.seconds)} "
        tail = f" {clock(replay.total_seconds)}  event {replay.seq}/{replay.last_seq} "
        room = max(width - len(head) - len(tail), 0)
        self._tape = (len(head), room)
        done = round(room * _part(replay))
        full, rest = ("=", "-") if ascii_only else ("━", "─")
        segments = [
            Segment(head, palette.bold["accent"]),
            Segment(full * done, palette["accent"]),
            Segment(rest * (room - done), palette["faint"]),
            Segment(tail, palette["muted"]),
        ]
        return Strip(segments).adjust_cell_length(width).apply_style(self.rich_style)

    def on_click(self, event: events.Click) -> None:
        start, room = self._tape
        if room and start <= event.x < start + room:
            self.post_message(self.Moved((event.x - start) / max(room - 1, 1)))


def _part(replay: ReplayRun) -> float:
    """By time; by events where no time passed."""
    if replay.total_seconds > 0 and 0 < replay.position < replay.length:
        return replay.seconds / replay.total_seconds
    return replay.position / replay.length if replay.length else 1.0
