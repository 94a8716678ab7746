"""A thread that writes: jobs in, in order, so that nobody else ever waits for a terminal or a pipe."""

import queue
import threading
from collections.abc import Callable

BEHIND = 1_000
"""Jobs in the queue from which on only what matters should be handed in."""

Job = Callable[[], None]


class Pen:
    """The thread starts with the first job and is a daemon: a reader that hangs cannot hold the process.

    The first job that raises is the last one carried out. `close` raises the OSError of a stream that takes
    no more; anything else is a mistake of the job's, which `failed` is told in the thread.
    """

    def __init__(self, idle: Job, idle_every: float | None, failed: Callable[[Exception], object]) -> None:
        self._idle = idle
        self._failed = failed
        self._idle_every = idle_every
        self._jobs: queue.SimpleQueue[Job | threading.Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._problem: OSError | None = None
        self._quiet = False
        self._closed = False

    @property
    def is_behind(self) -> bool:
        return self._jobs.qsize() > BEHIND

    def do(self, job: Job) -> None:
        """Nothing happens after `close`."""
        if self._closed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="reporter", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def wait(self) -> None:
        """Until all that was handed in is written."""
        if not self._closed and self._thread is not None:
            reached = threading.Event()
            self._jobs.put(reached)
            reached.wait()

    def close(self) -> None:
        """Wait for the rest and end the thread."""
        if self._closed:
            return
        self._closed = True
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _write(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._idle_every)
            except queue.Empty:
                job = self._idle
            if job is None:
                return
            if isinstance(job, threading.Event):
                job.set()
            elif not self._quiet:
                self._carry_out(job)

    def _carry_out(self, job: Job) -> None:
        try:
            job()
        except OSError as problem:
            self._problem, self._quiet = problem, True
        except Exception as problem:  # noqa: BLE001 - a plugin's reporter: it must not touch the run
            self._quiet = True
            self._failed(problem)
