"""Answers a request that nobody made."""

from plain import serve, text

serve(call=lambda request: text({"id": 4711}, "for you"))
