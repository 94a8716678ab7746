"""Is killed while it works."""

import os
import signal

from plain import serve

serve(call=lambda request: os.kill(os.getpid(), signal.SIGKILL))
