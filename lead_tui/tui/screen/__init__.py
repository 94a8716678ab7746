"""The terminal under the app: what is written when, in frames, and without a full screen.

frames.py paint.py      the one clock of the screen, and what it draws, at once
terminal.py outlet.py   Textual's driver, with an outlet that a dead terminal cannot block
descriptors.py    the terminal for it alone: nothing in this process writes past it
plain_stream.py   the log as plain lines, instead of the full screen
"""
