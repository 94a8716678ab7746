"""A file that is edited comes back exactly, is saved in one step, and is not written over unseen."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.tui.editing.text_file import ChangedOnDisk, NotEditable, TextFile

MIB = 1024 * 1024


@given(
    st.text(st.characters(codec="utf-8"), max_size=40), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()
)
def test_what_was_not_changed_is_saved_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, text: str, line_end: str, bom: bool
) -> None:
    """Any text, any line ends, mixed ones too, with and without a byte order mark."""
    path = tmp_path_factory.mktemp("any") / "flow.yaml"
    data = b"\xef\xbb\xbf" * bom + f"a{line_end}{text}{line_end}b".encode()
    path.write_bytes(data)
    file = TextFile.read(path)
    assert file.save(file.text).stored == data
    assert path.read_bytes() == data


def test_line_ends_are_those_of_the_file(tmp_path: Path) -> None:
    """A new line in a file with CRLF ends like the others, and no newline is added at the end."""
    path = tmp_path / "flow.yaml"
    path.write_bytes(b"a: 1\r\nb: 2")
    file = TextFile.read(path)
    assert file.text == "a: 1\nb: 2"
    file.save("a: 1\nc: 3\nb: 2")
    assert path.read_bytes() == b"a: 1\r\nc: 3\r\nb: 2"


def test_mixed_line_ends_stay_where_they_are(tmp_path: Path) -> None:
    """What cannot be told by one rule stays in the text."""
    path = tmp_path / "flow.yaml"
    path.write_bytes(b"a\r\nb\nc\r\n")
    assert TextFile.read(path).text == "a\r\nb\nc\r\n"


def test_a_save_keeps_mode_and_backup(tmp_path: Path) -> None:
    """File and backup have the mode that the file had, and nothing else is left behind."""
    path = tmp_path / "flow.yaml"
    path.write_text("one\n")
    path.chmod(0o640)
    file = TextFile.read(path).save("two\n")
    file.save("three\n")
    assert path.read_text() == "three\n"
    backup = tmp_path / "flow.yaml~"
    assert backup.read_text() == "two\n"
    assert {each.stat().st_mode & 0o777 for each in (path, backup)} == {0o640}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["flow.yaml", "flow.yaml~"]


def test_a_new_file_has_no_backup(tmp_path: Path) -> None:
    """It is made with the mode that new files get here."""
    path = tmp_path / "new.yaml"
    file = TextFile.read(path)
    assert file.is_new
    assert not file.save("a\n").is_new
    other = tmp_path / "other"
    other.touch()
    assert path.stat().st_mode == other.stat().st_mode
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new.yaml", "other"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The link stays a link; the file that it leads to holds the text, its backup beside it."""
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "flow.yaml"
    real.write_text("one\n")
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    TextFile.read(link).save("two\n")
    assert link.is_symlink()
    assert real.read_text() == "two\n"
    assert (tmp_path / "real" / "flow.yaml~").read_text() == "one\n"


def test_a_link_in_the_place_of_the_backup_is_replaced(tmp_path: Path) -> None:
    """What it leads to is not written over."""
    path, victim = tmp_path / "flow.yaml", tmp_path / "victim"
    path.write_text("one\n")
    victim.write_text("precious\n")
    (tmp_path / "flow.yaml~").symlink_to(victim)
    TextFile.read(path).save("two\n")
    assert victim.read_text() == "precious\n"
    assert not (tmp_path / "flow.yaml~").is_symlink()


@pytest.mark.parametrize("theirs", ["theirs\n", None])
def test_what_others_did_is_not_written_over_unasked(tmp_path: Path, theirs: str | None) -> None:
    """A file changed or removed since it was read is refused, and written when asked for."""
    path = tmp_path / "flow.yaml"
    path.write_text("one\n")
    file = TextFile.read(path)
    path.unlink()
    if theirs is not None:
        path.write_text(theirs)
    with pytest.raises(ChangedOnDisk, match=r"flow\.yaml was (changed|removed) meanwhile"):
        file.save("mine\n")
    assert (path.read_text() if path.exists() else None) == theirs
    file.save("mine\n", overwrite=True)
    assert path.read_text() == "mine\n"
    if theirs is not None:
        assert (tmp_path / "flow.yaml~").read_text() == theirs


def test_somebody_else_made_the_new_file_first(tmp_path: Path) -> None:
    """A file that appears under a new name is not written over."""
    file = TextFile.read(tmp_path / "new.yaml")
    (tmp_path / "new.yaml").write_text("theirs\n")
    with pytest.raises(ChangedOnDisk):
        file.save("mine\n")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Not UTF-8 (with its line), too large, a folder, a pipe: each is told and none is touched."""
    path = tmp_path / "flow.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(NotEditable, match=r"not UTF-8 \(line 2\)"):
        TextFile.read(path)
    path.write_bytes(b"x" * (MIB + 1))
    with pytest.raises(NotEditable, match="larger than 1 MiB"):
        TextFile.read(path)
    os.mkfifo(tmp_path / "pipe")
    for other in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(NotEditable, match="is not a file"):
            TextFile.read(other)
    with pytest.raises(NotEditable, match="cannot be read"):
        TextFile.read(path / "below-a-file.yaml")


def test_a_text_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Too large for a flow, or half a character; the file stays as it was."""
    path = tmp_path / "flow.yaml"
    path.write_text("one\n")
    file = TextFile.read(path)
    with pytest.raises(NotEditable, match="at most 1 MiB"):
        file.save("x" * (MIB + 1))
    with pytest.raises(NotEditable, match="half a character"):
        file.save("\ud800")
    assert path.read_text() == "one\n"


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """The message names the file and the reason, and nothing is left behind."""
    file = TextFile.read(tmp_path / "gone" / "flow.yaml")
    with pytest.raises(NotEditable, match=r"gone/flow\.yaml cannot be written: No such file"):
        file.save("a\n")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_taken_is_told(tmp_path: Path) -> None:
    """A folder where the backup should go: the save fails whole, and its temporary file is gone."""
    path = tmp_path / "flow.yaml"
    path.write_text("one\n")
    (tmp_path / "flow.yaml~").mkdir()
    with pytest.raises(NotEditable, match="cannot be written"):
        TextFile.read(path).save("two\n")
    assert path.read_text() == "one\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["flow.yaml", "flow.yaml~"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_only_be_read_is_not_replaced(tmp_path: Path) -> None:
    """Although its folder would allow it."""
    path = tmp_path / "flow.yaml"
    path.write_text("one\n")
    path.chmod(0o444)
    with pytest.raises(NotEditable, match="may only be read"):
        TextFile.read(path).save("two\n")
