"""The core decides what happens in a run. It is pure: no await, clock, randomness, file, log or environment.

plan.py      what of the flow the core needs, compiled once per run
events.py    facts, past tense: what the log of a run is made of
commands.py  what a person may ask of a run
effects.py   orders to the runner, imperative
state.py     the run as a fold of its events; `apply` is the only writer
decide.py    the facts and effects that follow from a state
machine.py   `handle(fact) -> Step(events, effects)`: apply, decide, apply
views.py     questions a reader asks of a state: why, progress, errors
"""
