"""`validate_code`: the syntax of Python code, and what pyflakes finds in it. The code is never executed.

It is parsed in a process of its own, with limits on time and memory: code can be written that brings down the
parser, and the process with it.
"""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec

from lead_tui.errors import AgentError, Category, Outcome, failed
from lead_tui.tools.tool import tool

MAX_CODE = 2**20
"""Bytes."""
SECONDS = 20.0

_PROGRAM = Path(__file__).with_name("lint_program.py")


@tool(category="code", idempotent=True)
async def validate_code(code: str, language: Literal["python"] = "python") -> dict[str, Any]:
    """Check the syntax of code and look for mistakes: names that are not there, unused imports and the like.

    Args:
        code: The source text of one module. It is read, never executed.
        language: What it is written in.

    """
    source = code.encode("utf-8", "replace")
    if len(source) > MAX_CODE:
        raise failed(
            Category.RESOURCE, f"code: {len(source)} bytes are more than {MAX_CODE}", code="too_large"
        )
    try:
        async with asyncio.timeout(SECONDS):
            exit_code, output = await _checked(source)
    except TimeoutError:
        message = f"the code could not be checked within {SECONDS:g} seconds"
        raise failed(Category.TIMEOUT, message, Outcome.PERMANENT, code="cannot_check") from None
    if exit_code != 0:
        raise _gave_up(exit_code)
    return {"language": language, **msgspec.json.decode(output)}


async def _checked(source: bytes) -> tuple[int, bytes]:
    """Exit code and output of the process that reads the code."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", str(_PROGRAM), stdin=pipe, stdout=pipe, stderr=nothing
    )
    try:
        output, _ = await process.communicate(source)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None  # noqa: S101 - it has ended
    return process.returncode, output


def _gave_up(exit_code: int) -> AgentError:
    how = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
    return failed(Category.TOOL, f"the code is too complex to be checked: the parser ended with {how}",
                  code="cannot_check")  # fmt: skip
