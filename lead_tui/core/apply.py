"""The one door to a run's state: an event that does not fit raises and changes nothing."""

from lead_tui.core import events as ev
from lead_tui.core.run_changes import RUN_CHANGES
from lead_tui.core.state import RunState
from lead_tui.core.task_changes import TASK_RULES, apply_to_task
from lead_tui.errors import IllegalTransition


def apply(run: RunState, event: ev.Event) -> None:
    """Fold one event. Raises IllegalTransition, and changes nothing, if it does not fit."""
    if event.seq != run.seq + 1:
        raise IllegalTransition(f"event {event.seq} ({event.type}) does not follow {run.seq}")
    kind = type(event)
    rule = TASK_RULES.get(kind)
    if rule is not None:
        apply_to_task(run, event, *rule)
    elif (change := RUN_CHANGES.get(kind)) is not None:
        change(run, event)
    else:
        raise IllegalTransition(f"no rule for the event {event.type}")
    run.seq, run.last_at = event.seq, event.ts
