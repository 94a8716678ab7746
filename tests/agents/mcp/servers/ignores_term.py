"""Goes on when it is asked to end, and has a helper that does so, too."""

import os
import signal
import subprocess
import sys
import time

from plain import serve, text

signal.signal(signal.SIGTERM, signal.SIG_IGN)
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
serve(call=lambda request: text(request, f"{os.getpid()} {helper.pid}"))
time.sleep(1000)
