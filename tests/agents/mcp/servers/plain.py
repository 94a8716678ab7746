"""A server in plain JSON lines, without the SDK: quick to start, and each of its habits can be broken."""

import json
import sys

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
TOOLS = [
    {"name": "echo", "description": "Give back a text.", "inputSchema": TEXT},
    {"name": "show", "inputSchema": {"type": "object"}},
    {"name": "wait", "inputSchema": {"type": "object"}},
]


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def answer(request, result):
    send({"id": request["id"], "result": result})


def refuse(request, code, message):
    send({"id": request["id"], "error": {"code": code, "message": message}})


def text(request, said, **more):
    answer(request, {"content": [{"type": "text", "text": said}], **more})


def initialize(request):
    answer(
        request,
        {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}, "logging": {}},
            "serverInfo": {"name": "plain", "version": "1"},
        },
    )


def call(request):
    """`show` gives back what it is told to give back, word for word."""
    name, arguments = request["params"]["name"], request["params"].get("arguments", {})
    if name == "echo":
        text(request, arguments["text"])
    elif name == "show":
        answer(request, arguments["result"]) if "result" in arguments else refuse(
            request, *arguments["error"]
        )
    else:
        send({"method": "notifications/message", "params": {"level": "info", "data": "waiting"}})


def given_up(notice):
    send({"method": "notifications/message", "params": {"level": "info", "data": "given up"}})


HABITS = {
    "notifications/cancelled": given_up,
    "initialize": initialize,
    "ping": lambda request: answer(request, {}),
    "tools/list": lambda request: answer(request, {"tools": TOOLS}),
    "tools/call": call,
}


def serve(**habits):
    """`habits`: what to do instead, by the last word of the method."""
    for line in sys.stdin:
        request = json.loads(line)
        method = request.get("method", "")
        habit = habits.get(method.rpartition("/")[2]) or HABITS.get(method)  # an answer has no method
        if habit is not None:
            habit(request)
        elif "id" in request and method:
            refuse(request, -32601, "Method not found")


if __name__ == "__main__":
    serve()
