"""A thread that hears signals whether or not the event loop turns, and ends the process when it has to.

Python carries signals to the main thread, where an agent may block for minutes: a `time.sleep`, a busy loop,
a call into C. The number of each signal is also written to a file descriptor (`signal.set_wakeup_fd`) as it
arrives; that is read here. It hands the signal on, and leaves

- at the third INT or TERM that nobody forgave, at once: whoever insists gets out;
- a while after the first TERM or HUP, if the process is still there: who sends it soon sends KILL.
"""

import signal
import socket
import threading
import time
from collections.abc import Callable

PRESSING = frozenset({int(signal.SIGTERM), int(getattr(signal, "SIGHUP", signal.SIGTERM))})
HEARD = PRESSING | {int(signal.SIGINT)}
"""Other signals that have a handler, such as a window's change of size, come by the same descriptor."""
PATIENT_TIMES = 2
"""INT and TERM that are obeyed in order; the next one is not waited for."""


class Watchdog:
    """Watches from `start` to `stop`; both in the main thread."""

    def __init__(
        self, hear: Callable[[int], object], leave: Callable[[int], object], *, seconds: float
    ) -> None:
        """Both are called in the thread: `hear` with each signal, `leave` with the one that ends it all."""
        self._hear = hear
        self._leave = leave
        self._seconds = seconds
        self._reader, self._writer = socket.socketpair()
        self._before = -1
        self._times = 0
        self._pressed = 0
        self._deadline: float | None = None

    def start(self) -> None:
        self._writer.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def forgive(self) -> None:
        """Count the INT and TERM anew: they were heard, and the person thought better of it."""
        self._times = 0

    def stop(self) -> None:
        """Nothing is heard any more, and no deadline counts."""
        signal.set_wakeup_fd(self._before)
        self._writer.close()

    def _watch(self) -> None:
        with self._reader:
            while True:
                self._reader.settimeout(self._left())
                try:
                    numbers = self._reader.recv(64)
                except TimeoutError:
                    self._leave(self._pressed)
                    return
                if not numbers:
                    return
                for number in numbers:
                    if number in HEARD:
                        self._judge(number)

    def _left(self) -> float | None:
        return None if self._deadline is None else max(self._deadline - time.monotonic(), 0.001)

    def _judge(self, number: int) -> None:
        if number != getattr(signal, "SIGHUP", None):
            self._times += 1
        if self._times > PATIENT_TIMES:
            self._leave(number)
            return
        if number in PRESSING and self._deadline is None:
            self._pressed, self._deadline = number, time.monotonic() + self._seconds
        self._hear(number)
