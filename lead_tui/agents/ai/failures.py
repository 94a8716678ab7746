"""How a call of a model failed: from what pydantic-ai, the SDKs and the transport raise to a failure.

A status is judged by `http.errors`, as everywhere; what the provider says of it goes into the message,
masked. Imports pydantic_ai and httpx2.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
from msgspec import structs
from pydantic_ai import exceptions as ai

from lead_tui.agents.ai import unusable
from lead_tui.agents.output import Mask, excerpt
from lead_tui.errors import AgentError, Category, Failure, LeadError, Outcome
from lead_tui.http import errors as http_errors

REASON = 600
"""Characters of a provider's own words that a message repeats."""

_CATEGORIES: tuple[tuple[type[ai.ModelAPIError], Category, Outcome, str], ...] = (
    (ai.ModelQuotaExceededError, Category.RESOURCE, Outcome.PERMANENT, "no_money"),
    (ai.ModelRateLimitError, Category.RESOURCE, Outcome.UNKNOWN, "rate_limit"),
    (ai.ModelContextWindowExceededError, Category.VALIDATION, Outcome.PERMANENT, "context_length"),
    (ai.ModelAuthenticationError, Category.PERMISSION, Outcome.PERMANENT, "unauthorized"),
    (ai.ModelRequestRejectedError, Category.VALIDATION, Outcome.PERMANENT, "rejected"),
)
"""Errors without a status of their own: told inside a stream, so something was executed."""

_HINTS = {
    "context_length": "the conversation is longer than the model takes: send less, or use a larger model",
    "http_404": "check `model` and `endpoint` (a base URL mostly ends in /v1)",
}


class Unreadable(Exception):
    """Whoever read an answer stumbled over it; the cause says how."""


@contextmanager
def reading() -> Iterator[None]:
    """Whatever the SDKs and pydantic-ai raise in here that is no error of theirs comes from the answer."""
    try:
        yield
    except (LeadError, ai.AgentRunError, ai.UserError):
        raise
    except Exception as error:
        raise Unreadable from error


def of_exception(
    error: BaseException, what: str, mask: Mask, *, keyless: bool, again: bool
) -> Failure | None:
    """None for what is none of theirs. `what` names the model; `keyless`: no key was sent; `again`: a
    malformed answer may be asked for once more.
    """
    chain = list(_causes(error))
    for each in chain:
        if isinstance(each, AgentError):
            return each.failure
    for each in chain:
        if failure := _of_http(each, what, mask, keyless=keyless):
            return failure
    for each in chain:
        if isinstance(each, Exception) and (failure := http_errors.of_exception(each, what)):
            return failure
    for each in chain:
        if failure := _of_model(each, what, mask, again=again):
            return failure
    return next((_unreadable(each, what, mask) for each in chain if isinstance(each, Unreadable)), None)


def truncated(what: str) -> Failure:
    message = f"{what}: the answer broke off before its end"
    return Failure(Category.NETWORK, message, Outcome.UNKNOWN, "truncated")


def refused(what: str, why: str) -> Failure:
    message = f"{what} refused to answer" + (f": {why}" if why else " (content filter)")
    return Failure(Category.AGENT, message, Outcome.PERMANENT, "refused")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from _causes(error.exceptions[0])
        error = error.__cause__ or error.__context__


# --- a status ---------------------------------------------------------------------------------------------


def _of_http(error: BaseException, what: str, mask: Mask, *, keyless: bool) -> Failure | None:
    if isinstance(error, ai.ModelHTTPError):
        status, headers, body = error.status_code, error.headers or {}, error.body
    elif isinstance(response := getattr(error, "response", None), httpx2.Response) and response.is_redirect:
        # no SDK follows a redirect with our key
        status, headers, body = response.status_code, dict(response.headers), None
    else:
        return None
    failure = http_errors.of_status(status, headers, _as_text(body), datetime.now(UTC), what)
    if isinstance(error, ai.ModelHTTPError):
        failure = _refined(failure, error)
    return _told(failure, mask(_reason(body)), keyless=keyless, mask=mask)


