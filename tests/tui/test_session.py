"""What is kept between two times of the cockpit."""

from pathlib import Path

from lead_tui.tui.session import Session, load, save


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    """A session goes through its file unchanged."""
    path = tmp_path / "deep" / "cockpit.toml"
    session = Session(theme="leadtui-light", ascii=True, keys={"run.cancel": "ctrl+k"}, filter="a[b]\n")
    assert save(session, path) == ""
    assert load(path) == (session, "")
    assert [each.name for each in path.parent.iterdir()] == ["cockpit.toml"]


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    """The first start has no file and says nothing."""
    assert load(tmp_path / "cockpit.toml") == (Session(), "")


def test_one_wrong_value_costs_no_other(tmp_path: Path) -> None:
    """Fields that cannot be used are told and left out, the rest counts."""
    path = tmp_path / "cockpit.toml"
    path.write_text('theme = 3\nfilter = "x"\nunknown = 1\n')
    session, problem = load(path)
    assert session == Session(filter="x")
    assert "theme" in problem
    assert str(path) in problem


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    """A broken file is named, and the cockpit starts with its defaults."""
    path = tmp_path / "cockpit.toml"
    path.write_text("theme = [")
    session, problem = load(path)
    assert session == Session()
    assert "no TOML" in problem


def test_a_folder_in_its_place_stops_nothing(tmp_path: Path) -> None:
    """What cannot be read or written is told, never raised."""
    path = tmp_path / "cockpit.toml"
    path.mkdir()
    assert "cannot be read" in load(path)[1]
    assert "cannot be written" in save(Session(), path)
    assert list(tmp_path.iterdir()) == [path]
