"""A program: reads Python code from stdin, writes `{valid, errors, findings}` as JSON. Executes none of it:
it is parsed and compiled, so that it is valid where Python says so.

It runs on its own, see `validate_code.py`, and imports nothing of leadtui.
"""

import ast
import json
import resource
import sys
import warnings
from contextlib import suppress

SECONDS = 10
MEMORY = 2**30
MAX_FINDINGS = 200


def main() -> None:
    limit()
    warnings.simplefilter("ignore")
    json.dump(report(sys.stdin.buffer.read()), sys.stdout)


def limit() -> None:
    """What is over these limits ends this process, and no other."""
    for kind, most in ((resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_AS, MEMORY)):
        with suppress(ValueError, OSError):  # not every platform has each of them
            resource.setrlimit(kind, (most, most))


def report(source: bytes) -> dict[str, object]:
    try:
        tree = ast.parse(source)
        compile(source, "<code>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return wrong(error.msg, error.lineno, error.offset)
    except (RecursionError, MemoryError):
        return wrong("the code is nested too deeply")
    except ValueError as error:  # a null byte
        return wrong(str(error))
    return {"valid": True, "errors": [], **findings(tree)}


def wrong(message: str, line: int | None = None, column: int | None = None) -> dict[str, object]:
    error = {"line": line or 1, "column": column or 1, "message": message}
    return {"valid": False, "errors": [error], "findings": [], "more": 0}


def findings(tree: ast.Module) -> dict[str, object]:
    """What pyflakes finds, by line; `more` counts those that are left out."""
    from pyflakes.checker import Checker

    try:
        messages = sorted(Checker(tree, "<code>").messages, key=lambda each: (each.lineno, each.col))
    except RecursionError:
        return {"findings": [], "more": 0, "note": "nested too deeply to be looked through"}
    found = [
        {
            "line": each.lineno,
            "column": each.col + 1,
            "rule": type(each).__name__,
            "message": each.message % each.message_args,
        }
        for each in messages
    ]
    return {"findings": found[:MAX_FINDINGS], "more": max(0, len(found) - MAX_FINDINGS)}


if __name__ == "__main__":
    main()
