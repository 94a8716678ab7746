"""Asks a person the same thing twice for each call."""

import json

from plain import HABITS, send, serve, text

FORM = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5}}, "required": ["n"]}
calls, answers = [], []


def ask():
    params = {"mode": "form", "message": "how many?", "requestedSchema": FORM}
    send({"id": len(answers), "method": "elicitation/create", "params": params})


def call(request):
    calls.append(request)
    answers.clear()
    ask()


def answered(answer):
    answers.append(answer["result"])
    if len(answers) < 2:
        ask()
    else:
        text(calls.pop(), json.dumps(answers))


HABITS[""] = answered
serve(call=call)
