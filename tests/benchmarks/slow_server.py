"""`python -m tests.benchmarks.slow_server SECONDS`: answers each GET after so long. Prints its port."""

import asyncio
import sys

BODY = b'{"ok": true, "items": [1, 2, 3]}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


class Slow(asyncio.Protocol):
    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self.head = (self.head + data).split(b"\r\n\r\n")
        for _ in requests:
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, ANSWER)


async def serve(delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Slow(delay), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
