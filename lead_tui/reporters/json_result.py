"""`--output json`: one object on stdout at the end; progress on stderr as with text."""

from typing import Any

from lead_tui.errors import Failure
from lead_tui.reporters.result_text import with_commands
from lead_tui.reporters.text import TextReporter
from lead_tui.runner.result import Result
from lead_tui.text.wire import escaped, json_text


class JsonReporter(TextReporter):
    """Results and outputs stand in it as they are; what a terminal would obey is escaped."""

    def body(self, result: Result, exit_code: int) -> str:
        waiting = with_commands(result.run_id, result.waiting_for, self.target.db, self.target.secrets)
        data = result_data(result, exit_code) | {"waiting_for": waiting}
        return escaped(json_text(data, indent=2), self.stdout.encoding)


def result_data(result: Result, exit_code: int) -> dict[str, Any]:
    """All fields of the result, `success` and `exit_code`, as plain data."""
    fields: dict[str, Any] = {name: getattr(result, name) for name in result.__dataclass_fields__}
    return {
        **fields,
        "success": result.success,
        "exit_code": int(exit_code),
        "errors": {name: failure_data(failure) for name, failure in result.errors.items()},
        "failure": None if result.failure is None else failure_data(result.failure),
    }


def failure_data(failure: Failure) -> dict[str, Any]:
    """All fields, those that are not set too."""
    return {
        "category": str(failure.category),
        "severity": str(failure.severity),
        "message": failure.message,
        "code": failure.code,
        "outcome": str(failure.outcome),
        "status": failure.status,
        "retry_after": failure.retry_after,
    }
