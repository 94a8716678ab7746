"""The journal keeps runs, their events, notes and the inbox of commands.

base.py    what a journal promises, in prose
codec.py   events and notes to bytes and back; an older journal always opens
sqlite.py  the real one: one SQLite file in WAL mode, through apsw
memory.py  the same promises without a disk, for tests and `run` in memory
"""
