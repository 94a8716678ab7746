"""What still waits for a person, and what was given to a run that nobody drives. Pure.

An answer or a raised budget that is stored asks nobody any more: it waits for somebody who takes the run up.
"""

from lead_tui.core import views
from lead_tui.core.state import GateState, RunStatus
from lead_tui.text.safe import safe_line
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.amounts import whose
from lead_tui.tui.vitals.spending import holding


def asking(model: RunModel) -> list[GateState]:
    """The open gates that nobody has answered."""
    answered = model.given.answers
    return [gate for gate in views.open_gates(model.state) if gate.request.gate not in answered]


def waits_for_resume(model: RunModel) -> bool:
    """Has everything been given that it waits for, so that it only has to be taken up?"""
    if not model.given or model.state.status is not RunStatus.WAITING:
        return False
    return not (asking(model) or holding(model) or views.interrupted(model.state))


def given_text(model: RunModel) -> str:
    """`deploy answered by ada, the budget raised by bob`; empty if nothing was given."""
    given, gates = model.given, model.state.gates
    told = [f"{gates[gate].request.task} answered by {by}" for gate, by in given.answers.items()]
    told += [f"{whose(agent)} raised by {raised.by}" for (agent, _), raised in given.raises.items()]
    return safe_line(", ".join(dict.fromkeys(told)), 200)
