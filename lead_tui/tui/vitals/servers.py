"""The servers behind the agents of a run, as they and their calls tell of themselves. Pure."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from lead_tui.core import events as ev
from lead_tui.observers.metrics import ResponseTimes


class Server(msgspec.Struct):
    """`agent` is who to restart; `times` are those of its tools that other agents called."""

    note: ev.Service
    agent: str
    since: datetime
    """When it came into its state."""
    times: ResponseTimes = msgspec.field(default_factory=ResponseTimes)
    complaint: str = ""
    """The last error that it told."""

    @property
    def name(self) -> str:
        return self.note.name


class Servers:
    """By name, in the order in which they were first heard of."""

    def __init__(self) -> None:
        self.known: dict[str, Server] = {}

    def hear(self, note: ev.Service, agent: str) -> None:
        """`agent`: whose attempt told it."""
        server = self.known.get(note.name)
        if server is None:
            server = self.known[note.name] = Server(note, agent, note.ts)
        elif server.note.state != note.state:
            server.since = note.ts
        server.note = note
        server.complaint = note.error or server.complaint

    def answered(self, returned: ev.ToolReturned) -> None:
        """A call of a tool `server.tool` is over."""
        server = self.known.get(returned.tool.partition(".")[0])
        if server is not None:
            server.times.add(returned.duration, failed=returned.failure is not None, at=returned.ts)


class Latency(msgspec.Struct, frozen=True):
    """Of all calls to a server, in seconds; `last` is the newest one's, 0 if there was none."""

    calls: int
    failed: int
    mean: float
    last: float


def latency(server: Server, agents: Mapping[str, ResponseTimes]) -> Latency:
    """Of its tools that agents called, and of the tasks that it did itself."""
    both = [times for times in (agents.get(server.name), server.times) if times is not None and times.count]
    calls = sum(times.count for times in both)
    total = sum(times.total for times in both)
    last = max(both, key=lambda times: times.last_at).last if both else 0.0
    return Latency(calls, sum(times.failed for times in both), total / calls if calls else 0.0, last)
