"""What people read, the same in every report and on every screen.

safe.py    text from outside, made fit for a screen: nothing in it can act
words.py   durations, failures, names and the commands that go on
wire.py    plain data as JSON text that any stream can carry
"""
