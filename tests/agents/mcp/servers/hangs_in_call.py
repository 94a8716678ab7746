"""Does not look up from its work."""

import sys
import time

from plain import send, serve


def call(request):
    send({"method": "notifications/message", "params": {"level": "info", "data": "working"}})
    sys.stdout.flush()
    time.sleep(1000)


serve(call=call)
