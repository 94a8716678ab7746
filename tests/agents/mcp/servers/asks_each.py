"""Writes down each call, asks a person within it, and tells what it heard: any number of calls at once."""

import json
import sys
from pathlib import Path

from plain import HABITS, send, serve, text

FORM = {"type": "object", "properties": {"n": {"type": "integer"}}}
calls = {}


def call(request):
    with Path(sys.argv[1]).open("a") as file:
        file.write("called\n")
    calls[f"q{request['id']}"] = request
    message = f"{request['params']['arguments']['text']}?"
    params = {"mode": "form", "message": message, "requestedSchema": FORM}
    send({"id": f"q{request['id']}", "method": "elicitation/create", "params": params})


def answered(answer):
    text(calls.pop(answer["id"]), json.dumps(answer.get("result")))


HABITS[""] = answered
serve(call=call)
