"""Complains without end."""

import sys

from plain import serve


def call(request):
    while True:
        sys.stderr.write("something is wrong\n" * 1000)


serve(call=call)
