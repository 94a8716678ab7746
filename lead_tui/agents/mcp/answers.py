"""Is what comes over HTTP the answer to what was asked? The SDK takes whatever comes on a request's way."""

import msgspec


class Stray(Exception):
    """What came instead of the answer."""


class _Envelope(msgspec.Struct):
    id: int | str | None = None
    method: str | None = None


class Asked:
    """One message as it was sent; nothing is known of what is no request."""

    def __init__(self, sent: bytes) -> None:
        asked = msgspec.json.decode(sent, type=_Envelope) if sent else _Envelope()
        self._id = None if asked.method is None or asked.id is None else str(asked.id)

    def check(self, message: bytes) -> None:
        """Raises Stray for the answer to something else, and for what is no message."""
        if self._id is None:
            return
        try:
            found = msgspec.json.decode(message, type=_Envelope)
        except (msgspec.DecodeError, RecursionError):
            raise Stray("a body that is no message") from None
        if found.method is None and str(found.id) != self._id:
            raise Stray(f"the id {found.id!r}, which the request had not")


class Events:
    """The same for the messages of an event stream, which comes in pieces."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        """Raises Stray as `Asked.check`."""
        text = self._rest + piece
        held = b"\r" if text.endswith(b"\r") else b""  # the \n that belongs to it may come next
        text = text.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = rest + held
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif not line:
            message, self._data = b"\n".join(self._data), []
            if message:
                self._asked.check(message)
