"""What is kept between two times of the cockpit."""

from pathlib import Path

from lead_tui.tui.session import Session, load, save


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    """A session goes through its file unchanged."""
    path = tmp_path / "deep" / "cockpit.toml"
    session = Session(theme="leadtui-light", ascii=True, filter="a[b]\n")
    assert save(session, path) == ""
    assert load(path) == (session, "")
    assert [each.name for each in path.parent.iterdir()] == ["cockpit.toml"]


def test_a_persons_own_lines_stay(tmp_path: Path) -> None:
    """Comments, keys and what this release does not know are there after a save."""
    path = tmp_path / "cockpit.toml"
    path.write_text('# mine\ntheme = "leadtui-dark" # calm\nnew = 1\n\n[keys]\n"run.zoom" = "ctrl+k" # k\n')
    session, problem = load(path)
    assert (problem, session.keys) == ("", {"run.zoom": "ctrl+k"})
    session.theme, session.screen = "leadtui-light", "graph"
    assert save(session, path) == ""
    text = path.read_text()
    for line in ("# mine", "# calm", "new = 1", '"run.zoom" = "ctrl+k" # k', "leadtui-light"):
        assert line in text
    assert load(path)[0] == session


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    """A bracket is missing: what stands there is not lost when the cockpit is left."""
    path = tmp_path / "cockpit.toml"
    path.write_text('theme = "leadtui-light"\n[keys\n')
    session, _ = load(path)
    assert "left as it is" in save(session, path)
    assert path.read_text() == 'theme = "leadtui-light"\n[keys\n'


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
    assert "left as it is" in save(Session(), path)
    assert list(tmp_path.iterdir()) == [path]
