"""The help: every command has one with an example, and it loads nothing heavy."""

import subprocess
import sys

import pytest

from lead_tui.cli.app import SUMMARIES, load_command

HEAVY = (
    "textual", "rich", "httpx2", "aiohttp", "jinja2", "pydantic_settings", "apsw", "msgspec", "asyncio",
    "yaml", "structlog", "psutil",
)  # fmt: skip


def loaded_after(words, *modules):
    """Which of these modules a process has loaded after `leadtui WORDS`."""
    code = (
        "import sys; from lead_tui.cli import main\n"
        f"sys.argv = ['leadtui', *{words!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print('loaded:', *[name for name in {modules!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.rpartition("loaded:")[2].split()


@pytest.mark.parametrize("words", [["--help"], [], ["--version"]])
def test_help_loads_nothing_heavy(words):
    """`leadtui --help`, `leadtui` alone and `--version` import no front end, client, journal or engine."""
    assert loaded_after(words, *HEAVY, "lead_tui.errors") == []


def test_help_does_without_pydantic():
    """typer reads values with it, but the help has none to read."""
    assert loaded_after(["--help"], "pydantic") == []


def test_a_headless_run_never_imports_a_front_end(flow):
    """`leadtui run` of a shell flow loads no textual, no HTTP client and no rich."""
    path = flow({"name": "a", "sh": "echo hi"})
    assert loaded_after(["run", str(path)], "textual", "httpx2", "rich", "lead_tui.runner.runner") == [
        "lead_tui.runner.runner"
    ]


def test_help_names_every_command(leadtui):
    """The list is complete, in sections, and `leadtui` alone prints the same and exits with 0."""
    said = leadtui("--help")
    assert said.code == 0
    assert all(f"\n  {name}" in said.out for name in SUMMARIES)
    alone = leadtui()
    assert (alone.code, alone.out) == (0, said.out)


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_command_has_help_with_an_example(name, leadtui):
    """The module behind each name can be loaded, and its help ends with a command that can be typed."""
    said = leadtui(name, "--help")
    assert said.code == 0
    assert f"Usage: leadtui {name}" in said.out
    assert f"\n    leadtui {name}" in said.out


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_examples_parse(name):
    """Each example of a help names only options and arguments that the command has."""
    import shlex
    from importlib import import_module

    module = import_module(f"lead_tui.cli.commands.{name.replace('-', '_')}")
    for example in module.EXAMPLES:
        words = shlex.split(example.partition("|")[0].partition(">")[0])
        assert words[:2] == ["leadtui", name]
        load_command(name).make_context(name, words[2:])


@pytest.mark.parametrize(
    "name", ["runs", "show", "why", "agents", "doctor", "validate", "plan", "test-agent", "approve"]
)
def test_commands_that_print_data_take_json(name, leadtui):
    """`--json` stands in the help of what prints data."""
    assert "--json" in leadtui(name, "--help").out


def test_an_unknown_command_names_the_nearest(leadtui):
    """A slip of the fingers exits with 2 and a hint."""
    said = leadtui("aprove", "last")
    assert said.code == 2
    assert "did you mean 'approve'?" in said.err
    assert "`leadtui --help` lists them" in leadtui("zzzz").err


def test_a_wrong_flag_is_a_usage_error(leadtui):
    """Exit 2, for the program and for a command."""
    assert leadtui("--nonsense").code == 2
    assert leadtui("run", "flow.yaml", "--nonsense").code == 2
    assert leadtui("run").code == 2


def test_the_version(leadtui):
    """`--version` says the installed one."""
    from lead_tui import __version__

    assert leadtui("--version").out == f"leadtui {__version__}\n"
