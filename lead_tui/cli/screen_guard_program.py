"""Gives a terminal back whose full screen died: a program of its own, run beside the one that has the screen.

    python -I -S screen_guard_program.py KEYS SCREEN FILE SETTINGS

The numbers are open descriptors: where the terminal's keys come from, where it is written to, and what was
written past the screen. SETTINGS is what termios said before the screen, under it and under plain lines, in
Python's words. On stdin comes `o` whenever a screen is open from now on, `c` when it is closed, be it for a
while (plain lines), `e` once the process leaves in order; its end is the end of the process that wrote it.
"""

import ast
import os
import signal
import sys
from typing import Any

OPEN, CLOSED, ORDERLY = b"o", b"c", b"e"
LEAVE_FULL_SCREEN = (
    b"\x1b[?2026l"  # what was held back for one frame
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?2004l\x1b[?1004l\x1b[?2048l"  # pasted text, focus and size as messages
    b"\x1b[<u"  # keys of the kitty protocol: before the alternate screen is left
    b"\x1b[0m\x1b[?7h\x1b[?1049l\x1b[?25h"
)
FLAGS = 4
"""The first settings are flags; the others nobody changes here."""
SHOWN = 4_000
"""Bytes of what was written past the screen: the last words of what killed it are among them."""
OVER = b"leadtui ended without a word; `leadtui runs` shows what it left\n"


def guard(told: int, keys: int, screen: int, file: int, settings: tuple[Any, Any, Any]) -> None:
    """Wait for the end; give the terminal back if the screen was open then, or was to come back."""
    import termios  # where there is none, nobody calls this

    story = b""
    while heard := os.read(told, 64):
        story += heard
    is_open = story.removesuffix(ORDERLY).endswith(OPEN)  # also in order: the terminal was held
    if not is_open and (not story or story.endswith(ORDERLY)):
        return
    try:
        before, *ours = settings
        if termios.tcgetattr(keys)[:FLAGS] in [each[:FLAGS] for each in ours]:
            termios.tcsetattr(keys, termios.TCSANOW, before)  # else a shell has it already, and edits a line
        os.write(screen, LEAVE_FULL_SCREEN + last_words(file) if is_open else OVER)
    except (OSError, termios.error):
        pass  # the terminal is gone, too


def last_words(file: int) -> bytes:
    """What was written past the screen last, and who died; nothing in it would be obeyed by a terminal."""
    size = os.fstat(file).st_size
    text = os.pread(file, SHOWN, max(size - SHOWN, 0)).decode("utf-8", "replace")
    if text and not text.endswith("\n"):
        text += "\n"
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in text).encode() + OVER


if __name__ == "__main__":
    for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    from_keys, to_screen, past_it = map(int, sys.argv[1:4])
    guard(0, from_keys, to_screen, past_it, ast.literal_eval(sys.argv[4]))
