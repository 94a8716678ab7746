"""Says nothing any more and lives on."""

import os
import time

from plain import serve


def call(request):
    os.close(1)
    time.sleep(1000)


serve(call=call)
