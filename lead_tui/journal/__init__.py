"""The journal keeps runs, their events, notes and the inbox of commands.

base.py     what a journal promises, in prose
open.py     a journal from its address
codec.py    events and notes to bytes and back; an older journal always opens
owner.py    which process drives a run, and does it live
rules.py    what every journal decides the same way
sqlite.py   the real one: one SQLite file in WAL mode, through apsw (its docstring names its parts)
memory.py   the same promises without a disk, for tests and `run` in memory
"""
