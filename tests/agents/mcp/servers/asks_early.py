"""Has questions before it has introduced itself."""

from plain import initialize, send, serve


def first(request):
    send({"id": "a", "method": "ping"})
    send({"id": "b", "method": "roots/list"})
    send({"id": "c", "method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}})
    send({"method": "notifications/message", "params": {"level": "warning", "data": "early"}})
    initialize(request)


serve(initialize=first)
