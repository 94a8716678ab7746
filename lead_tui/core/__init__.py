"""The core decides what happens in a run. It is pure: no await, clock, randomness, file, log or environment.

plan.py          what of the flow the core needs, compiled once per run by compile.py
events.py        facts, past tense: what the log of a run is made of
commands.py      what a person may ask of a run; refusal.py says why not
effects.py       orders to the runner, imperative
state.py         what is known of a run
spending.py      what attempts used, as budgets count it
apply.py         the one door to it, with task_changes.py (and the law of transitions) and run_changes.py
follow.py        what follows from a fact
settle.py        what a run does next when nothing is left to follow; verdict.py how it ended
recovery.py      what a new owner does with a run that another process left
machine.py       `handle(fact) -> Step(events, effects)`: apply, follow, settle
views.py         questions a reader asks of a state: why, progress, errors
"""
