"""Stops reading once it has introduced itself."""

import time

from plain import HABITS, serve


def listed(request):
    HABITS["tools/list"](request)
    time.sleep(1000)


serve(list=listed)
