"""Sends half a message."""

from plain import serve


def call(request):
    print('{"jsonrpc": "2.0", "id": ' + str(request["id"]) + ', "result": {"content": [', flush=True)


serve(call=call)
