"""JSON Schemas of servers and flows, and what of some data they do not take, within bounded time.

    schema     Schema: made once, asked for the faults of values
    keywords   the dialects, with every keyword bounded
    patterns   regular expressions that cannot run away
    bounds     how long a check may take

A schema is foreign, so nothing of it may hold up the process:

patterns      a linear-time engine (Rust's, which pydantic brings) and bounds of pattern and text, never `re`
branching     every keyword that is applied looks at the clock: after `bounds.SECONDS` the check gives up
recursion     ends at Python's own bound, and is told
references    lead to places of the same schema or to the published meta-schemas; nothing is fetched

A check that gave up is a fault, too: only what was checked fits. What cannot be checked at all is left out,
and stands in `Schema.unchecked`. Importing this imports jsonschema, a tenth of a second.
"""

from lead_tui.json_schema.schema import BadSchema, Misfit, Schema

__all__ = ["BadSchema", "Misfit", "Schema"]
