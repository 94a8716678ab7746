"""The document: what a flow says, and whether it can run.

models.py       the language as frozen pydantic models
document.py     text to plain data with a position for every node; bounds on size, depth and aliases
loader.py       a file or a dict to a `Document`: environment, models, checks, all problems at once
diagnostics.py  `file:line:col code message hint`
graph.py        who waits for whom: `depends_on` and references, cycles
checks.py       what no single field can tell: names, references, agents, actions
inputs.py       typed inputs from flags, file and defaults
resolve.py      the settings a task really runs with
schema.py       JSON Schema for editors
"""
