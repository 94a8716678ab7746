"""The command line. One module per command in `commands/`: parse, call, exit code.

app.py        the commands by name; imports one when it is invoked
failure.py    what an exception means: message, exit code, and where to report a bug of ours
options.py    options and arguments that several commands share
session.py    settings, journal and flow of one invocation
driving.py    a run from its start to its exit code, with reporters
cockpit.py    the same on a screen, and any other screen
aftermath.py  what becomes of the runs when the screen is closed
screen.py     is there a terminal for a full screen
screen_restore.py  the terminal as it was before
screen_guard.py screen_guard_program.py  the same when this process dies
home.py       `leadtui` alone
signals.py    Ctrl-C, TERM and HUP
watchdog.py   hears signals although the event loop is blocked
leaving.py    the end of the process, whatever an agent left behind
back_doors.py os._exit and os.exec* of an agent
steering.py   commands to a run that somebody drives, or nobody
gates.py      which gate a person means
completion.py what the shell offers behind a word
terminal.py   text and JSON to stdout and stderr

`leadtui --help` imports nothing but typer; textual is imported once a screen is to be opened.
"""

import gc
import signal
import sys
from contextlib import suppress
from types import FrameType

from lead_tui.cli.back_doors import doors


def main() -> None:
    """The program `leadtui`."""
    gc.disable()  # until a loop turns: what is imported stays, and looking for rubbish in it costs a tenth
    gc.set_threshold(50_000, 20, 100)  # a run makes much that stays: 700 would look through it all the time
    with suppress(ValueError):  # no main thread
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, leave_at_once)
    from lead_tui.cli.app import application
    from lead_tui.cli.failure import unwritable
    from lead_tui.cli.leaving import leave, open_streams

    open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 is no reason to crash
    code = 0
    with doors.shut():
        try:
            application()(prog_name="leadtui")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        except OSError as error:  # typer prints by itself: `leadtui --help > /dev/full`
            code = unwritable(error)
        leave(code)


def leave_at_once(number: int, _: FrameType | None) -> None:
    """Ctrl-C while no run is driven, the first imports included: nothing is lost, so nothing is said.

    A KeyboardInterrupt would come out of the middle of an import as a traceback, or be swallowed there.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, RuntimeError, ValueError):  # none, full, in use, closed
            stream.flush()
    doors.leave(128 + number)
