"""Bytes of stdout to lines, within bounds: what is not ended in time is refused, never collected.

A line that is no message (a banner, a forgotten print) is no harm while it is one of a few: up to
`MOST_NOISE` of them may stand between two messages. One that was meant as a message and cannot be read is
the end: somebody may be waiting for it.
"""

import re
from collections import deque

import mcp_types as types

MOST_NOISE = 100
EXCERPT = 200


class BadStream(Exception):
    """The server does not keep to the protocol; says how."""


class Lines:
    """Whole lines out of pieces. `waiting`: bytes that nobody has taken yet."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._lines: deque[bytes] = deque()
        self._pieces: list[bytes] = []
        self._unended = 0
        self.waiting = 0

    def feed(self, data: bytes) -> None:
        """Raises BadStream for a line longer than the bound."""
        first, *rest = data.split(b"\n")
        self._continue(first)
        for piece in rest:
            self._end_line()
            self._continue(piece)

    @property
    def empty(self) -> bool:
        return not self._lines

    def take(self) -> bytes | None:
        """The next whole line, None if there is none yet."""
        if not self._lines:
            return None
        line = self._lines.popleft()
        self.waiting -= len(line)
        return line

    def _continue(self, piece: bytes) -> None:
        self._unended += len(piece)
        if self._unended > self._longest:
            raise BadStream(f"wrote a line of more than {self._longest} bytes: see `max_message_bytes`")
        if piece:
            self._pieces.append(piece)

    def _end_line(self) -> None:
        line = b"".join(self._pieces)
        self._pieces, self._unended = [], 0
        self._lines.append(line)
        self.waiting += len(line)


_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_SURROGATE = re.compile(rb"(?<!\\)((?:\\\\)*)(?:(%b%b)|%b|%b)" % (_HIGH, _LOW, _HIGH, _LOW))


def _readable(line: bytes) -> bytes:
    """Half a pair of surrogates, which no text can hold, becomes U+FFFD: it must not cost the message."""
    if b"\\ud" not in line.lower():
        return line
    return _SURROGATE.sub(lambda found: found[0] if found[2] else found[1] + rb"\ufffd", line)


class Messages:
    """Lines to messages. Counts the lines that are none."""

    def __init__(self) -> None:
        self._noise = 0

    def read(self, line: bytes) -> types.JSONRPCMessage | None:
        """None for a line that is no message. Raises BadStream for a broken one, and for too many."""
        try:
            message = types.jsonrpc_message_adapter.validate_json(_readable(line), by_name=False)
        except ValueError:
            self._judge(line)
            return None
        self._noise = 0
        return message

    def _judge(self, line: bytes) -> None:
        if b'"jsonrpc"' in line:
            raise BadStream("sent a message that cannot be read")
        self._noise += bool(line.strip())
        if self._noise > MOST_NOISE:
            raise BadStream(f"wrote more than {MOST_NOISE} lines to stdout that are no messages")
