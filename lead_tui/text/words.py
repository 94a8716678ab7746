"""How times, failures and commands are written, in every report the same. What comes from outside is safe."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lead_tui.errors import Failure
from lead_tui.text.safe import safe_line
from lead_tui.text.wire import yaml_text

CALL_IS_GONE = "The call ended with its process: an answer makes it again, with all it did before it asked"
"""Of a question whose answer needs `--again`."""


def duration(seconds: float) -> str:
    """`0.05s`, `3.2s`, `2m05s`, `1h02m`: never more than six characters below ten hours."""
    if seconds < 59.95:
        return f"{seconds:.2f}s" if seconds < 0.095 else f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{minutes}m{rest:02}s" if not hours else f"{hours}h{minutes_left:02}m"


def stopwatch(seconds: float) -> str:
    """The same for a column: always one decimal below a minute."""
    return f"{seconds:.1f}s" if seconds < 59.95 else duration(seconds)


def failure_text(failure: Failure) -> str:
    """The category, the message and the code where it says more."""
    code = f" ({failure.code})" if failure.code and failure.code not in failure.message else ""
    return f"{failure}{code}"


def gate_commands(
    run_id: str,
    gate: str,
    form: dict[str, dict[str, Any]],
    options: Sequence[str],
    db: str | None = None,
    *,
    again: bool = False,
) -> tuple[str, str]:
    """What to type to answer a gate: the first option and choices, the others behind a `#`. `again`: the call
    that asks is gone, and an answer makes it again.
    """
    flags = ["--again"] if again else []
    answer, others = (["--answer", options[0]], [*options[1:]]) if options else ([], [])
    for name, field in form.items():
        choices = field.get("choices") or field.get("enum") or []
        if "default" not in field:
            value = choices[0] if choices else str(field.get("type", "string")).upper()
            answer += ["-i", f"{name}={value}"]
            others += [f"{name}={choice}" for choice in choices[1:]]
    comment = f"  # or {safe_line(', '.join(others), 200)}" if others else ""
    return (
        command_line("approve", run_id, gate, *flags, *answer, db=db) + comment,
        command_line("reject", run_id, gate, *flags, db=db),
    )


def command_line(verb: str, *words: str, db: str | None = None) -> str:
    """Give the command as a shell takes it."""
    place = () if db is None else ("--db", db)
    return f"leadtui {verb} {shlex.join(safe_line(word, 200) for word in (*words, *place))}"


def go_on(verb: str, run_id: str, secrets: Sequence[str] = (), db: str | None = None) -> str:
    """`resume` or `retry`, with the inputs that must be given again: they are stored nowhere."""
    again = [word for name in secrets for word in ("-i", f"{safe_line(name, 80)}=...")]
    return command_line(verb, run_id, *again, db=db)


def money(usd: float) -> str:
    """`2.50 USD`, and enough digits of what is less than a dollar."""
    return f"{usd:.2f} USD" if usd >= 1 or not usd else f"{usd:.4f} USD"


def counted(number: float, one: str, many: str = "") -> str:
    """`1 call`, `2 calls`, `1,000 retries`."""
    return f"{number:,.10g} {one if number == 1 else many or one + 's'}"


def spending(usage: Mapping[str, float], model_calls: float | None = None) -> str:
    """What models cost: calls, tokens, money and calls whose price is not known; "" for what cost none.

    `model_calls`: how many of the calls went to a model. Without it all calls are told.
    """
    tokens = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    unpriced = usage.get("unpriced_calls", 0)
    if not (tokens or unpriced or "usd" in usage):
        return ""
    calls = usage.get("calls", 0) if model_calls is None else model_calls
    words = [counted(calls, "call" if model_calls is None else "model call")] if calls else []
    words += [f"{tokens:,.0f} tokens"] if tokens else []
    words += [money(usage["usd"])] if "usd" in usage else []
    words += [f"{unpriced:,.0f} unpriced"] if unpriced else []
    if unmetered := usage.get("unmetered_calls", 0):
        words.append(f"{unmetered:,.0f} without a count of tokens")
    return ", ".join(words)


def limit_text(what: str, amount: float) -> str:
    """A limit of a budget with its unit: `2 USD`, `5,000 tokens`, `1 call`, `90 seconds`."""
    number = f"{amount:,.0f}" if amount >= 1000 else f"{amount:.4g}"
    return f"{number} {_unit(what, amount)}"


def _unit(what: str, amount: float) -> str:
    if what == "usd":
        return "USD"
    return what.removesuffix("s") if amount == 1 else what


def spent_text(what: str, spent: float, limit: float, uncounted: float = 0) -> str:
    """`2 of 30 calls`, `0.5 of 2 USD`; `unknown of 2 USD` where no call has a price. `uncounted`: calls that
    are not in `spent`.
    """
    if uncounted and not spent:
        return f"unknown of {limit_text(what, limit)}"
    return f"{limit_text(what, spent).rpartition(' ')[0]} of {limit_text(what, limit)}"


def uncounted_text(what: str, calls: float) -> str:
    """`3 calls without a price are not in this`."""
    lacks = "a price" if what == "usd" else "a count of tokens"
    return f"{counted(calls, 'call')} without {lacks} {'is' if calls == 1 else 'are'} not in this"


def whose_budget(agent: str) -> str:
    return f"the budget of {safe_line(agent, 80)}" if agent else "the budget of the flow"


def raise_budget(run_id: str, spent: Iterable[Mapping[str, Any]], db: str | None = None) -> list[str]:
    """The commands that raise these limits, one for each budget; the amounts are for the reader to choose."""
    flags: dict[str, list[str]] = {}
    for each in spent:
        flags.setdefault(each["agent"], []).append(each["what"])
    return [
        command_line("raise-budget", run_id, *(["--agent", agent] if agent else []), db=db)
        + "".join(f" --{what} ..." for what in whats)
        for agent, whats in flags.items()
    ]


def short_name(name: str, limit: int = 28) -> str:
    """A name in a column: a long one loses its middle, since beginning and end tell names apart."""
    if len(name) <= limit:
        return safe_line(name)
    end = limit // 2
    return safe_line(f"{name[: limit - end - 1]}…{name[-end:]}")


def preview(shown: Any, lines: int = 12, width: int = 200) -> list[str]:
    """The first lines of what a gate shows, as YAML; says what is missing. `width`: characters of a line."""
    every = _as_yaml(shown).splitlines() or [""]
    more = [f"… {counted(len(every) - lines, 'more line')}"] if len(every) > lines else []
    return [f"| {safe_line(each, width)}" for each in every[:lines]] + more


def _as_yaml(value: Any) -> str:
    return value if isinstance(value, str) else yaml_text(value)