def _refined(failure: Failure, error: ai.ModelHTTPError) -> Failure:
    """What pydantic-ai knows of the providers' codes and a bare status does not tell."""
    if isinstance(error, ai.ModelQuotaExceededError):
        return structs.replace(
            failure, category=Category.RESOURCE, outcome=Outcome.PERMANENT, code="no_money", retry_after=None
        )
    if isinstance(error, ai.ModelContextWindowExceededError):
        return structs.replace(
            failure, category=Category.VALIDATION, outcome=Outcome.PERMANENT, code="context_length"
        )
    if failure.outcome is not Outcome.PERMANENT and failure.retry_after is None:
        failure = structs.replace(failure, retry_after=error.retry_after)
    if error.in_stream and failure.outcome is Outcome.SAFE:
        return structs.replace(failure, outcome=Outcome.UNKNOWN)
    return failure


def _told(failure: Failure, reason: str, *, keyless: bool, mask: Mask) -> Failure:
    """With the provider's words, and what to do."""
    hint = _HINTS.get(failure.code, "")
    if failure.category is Category.PERMISSION and keyless:
        hint = "no key was sent: set `authentication`"
    elif failure.status is not None and 300 <= failure.status < 400:
        hint = "redirects are not followed: set `endpoint` to where it leads"
    said = f": {excerpt(reason, mask)[:REASON]}" if reason else ""
    return structs.replace(failure, message=f"{failure.message}{said}" + (f"; {hint}" if hint else ""))


def _as_text(body: object) -> str:
    return body if isinstance(body, str) else json.dumps(body, default=str)


def _reason(body: Any) -> str:
    """The sentence for people in an error's body, else its text."""
    if isinstance(body, dict):
        error = body.get("error", body)
        for each in (error, body):
            said = each.get("message") if isinstance(each, dict) else each
            if isinstance(said, str):
                return said
    return _as_text(body) if body else ""


# --- without a status -------------------------------------------------------------------------------------


def _of_model(error: BaseException, what: str, mask: Mask, *, again: bool) -> Failure | None:
    match error:
        case ai.ModelAPIError():
            return _of_stream(error, what, mask)
        case ai.ContentFilterError():
            return refused(what, "")
        case ai.OutputTokenLimitExceeded():
            message = (
                f"{what} was cut off by its limit of tokens before the answer was whole: see `max_tokens`"
            )
            return Failure(Category.AGENT, message, Outcome.PERMANENT, "cut_off")
        case ai.UnexpectedModelBehavior():
            message = (
                f"{what} gave no answer that can be used: {excerpt(unusable.reason(error), mask)[:REASON]}"
            )
            # one more try, and a service that answers is not down
            outcome = Outcome.SAFE if again else Outcome.PERMANENT
            return Failure(Category.AGENT, message, outcome, "malformed")
        case ai.UserError() | NotImplementedError():  # what this provider does not take
            message = f"{what} cannot be asked so: {excerpt(str(error), mask)[:REASON]}"
            return Failure(Category.VALIDATION, message, Outcome.PERMANENT, "bad_request")
        case _:
            return None


def _unreadable(error: Unreadable, what: str, mask: Mask) -> Failure:
    cause = error.__cause__
    odd = unusable.faults(cause) or f"{type(cause).__name__}: {cause}".removesuffix(": ")
    message = f"{what} answered with something that is not in its API: {excerpt(odd, mask)[:REASON]}"
    return Failure(Category.NETWORK, message, Outcome.UNKNOWN, "bad_response")


def _of_stream(error: ai.ModelAPIError, what: str, mask: Mask) -> Failure:
    said = excerpt(str(error), mask)[:REASON]
    for kind, category, outcome, code in _CATEGORIES:
        if isinstance(error, kind):
            return _told(Failure(category, what, outcome, code), said, keyless=False, mask=mask)
    return Failure(Category.NETWORK, f"{what} broke off: {said}", Outcome.UNKNOWN, "bad_response")
