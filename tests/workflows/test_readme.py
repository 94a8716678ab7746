"""The README says nothing that is not so: its commands, its flows, its code and its files exist and work."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lead_tui
from lead_tui.cli.app import SUMMARIES
from lead_tui.flow.models import TaskSpec, Workflow

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLOWS = sorted(f"workflows/{each.name}" for each in (ROOT / "workflows").glob("*.yaml"))
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", *FLOWS]
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}


def blocks(language: str) -> list[str]:
    """The fenced blocks of this language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for kind, text in found if kind == language]


@pytest.mark.parametrize(
    "command",
    [
        (
            "python3 -m venv .venv && .venv/bin/pip install -q . "
            "&& .venv/bin/leadtui run workflows/quickstart.yaml"
        ),
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest -n logical",
    ],
)
def test_the_two_commands_are_there_word_for_word(command):
    """Each is a line of its own that can be copied."""
    assert f"\n    {command}\n" in README


def test_every_example_is_named():
    """Whoever reads the README finds each flow in workflows/, and no other."""
    assert set(re.findall(r"workflows/\w+\.yaml", README)) == set(FLOWS)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_exists(name):
    """No text sends anybody to a command that there is not."""
    named = set(re.findall(r"(?:`|\$ |#     |bin/)leadtui ([a-z][a-z-]*)", TEXTS[name]))
    assert named <= set(SUMMARIES)


def test_the_readme_names_every_command():
    """The table is complete."""
    assert set(re.findall(r"leadtui ([a-z][a-z-]*)", README)) >= set(SUMMARIES)


def test_the_reference_tables_are_complete():
    """Every agent type that this project brings, every key of a task and of a workflow has its place."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    keys = {
        field.alias or name for model in (TaskSpec, Workflow) for name, field in model.model_fields.items()
    }
    assert keys | set(project["entry-points"]["lead_tui.agents"]) <= set(re.findall(r"`([\w-]+)`", README))


def test_its_flows_are_valid(leadtui, tmp_path):
    """Each YAML block is a whole flow that passes `leadtui validate`."""
    flows = blocks("yaml")
    assert flows
    for number, text in enumerate(flows):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        said = leadtui("validate", path)
        assert said.code == 0, said.err


def test_its_programs_and_tests_run(tmp_path):
    """The Python example runs as it stands, and the agent passes the test that the README writes for it."""
    exchange, triage, script, agent, check = blocks("python")
    environment = {"HOME": str(tmp_path), "LEADTUI_DB": str(tmp_path / "journal.db"), "PATH": "/usr/bin:/bin"}
    ran = python(["-c", script], ROOT, environment)
    assert "1 run_queued" in ran
    assert "completed {'headline': 'The goal of 50 euros is reached. Cake!'" in ran
    for name, text in (("disk_agent.py", agent), ("test_disk_agent.py", check)):
        assert text.startswith(f"# {name}\n")
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert "1 passed" in python(["-m", "pytest", "-q", "-p", "no:cacheprovider", "."], tmp_path, environment)
    _its_tool_and_model_run(exchange, triage, tmp_path / "models", environment)


def _its_tool_and_model_run(exchange, triage, folder, environment):
    folder.mkdir()
    (folder / "exchange.py").write_text(exchange, encoding="utf-8")
    told = python(["-c", "import exchange; print(exchange.exchange(2, 1.5))"], folder, environment)
    assert told == "3.0\n"
    test = folder / "test_triage.py"
    test.write_text(triage, encoding="utf-8")
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    assert "1 passed" in python(["-m", "pytest", *options, str(test)], ROOT, environment)


def python(words: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_it_says_of_python_is_public():
    """Each name that an example imports from the package is one of the public ones."""
    imported = re.findall(r"^from lead_tui import (.+)$", README, re.MULTILINE)
    names = {name.strip() for line in imported for name in line.split(",")}
    assert names
    assert names <= set(lead_tui.__all__)


def test_its_links_lead_somewhere():
    """Each relative link and each folder of the layout exists."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    layout = next(block for block in blocks("") if block.startswith("lead_tui/"))
    for name in re.findall(r"^  (\S+)", layout, re.MULTILINE):
        assert (ROOT / "lead_tui" / name).exists(), name


@pytest.mark.parametrize("name", PAGES)
def test_lines_have_a_bearable_length(name):
    """Prose and flows fit a terminal; tables and transcripts may be wider."""
    for line in TEXTS[name].splitlines():
        assert len(line) <= 120 or line.startswith(("|", " ", "$")), line


def shape(line: str) -> str:
    """The line without what differs from run to run: times and ids."""
    return re.sub(r"\b[0-9a-f]{12}\b", "ID", re.sub(r"\d+\.\d+s", "TIME", line)).strip()


@pytest.mark.parametrize(
    "first", ["leadtui run workflows/quickstart.yaml --no-ui", "leadtui run workflows/approval_gate"]
)
def test_its_pictures_are_what_is_printed(first, leadtui):
    """Each line of a transcript is one of its command's; where some are missing stands `...`."""
    picture = next(text for text in blocks("") if text.startswith(f"$ {first}"))
    for part in picture.removeprefix("$ ").split("\n$ "):
        command, *lines = part.splitlines()
        said = leadtui(*command.split()[1:])
        printed = {shape(line) for line in (said.out + said.err).splitlines()}
        told = {shape(line) for line in lines} - {"..."}
        assert told <= printed, told - printed
        assert told == printed or "   ..." in lines or "..." in lines
