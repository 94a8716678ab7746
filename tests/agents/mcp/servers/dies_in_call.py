"""Breaks down while it works."""

import os
import sys

from plain import serve


def call(request):
    print("out of memory", file=sys.stderr, flush=True)
    os._exit(7)


serve(call=call)
