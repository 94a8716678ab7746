"""Begins an answer that never ends."""

import sys

from plain import serve


def call(request):
    while True:
        sys.stdout.write("x" * 65536)


serve(call=call)
