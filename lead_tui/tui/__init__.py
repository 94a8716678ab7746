"""The cockpit: a Textual app on the handles of runs. A screen shows, a message wishes, the app acts.

app.py         opens screens, acts on what people want, draws frames
intents.py     what people want, as messages
steering.py leaving.py   commands to runs; how the screen is left, and what becomes of them
taking_up.py   what is asked before a wish takes up a run that nobody drives
model.py       a run as the screens see it: the one fold, and what changed since the last frame
feed.py feeds.py runs.py   from a run's handle to its model; the runs that are driven here
opening.py     what is shown first, what is left behind
look.py themes.py headline.py   glyphs, words and colours of states; the line above a run
keymap.py commands.py session.py   keys, the palette, what is kept for the next time
screens/ widgets/   one file each
tasks/ log/ dag/ values/ vitals/   what panes show, computed without Textual
flows/ editing/ calls/   the same for the home, the editor and the test of agents
prose/ screen/   text in cells; the terminal below
"""
