"""Every error of leadtui, drawn once. The class says what the reader can do, the message where and what next.

    LeadError                  exit code 1 unless the class says otherwise
    ├── UsageError             2   the call itself is wrong: an unknown run, flag or name
    │   └── RunNotFound
    ├── InvalidFlow            3   the document cannot run; carries every diagnostic; nothing was started
    ├── MissingSecret          3   a variable, key or secret input that the run needs is not set
    ├── TemplateError          3   at load; at run time it becomes the failure of a task
    ├── JournalError           8   the journal cannot be opened, read or written
    │   ├── JournalGone        8   its file was deleted or replaced while a run wrote to it
    │   └── OwnershipLost      9   another process took the run over while this one was writing
    ├── RunOwned               9   another live process drives the run
    ├── CommandRefused         2   the run cannot do what was asked; says why
    ├── IllegalTransition      70  a fact that does not fit the state: a bug of ours
    └── AgentError             what an agent raises to say exactly how a call failed

A call that failed is not an exception to the engine but data, a `Failure`: it travels in events.
"""

from enum import StrEnum
from typing import ClassVar

import msgspec


class Category(StrEnum):
    """What kind of thing went wrong. All eight are part of the flow language."""

    AGENT = "agent_error"
    TOOL = "tool_error"
    NETWORK = "network_error"
    PERMISSION = "permission_error"
    VALIDATION = "validation_error"
    TIMEOUT = "timeout_error"
    RESOURCE = "resource_error"
    SYSTEM = "system_error"


class Outcome(StrEnum):
    """What a failed call may have done: decides whether it may be made again."""

    SAFE = "safe"  # surely not executed
    UNKNOWN = "unknown"  # may have been executed
    PERMANENT = "permanent"  # would fail again the same way


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITY: dict[Category, Severity] = {
    Category.AGENT: Severity.MEDIUM,
    Category.TOOL: Severity.MEDIUM,
    Category.NETWORK: Severity.MEDIUM,
    Category.PERMISSION: Severity.HIGH,
    Category.VALIDATION: Severity.MEDIUM,
    Category.TIMEOUT: Severity.MEDIUM,
    Category.RESOURCE: Severity.LOW,
    Category.SYSTEM: Severity.CRITICAL,
}


class Failure(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How a call or a task failed, as data that can be stored, shown and decided on.

    `code` is a short machine word (`http_503`, `circuit_open`, `exit_2`, `undefined`), `status` the HTTP
    status where there is one, `retry_after` the seconds that the other side asked us to stay away.
    """

    category: Category
    message: str
    outcome: Outcome = Outcome.PERMANENT
    code: str = ""
    status: int | None = None
    retry_after: float | None = None

    @property
    def severity(self) -> Severity:
        return SEVERITY[self.category]

    def __str__(self) -> str:
        return f"{self.category}: {self.message}"


class LeadError(Exception):
    """The root of every error that leadtui raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(LeadError):
    exit_code = 2


class RunNotFound(UsageError):
    """No run has this id, or more than one begins with it."""


class InvalidFlow(LeadError):
    """The document cannot run. `diagnostics` holds every problem found, in file order."""

    exit_code = 3

    def __init__(self, diagnostics: "tuple[object, ...]") -> None:
        super().__init__("\n".join(str(each) for each in diagnostics))
        self.diagnostics = diagnostics


class MissingSecret(LeadError):
    exit_code = 3


class TemplateError(LeadError):
    """A template or expression that cannot be compiled or evaluated; `path` is what was missing, if so."""

    exit_code = 3

    def __init__(self, message: str, *, source: str = "", path: str = "", line: int = 1) -> None:
        super().__init__(message)
        self.source = source
        self.path = path
        self.line = line


class JournalError(LeadError):
    exit_code = 8


class JournalGone(JournalError):
    """What is written now goes to a file that has no name any more."""


class OwnershipLost(JournalError):
    exit_code = 9


class RunOwned(LeadError):
    exit_code = 9


class CommandRefused(LeadError):
    exit_code = 2


class IllegalTransition(LeadError):
    exit_code = 70


class AgentError(LeadError):
    """Raised inside an agent to end the attempt with exactly this failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


def failed(
    category: Category, message: str, outcome: Outcome = Outcome.PERMANENT, code: str = ""
) -> AgentError:
    """Make the error to raise for ending an attempt from deep inside an agent."""
    return AgentError(Failure(category, message, outcome, code))
