"""leadtui runs YAML flows of agents on an embedded, durable async engine and shows them in the terminal.

    flow, templating    the document, checked before anything starts
    core                decides, pure: facts in, facts and effects out
    journal             keeps the facts; observers see them
    resilience, agents  one call, and what stands round it
    runner              the async shell that connects these
    lead_agent          the Python facade
    reporters, cli      front ends

A run is its event log: the engine appends facts, everything else folds them.
"""
