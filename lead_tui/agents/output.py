"""What a command writes: kept up to a bound, and handed on line by line while it comes.

What is shortened for people is masked first: half a secret would not be known as one. Bytes that are not
UTF-8 become U+FFFD. A line longer than 8 KiB is handed on in pieces. After 100,000 lines the rest is no
longer handed on (the result still holds it); the last line says how many that were.
"""

import codecs
from collections.abc import Callable
from typing import Literal, Protocol

MAX_OUTPUT = 10 * 1024 * 1024
MAX_LINE = 8 * 1024
MAX_LINES = 100_000
MAX_TAIL = 8 * 1024
MAX_MESSAGE = 2_000

Stream = Literal["stdout", "stderr"]


class Mask(Protocol):
    """`AgentContext.mask`."""

    def __call__(self, text: str, *, cut: bool = False) -> str: ...


def excerpt(text: str, mask: Mask) -> str:
    """The beginning of `text`, for a message."""
    return mask(text[:MAX_LINE], cut=len(text) > MAX_LINE)[:MAX_MESSAGE]


class Allowance:
    """How many lines may still be logged, and how many were not."""

    def __init__(self) -> None:
        self._left = MAX_LINES
        self.left_out = 0

    def take(self) -> bool:
        if self._left > 0:
            self._left -= 1
            return True
        self.left_out += 1
        return False

    def verdict(self) -> str:
        return f"({self.left_out:,} more lines were not logged)"


class Lines:
    """Splits one stream into lines for `on_line`."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._allowance = Allowance()

    def feed(self, data: bytes, *, final: bool = False) -> None:
        *lines, self._rest = (self._rest + self._decode(data, final)).split("\n")
        for line in lines:
            self._hand_on(line.removesuffix("\r"))
        while len(self._rest) > MAX_LINE:
            self._hand_on(self._rest[:MAX_LINE])
            self._rest = self._rest[MAX_LINE:]

    def close(self) -> None:
        self.feed(b"", final=True)
        if self._rest:
            self._hand_on(self._rest)
            self._rest = ""
        if self._allowance.left_out:
            self._on_line(self._allowance.verdict())
            self._allowance.left_out = 0

    def _hand_on(self, line: str) -> None:
        for start in range(0, max(len(line), 1), MAX_LINE):
            if self._allowance.take():
                self._on_line(line[start : start + MAX_LINE])


class Output:
    """Both streams of one command: all of stdout, the tail of stderr.

    `on_full` is called once when one of them passes `MAX_OUTPUT`; what comes later is dropped.
    """

    def __init__(self, log: Callable[[str, Stream], None], mask: Mask) -> None:
        self._mask = mask
        self.overflowed: Stream | None = None
        self.on_full: Callable[[], None] = lambda: None
        self._stdout = bytearray()
        self._tail = bytearray()
        self._seen = {"stdout": 0, "stderr": 0}
        self._lines: dict[Stream, Lines] = {
            "stdout": Lines(lambda line: log(line, "stdout")),
            "stderr": Lines(lambda line: log(line, "stderr")),
        }

    def receive(self, stream: Stream, data: bytes) -> None:
        if self.overflowed:
            return
        self._seen[stream] += len(data)
        if stream == "stdout":
            self._stdout += data
        else:
            self._tail = (self._tail + data)[-MAX_TAIL:]
        self._lines[stream].feed(data)
        if self._seen[stream] > MAX_OUTPUT:
            self.overflowed = stream
            self.on_full()

    def close(self) -> None:
        for each in self._lines.values():
            each.close()

    @property
    def stdout(self) -> str:
        return self._stdout.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """The last 8 KiB, from the beginning of a line where there is one."""
        text = self._tail.decode("utf-8", "replace")
        if self._seen["stderr"] <= MAX_TAIL:
            return self._mask(text)
        return self._mask(text.partition("\n")[2] or text, cut=True)

    @property
    def truncated(self) -> bool:
        return self.overflowed is not None or self._seen["stderr"] > MAX_TAIL

    def last_line(self) -> str:
        """What the command complained of last: the last line of stderr that says something."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return excerpt(lines[-1], self._mask) if lines else ""
