"""What users test their flows and plugins with; our own tests use nothing else.

loop.py      VirtualLoop, run_virtual: hours of waiting in no time; Deadlock instead of a hang
clock.py     VirtualClock: the wall clock that belongs to such a loop
context.py   FakeContext: what an agent gets, with scripted answers and everything it said
agents.py    scripted: an agent type from a function; CallLog: who was called with what
flows.py     run_flow: a whole flow in memory, in virtual time
ids.py       sequential: ids that are the same in every run of a test
model_server/  ModelServer: a scripted model behind the APIs of OpenAI and Anthropic, without network or key
"""

from lead_tui.testing.agents import Call, CallLog, scripted
from lead_tui.testing.clock import VirtualClock
from lead_tui.testing.context import FakeContext, approval, rejection
from lead_tui.testing.flows import Story, run_flow
from lead_tui.testing.ids import sequential
from lead_tui.testing.loop import Deadlock, VirtualLoop, run_virtual
from lead_tui.testing.model_server import (
    ModelRequest,
    ModelServer,
    answer,
    call,
    fail,
    raw,
    refuse,
    say,
    together,
)

__all__ = [
    "Call",
    "CallLog",
    "Deadlock",
    "FakeContext",
    "ModelRequest",
    "ModelServer",
    "Story",
    "VirtualClock",
    "VirtualLoop",
    "answer",
    "approval",
    "call",
    "fail",
    "raw",
    "refuse",
    "rejection",
    "run_flow",
    "run_virtual",
    "say",
    "scripted",
    "sequential",
    "together",
]
