"""What a run said: kept in bounded channels, put into words, wrapped, searched. Pure but for the pen.

book.py        what was said, of each task and of all
words.py lines.py   how an item reads; the log as plain lines
transcript.py wrap.py   lines of a given width, laid out when they are needed
search.py pen.py    places that match; how a line is drawn
"""
