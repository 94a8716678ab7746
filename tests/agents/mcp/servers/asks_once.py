"""Writes down each call, asks a person, and tells what it heard."""

import json
import sys
from pathlib import Path

from plain import HABITS, send, serve, text

FORM = {"type": "object", "properties": {"n": {"type": "integer"}}}
calls = []


def call(request):
    with Path(sys.argv[1]).open("a") as file:
        file.write("called\n")
    calls.append(request)
    params = {"mode": "form", "message": "how many?", "requestedSchema": FORM}
    send({"id": 1, "method": "elicitation/create", "params": params})


HABITS[""] = lambda answer: text(calls.pop(), json.dumps(answer["result"]))
serve(call=call)
