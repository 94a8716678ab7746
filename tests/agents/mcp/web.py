"""HTTP servers of the tests: any ASGI application, on loopback, in a thread of its own."""

import json
import socket
import threading
from contextlib import contextmanager

import uvicorn

JSON = b"application/json"
EVENTS = b"text/event-stream"


@contextmanager
def served(app):
    """The URL of its endpoint while it runs."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, ws="none")
    web = uvicorn.Server(config)
    thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    finally:
        web.should_exit = True
        thread.join()


def speaking(answer):
    """An application that hands each message to `answer(message, headers)` and sends what it gives:
    (status, content type, bytes), more headers as a fourth; for None it never answers.
    """

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        message = json.loads(body) if body else {"method": scope["method"]}
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        answered = answer(message, headers)
        if answered is None:
            await receive()  # until the other side hangs up
            return
        status, kind, content, *rest = answered
        sent = [(b"content-type", kind), *(rest[0] if rest else ())]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": content})

    return app


def usual(message, headers):
    """A server with one tool and no session."""
    method = message.get("method")
    if method == "initialize":
        return result(
            message,
            protocolVersion="2025-06-18",
            capabilities={"tools": {}},
            serverInfo={"name": "web", "version": "1"},
        )
    if method == "tools/list":
        return result(message, tools=[{"name": "do", "inputSchema": {"type": "object"}}])
    if method == "tools/call":
        return result(message, content=[{"type": "text", "text": "done"}])
    if method == "ping":
        return result(message)
    if "id" not in message:
        return 202, JSON, b""
    error = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}}
    return 200, JSON, json.dumps(error).encode()


def result(message, **fields):
    return 200, JSON, json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": fields}).encode()
