"""Which files of a folder are flows, and what is wrong with them."""

import os
from pathlib import Path

import pytest

from lead_tui.tui.flows import folder as folder_of
from lead_tui.tui.flows.folder import Folder, candidates, looks_like_flow

GOOD = """\
name: good
description: does it
tasks:
  - {name: a, agent_name: shell, action: run, parameters: {command: [ls]}}
"""
BAD = """\
name: bad
tasks:
  - {name: a, agent_name: nobody, action: x}
  - {name: a, agent_name: nobody, action: y}
"""


def names(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in candidates(folder)]


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_flows_are_found_in_folders_by_depth_and_name(tmp_path: Path) -> None:
    """Those of the folder itself come first; hidden and foreign folders, and those too deep, are left out."""
    for name in ("b.yaml", "a.yml", "z.json", "c.txt", "sub/d.yaml", ".git/e.yaml", "node_modules/f.yaml"):
        write(tmp_path / name)
    write(tmp_path / "1/2/3/4/deep.yaml")
    write(tmp_path / "1/2/3/4/5/deeper.yaml")
    assert names(tmp_path) == ["a.yml", "b.yaml", "z.json", "sub/d.yaml", "1/2/3/4/deep.yaml"]


def test_a_link_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    """Else one flow would be found again and again."""
    write(tmp_path / "sub/a.yaml")
    (tmp_path / "sub/again").symlink_to(tmp_path)
    assert names(tmp_path) == ["sub/a.yaml"]


def test_the_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In files, and in entries of folders that hold other things; a folder that is not there holds none."""
    for number in range(5):
        write(tmp_path / f"{number}.yaml")
    monkeypatch.setattr(folder_of, "MAX_FILES", 3)
    assert len(names(tmp_path)) == 3
    monkeypatch.setattr(folder_of, "MAX_ENTRIES", 2)
    assert len(names(tmp_path)) == 2
    assert names(tmp_path / "gone") == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (b"name: x\ntasks: []\n", True),
        (b"tasks:\n- a\nagents: []\n", True),
        (b'{"name":"x","tasks":[]}', True),
        (b'{\n  "tasks": [],\n  "agents": []\n}', True),
        (b"- hosts: all\n  name: x\n  tasks: []\n", False),
        (b"name: x\njobs: {}\n", False),
        (b"tasks: []\n", False),
        (b"# tasks: and name: in a comment\n", False),
        (b"", False),
    ],
)
def test_what_looks_like_a_flow(text: bytes, is_one: bool) -> None:
    """Both keys stand at the top, in YAML or JSON."""
    assert looks_like_flow(text) is is_one


def test_a_flow_is_told_with_its_problems(tmp_path: Path) -> None:
    """A valid one with its name and tasks, an invalid one with every error and where it stands."""
    write(tmp_path / "good.yaml", GOOD)
    write(tmp_path / "bad.yaml", BAD)
    write(tmp_path / "other.yaml", "just: text\n")
    bad, good = Folder(tmp_path).look()
    assert (good.name, good.tasks, good.description, good.valid) == ("good", 1, "does it", True)
    assert good.agents == ("shell",)
    assert good.source == str((tmp_path / "good.yaml").resolve())
    assert not bad.valid
    assert bad.name == "bad"
    assert len(bad.problems) >= 2
    assert bad.problems[0].line is not None


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    """The same object comes back for a file that is as it was, unless everything is asked for anew."""
    write(tmp_path / "a.yaml", GOOD)
    changing = write(tmp_path / "b.yaml", GOOD)
    folder = Folder(tmp_path)
    first = folder.look()
    changing.write_text(BAD)
    second = folder.look()
    assert second[0] is first[0]
    assert not second[1].valid
    assert folder.look(anew=True)[0] is not first[0]
    changing.unlink()
    assert len(folder.look()) == 1


def test_a_new_env_file_can_make_a_flow_valid(tmp_path: Path) -> None:
    """The variable that was missing is there, though the flow's file is as it was."""
    write(tmp_path / "a.yaml", GOOD.replace("does it", "${LEADTUI_TEST_WORDS}"))
    folder = Folder(tmp_path)
    assert [each.code for each in folder.look()[0].problems] == ["missing-variable"]
    write(tmp_path / ".env", "LEADTUI_TEST_WORDS=hello\n")
    assert folder.look()[0].description == "hello"


def test_files_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    """A pipe would wait for ever, a dangling link leads nowhere, a folder is no file, nothing huge a flow."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "gone")
    (tmp_path / "loop.yaml").symlink_to(tmp_path)
    write(tmp_path / "huge.yaml", GOOD + "#" * (1024 * 1024))
    assert Folder(tmp_path).look() == []


def test_a_missing_environment_file_is_a_problem_of_the_flow(tmp_path: Path) -> None:
    """It is told where the flow stands, and stops nothing."""
    write(tmp_path / "a.yaml", GOOD)
    (found,) = Folder(tmp_path, tmp_path / "gone.env").look()
    assert [each.code for each in found.problems] == ["cannot-load"]
    assert "gone.env" in found.problems[0].message
