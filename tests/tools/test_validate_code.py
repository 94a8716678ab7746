"""`validate_code`: syntax and findings, and no code that runs or brings us down."""

import asyncio
import os
import signal
import sys

import psutil
import pytest

from lead_tui.errors import AgentError, Category
from lead_tui.tools import lint_program, validate_code
from lead_tui.tools.validate_code import validate_code as check


async def test_code_without_mistakes():
    """Valid, and nothing found."""
    assert await check("def f(x: int) -> int:\n    return x\n") == {
        "language": "python", "valid": True, "errors": [], "findings": [], "more": 0,
    }  # fmt: skip


async def test_findings():
    """What pyflakes finds, by line, with the name of its rule."""
    found = (await check("import os\n\ndef f():\n    return nowhere\n"))["findings"]
    assert [(each["line"], each["rule"]) for each in found] == [(1, "UnusedImport"), (4, "UndefinedName")]
    assert found[1]["message"] == "undefined name 'nowhere'"
    assert found[1]["column"] == 12


@pytest.mark.parametrize(
    ("code", "line", "complaint"),
    [
        ("x = 1\nif x\n", 2, "expected ':'"),
        ("def f():\nreturn 1", 2, "indented block"),
        ("x = '\0'", 1, "null bytes"),
        ("# coding: nonsense\n", 1, "unknown encoding"),
        ("(" * 300, 1, "too many nested parentheses"),
        ("x = \ud800", 1, "invalid"),
        ("nonlocal x", 1, "nonlocal declaration not allowed at module level"),
        ("async def f():\n    yield 1\n    return 2", 3, "'return' with value in async generator"),
        ("x = 1\nreturn 1", 2, "'return' outside function"),
        ("break", 1, "'break' outside loop"),
        ("def f(a, a): ...", 1, "duplicate argument 'a'"),
        ("from __future__ import nope", 1, "future feature nope is not defined"),
    ],
)
async def test_syntax_errors(code, line, complaint):
    """The mistake and its place."""
    found = await check(code)
    assert not found["valid"]
    assert found["errors"][0]["line"] in (line, 1)
    assert complaint in found["errors"][0]["message"]


@pytest.mark.parametrize(
    "code",
    ["-" * 200_000 + "1", "x" + ".a" * 200_000, "[" * 90 + "1" + "]" * 90, "a=" * 50_000 + "1"],
    ids=["signs", "attributes", "lists", "targets"],
)
async def test_code_that_is_made_to_hurt(code):
    """Whatever it does to the parser, the answer is one of ours, and this process lives."""
    try:
        assert (await check(code))["valid"] in (True, False)
    except AgentError as error:
        assert error.failure.code == "cannot_check"


async def test_nothing_is_executed(tmp_path, monkeypatch):
    """Neither the code nor a module that stands in its way: the folder we are in is not imported from."""
    witness = tmp_path / "witness"
    trap = f"open({str(witness)!r}, 'w')"
    monkeypatch.chdir(tmp_path)
    for name in ("pyflakes", "json", "ast"):
        (tmp_path / f"{name}.py").write_text(trap)
    found = await check(f"{trap}\n__import__('os').system('touch {witness}')\n")
    assert found["valid"]
    assert not witness.exists()


async def test_too_much_code(monkeypatch):
    """Bounded before anything is started."""
    with pytest.raises(AgentError) as caught:
        await check("x" * (validate_code.MAX_CODE + 1))
    assert caught.value.failure.category is Category.RESOURCE


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Run another program in place of the one that reads code."""

    def use(text):
        path = tmp_path / "program.py"
        path.write_text(text)
        monkeypatch.setattr(validate_code, "_PROGRAM", path)

    return use


async def test_a_parser_that_dies(program):
    """A crash of the process that parses is a failure of the tool, with the signal's name."""
    program("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(AgentError, match="SIGSEGV"):
        await check("x")
    program("raise SystemExit(3)")
    with pytest.raises(AgentError, match="exit code 3"):
        await check("x")


async def test_a_parser_that_does_not_end(program, monkeypatch):
    """After a while it is killed, and no process is left."""
    program("import time; time.sleep(600)")
    monkeypatch.setattr(validate_code, "SECONDS", 0.3)
    with pytest.raises(AgentError, match=r"within 0\.3 seconds"):
        await check("x")
    assert not [each for each in psutil.Process().children() if "program.py" in " ".join(each.cmdline())]


async def test_a_cancelled_call_leaves_no_process(program, tmp_path):
    """Killed and waited for."""
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    program(f"import time; open({str(begun)!r}, 'w').close(); time.sleep(600)")
    call = asyncio.create_task(check("x"))
    await asyncio.to_thread(begun.read_text)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not [each for each in psutil.Process().children() if "program.py" in " ".join(each.cmdline())]


def test_the_program_itself():
    """What it reports, in this process: the child has the same code."""
    assert lint_program.report(b"x = 1")["valid"]
    assert not lint_program.report(b"x =")["valid"]
    assert lint_program.report(b"x = '\0'")["errors"][0]["line"] == 1
    many = lint_program.report(b"\n".join(b"import a%d" % number for number in range(250)))
    assert (len(many["findings"]), many["more"]) == (200, 50)


def test_depth(monkeypatch):
    """Code that is nested too deeply for the parser, or only for pyflakes, is told as such."""

    def deep(*_):
        raise RecursionError

    monkeypatch.setattr("pyflakes.checker.Checker", deep)
    assert "too deeply" in lint_program.report(b"x = 1")["note"]
    monkeypatch.setattr(lint_program.ast, "parse", deep)
    assert lint_program.report(b"x")["errors"][0]["message"] == "the code is nested too deeply"


def test_limits_and_output(monkeypatch, capsys):
    """The program limits itself before it reads; a limit that the platform refuses is no reason to stop."""
    import io
    import types

    asked = []

    def setrlimit(kind, most):
        asked.append((kind, most[0]))
        raise ValueError

    monkeypatch.setattr(lint_program.resource, "setrlimit", setrlimit)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(b"x = 1")))
    monkeypatch.setattr(lint_program.warnings, "simplefilter", lambda _: None)
    lint_program.main()
    assert [most for _, most in asked] == [lint_program.SECONDS, lint_program.MEMORY]
    assert '"valid": true' in capsys.readouterr().out
    assert signal.SIGXCPU  # what the first of them would send
