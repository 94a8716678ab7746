"""The tasks of a run as rows: their order, what each went through, why. Pure.

outline.py        the order of the rows and their guides
waterfall.py      a task's events as spans, spans as cells
critical_path.py totals.py   what decided how long the run took
attempts.py words.py sayings.py   a task's tries, reasons and last words
"""
