"""How a call failed, from what the server answered instead of a result.

the answer                               category            outcome
a result with isError                    tool_error          permanent, the server's text
invalid params, invalid request          validation_error    permanent
method not found                         validation_error    permanent, with the tools there are
any other JSON-RPC error                 tool_error          permanent
an answer that is no result              tool_error          permanent
the server ended, or broke the stream    network_error       unknown (safe while it starts)
HTTP                                     as `lead_tui/http/errors.py` says
"""

from collections.abc import Sequence

from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND
from pydantic import ValidationError

from lead_tui.agents.output import Mask, excerpt
from lead_tui.errors import AgentError, Category, Failure, Outcome, failed

MOST_NAMED = 30
LONGEST_NAME = 60
_NO_ANSWER = "SSE stream "
"""How the SDK begins to tell that an answer over HTTP ended before it was one."""
_CLOSED = "Connection closed"
_MUTE = "no back-channel"
"""What the SDK's servers say when a tool asks during a call and cannot."""


_ASKS_DURING = (
    'A server can ask during a call by `protocol: "2025-11-25"`, the default where the server has it; '
    "over HTTP it must keep sessions and answer by event streams, too"
)


def of_error(error: MCPError, what: str, tools: Sequence[str], mask: Mask) -> Failure:
    said = excerpt(error.message or f"error {error.code}", mask)
    if error.code == METHOD_NOT_FOUND:
        text = f"{what}: the server does not know it ({said}); {offered(tools)}"
        return Failure(Category.VALIDATION, text, Outcome.PERMANENT, "method_not_found")
    if error.code == CONNECTION_CLOSED and (error.message or "").startswith(_NO_ANSWER):
        return Failure(Category.NETWORK, f"{what}: {said}", Outcome.UNKNOWN, "no_answer")
    if error.code == INVALID_REQUEST and _MUTE in said:
        text = f"{what}: {said.rstrip('.')}. {_ASKS_DURING}"
        return Failure(Category.VALIDATION, text, Outcome.PERMANENT, "cannot_ask")
    if error.code in (INVALID_PARAMS, INVALID_REQUEST):
        return Failure(Category.VALIDATION, f"{what}: {said}", Outcome.PERMANENT, "invalid_params")
    return Failure(Category.TOOL, f"{what}: {said}", Outcome.PERMANENT, f"rpc_{error.code}")


def is_end(error: MCPError) -> bool:
    """Did the SDK find the connection closed? Servers use the same number for errors of their own."""
    return error.code == CONNECTION_CLOSED and error.message == _CLOSED


def of_answer(error: Exception, what: str, mask: Mask) -> Failure:
    """The server answered, and not as the protocol says."""
    said = excerpt(_first(error) if isinstance(error, ValidationError) else str(error), mask)
    text = f"{what}: the answer of the server cannot be used: {said}"
    return Failure(Category.TOOL, text, Outcome.PERMANENT, "bad_answer")


def _first(error: ValidationError) -> str:
    """What is wrong at the first place, and with what: `tools.1.inputSchema: Field required (in 'x')`."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the answer"
    found = first["input"]
    name = found.get("name") if isinstance(found, dict) else None
    return f"{place}: {first['msg']}" + (f" (in {name!r})" if isinstance(name, str) else "")


def unfit(what: str, how: str) -> AgentError:
    text = f"{what}: the answer does not fit the server's own schema: {how}"
    return failed(Category.TOOL, text, code="bad_answer")


def of_start(failure: Failure) -> AgentError:
    """Nothing was asked of it yet."""
    outcome = Outcome.SAFE if failure.outcome is Outcome.UNKNOWN else failure.outcome
    return AgentError(
        Failure(failure.category, failure.message, outcome, failure.code, failure.status, failure.retry_after)
    )


def hung_at_start(name: str, seconds: float, said: str) -> AgentError:
    text = f"the server {name} was not ready within {seconds:g} s: see `start_timeout`"
    text += f"; stderr: {said}" if said else ""
    return failed(Category.TIMEOUT, text, Outcome.SAFE, "start_timeout")


def offered(tools: Sequence[str]) -> str:
    if not tools:
        return "it offers no tools"
    more = f" and {len(tools) - MOST_NAMED} more" if len(tools) > MOST_NAMED else ""
    names = [
        name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in sorted(tools) if name
    ]
    return f"its tools are {', '.join(names[:MOST_NAMED])}{more}"


def root(error: Exception) -> Exception:
    """What lies in groups of one: task groups wrap what goes through them."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
