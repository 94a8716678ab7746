"""What came of a call to an agent, and how its breaker stands: the lines above the answer. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from rich.text import Text

from lead_tui.resilience.breaker import Breaker
from lead_tui.text.safe import safe_line
from lead_tui.text.words import short_name, spending
from lead_tui.tui.calls.trials import Call, took
from lead_tui.tui.look import BREAKERS, Look
from lead_tui.tui.prose.cells import fit
from lead_tui.tui.themes import Palette

LINES = 4
"""Of what happened in a call, the last ones."""


class OutcomePen(NamedTuple):
    """`room`: cells of a line."""

    palette: Palette
    room: int
    ascii_only: bool = False

    def told(self, call: Call | None, agent: str, breaker: Breaker | None, now: datetime) -> Text:
        """`breaker` is that of the `agent` that is chosen now, which need not be the one that was called."""
        lines: list[Text] = []
        if call is not None:
            lines.append(self._head(call, now))
        if breaker is not None:
            whose = "" if call is None or call.agent == agent else f" of {short_name(agent, 20)}"
            lines.append(self._breaker(breaker, whose))
        if call is not None:
            lines += self._spent(call)
            lines += self._course(call)
        text = Text("\n").join(lines)
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    def _head(self, call: Call, now: datetime) -> Text:
        palette, look = self.palette, call.look
        return Text.assemble(
            (f"{short_name(f'{call.agent} {call.action}'.rstrip(), 30)}  ", palette.bold["text"]),
            (f"{self._glyph(look)} {look.word}", palette.bold[look.tone]),
            (f"  {safe_line(_facts(call, now), 300)}", palette["muted"]),
        )

    def _spent(self, call: Call) -> Iterator[Text]:
        """What models and tools did, if any did something."""
        trial = call.trial
        calls = len(trial.tool_calls) if trial is not None else 0
        words = [spending(trial.usage if trial is not None else call.usage)]
        words += [f"{calls} tool call{'' if calls == 1 else 's'}"] if calls else []
        if any(words):
            yield Text(fit(" · ".join(filter(None, words)), self.room), self.palette["muted"])

    def _breaker(self, breaker: Breaker, whose: str) -> Text:
        look = BREAKERS[breaker.state]
        seconds = breaker.seconds() if breaker.state == "open" else None
        probe = f", probe in {seconds:.0f}s" if seconds is not None else ""
        return Text.assemble(
            (f"{self._glyph(look)} ", self.palette[look.tone]),
            (f"breaker{whose} {look.word}{probe}", self.palette["muted"]),
        )

    def _course(self, call: Call) -> Iterator[Text]:
        if call.problem:
            yield Text(safe_line(call.problem, 300), self.palette["muted"])
        for line, tone in call.lines[-LINES:]:
            yield Text(fit(line, self.room), self.palette[tone])

    def _glyph(self, look: Look) -> str:
        return look.ascii if self.ascii_only else look.glyph


def _facts(call: Call, now: datetime) -> str:
    trial = call.trial
    if trial is None:
        if not call.under_way:
            return ""
        words = [took((now - call.at).total_seconds())]
        if call.first_token is not None:
            words.append(f"first token in {took((call.first_token - call.at).total_seconds())}")
        return "  ".join(words)
    status = trial.meta.get("status")
    words = [f"HTTP {status}"] if status is not None else [call.status] if call.status else []
    tries = len(trial.attempts)
    words += [took(trial.response_time)] + ([f"{tries} tries"] if tries > 1 else [])
    words += [f"first token in {took(trial.first_token)}"] if trial.first_token is not None else []
    return "  ".join(words)
