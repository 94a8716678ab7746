"""Answers no ping after its first call."""

from plain import answer, serve, text

called = []


def call(request):
    called.append(request)
    text(request, "done")


serve(call=call, ping=lambda request: None if called else answer(request, {}))
