"""leadtui runs YAML flows of agents on an embedded, durable async engine and shows them in the terminal.

    flow, templating    the document, checked before anything starts
    core                decides, pure: facts in, facts and effects out
    journal             keeps the facts; observers see them
    resilience, agents  one call, and what stands round it
    runner              the async shell that connects these
    lead_agent          the Python facade
    reporters, cli      front ends

A run is its event log: the engine appends facts, everything else folds them.

The names in `__all__` are the public ones. Each loads its module on first use (PEP 562), so `import lead_tui`
costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lead_tui.agents.base import AgentContext, AgentResponse, BaseAgent, Gate
    from lead_tui.agents.registry import register_agent_type
    from lead_tui.builder import WorkflowBuilder
    from lead_tui.core.commands import Approve, Cancel, CancelTask, Pause, Reject, Resume, Retry, Skip
    from lead_tui.core.events import Event, Note
    from lead_tui.errors import (
        AgentError,
        Category,
        CommandRefused,
        Failure,
        InvalidFlow,
        JournalError,
        LeadError,
        MissingSecret,
        Outcome,
        RunNotFound,
        RunOwned,
        UsageError,
    )
    from lead_tui.flow.models import AgentConfig, Workflow
    from lead_tui.lead_agent import LeadAgent, load, run
    from lead_tui.observers.hub import Observer
    from lead_tui.runner.handle import LocalRun, Receipt
    from lead_tui.runner.result import Result
    from lead_tui.runner.trial import Trial
    from lead_tui.tools.context import ToolContext
    from lead_tui.tools.registry import register_tool
    from lead_tui.tools.tool import tool

_HOMES = {
    "agents.base": ("AgentContext", "AgentResponse", "BaseAgent", "Gate"),
    "agents.registry": ("register_agent_type",),
    "builder": ("WorkflowBuilder",),
    "core.commands": ("Approve", "Cancel", "CancelTask", "Pause", "Reject", "Resume", "Retry", "Skip"),
    "core.events": ("Event", "Note"),
    "errors": (
        "AgentError", "Category", "CommandRefused", "Failure", "InvalidFlow", "JournalError", "LeadError",
        "MissingSecret", "Outcome", "RunNotFound", "RunOwned", "UsageError",
    ),
    "flow.models": ("AgentConfig", "Workflow"),
    "lead_agent": ("LeadAgent", "load", "run"),
    "observers.hub": ("Observer",),
    "runner.handle": ("LocalRun", "Receipt"),
    "runner.result": ("Result",),
    "runner.trial": ("Trial",),
    "tools.context": ("ToolContext",),
    "tools.registry": ("register_tool",),
    "tools.tool": ("tool",),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AgentConfig",
    "AgentContext",
    "AgentError",
    "AgentResponse",
    "Approve",
    "BaseAgent",
    "Cancel",
    "CancelTask",
    "Category",
    "CommandRefused",
    "Event",
    "Failure",
    "Gate",
    "InvalidFlow",
    "JournalError",
    "LeadAgent",
    "LeadError",
    "LocalRun",
    "MissingSecret",
    "Note",
    "Observer",
    "Outcome",
    "Pause",
    "Receipt",
    "Reject",
    "Result",
    "Resume",
    "Retry",
    "RunNotFound",
    "RunOwned",
    "Skip",
    "ToolContext",
    "Trial",
    "UsageError",
    "Workflow",
    "WorkflowBuilder",
    "__version__",
    "load",
    "register_agent_type",
    "register_tool",
    "run",
    "tool",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("leadtui")
    if name not in _HOME:
        raise AttributeError(f"module 'lead_tui' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"lead_tui.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
