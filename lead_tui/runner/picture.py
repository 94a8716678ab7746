"""A bounded picture of a value: enough of it for people to see what it was."""

from typing import Any

import msgspec

from lead_tui.errors import AgentError
from lead_tui.plain import NotPlain
from lead_tui.runner.plain import plain, storable
from lead_tui.runner.secrets import Concealer

LONGEST = 16 * 1024
"""Characters of JSON."""


def picture(value: Any, concealer: Concealer) -> Any:
    """The value as plain data without secrets; where it is longer than `LONGEST`, the beginning as text.

    Masked before it is cut: half a secret is not known as one.
    """
    try:
        value = concealer.conceal(plain(value))
    except (AgentError, NotPlain) as error:
        return f"({type(value).__name__}: {error})"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if len(text) <= LONGEST:
        return value
    return storable(f"{text[:LONGEST]}… ({len(text):,} characters)")
