"""Writes lines without end that are no messages."""

from plain import serve


def call(request):
    while True:
        print("still working", flush=True)


serve(call=call)
