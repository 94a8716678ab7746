"""Settings: the environment over the file over the defaults."""

import pytest

from lead_tui.errors import UsageError
from lead_tui.settings import config_file, default_db, load_settings


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("LEADTUI_DB", raising=False)


@pytest.fixture
def config():
    """Write the settings file."""

    def write(text):
        config_file().parent.mkdir(parents=True, exist_ok=True)
        config_file().write_text(text)

    return write


def test_the_defaults():
    """Without a file and variables the journal lies in the user's data folder."""
    settings = load_settings()
    assert (settings.db, settings.durability) == (default_db(), "normal")
    assert default_db().endswith("journal.db")


def test_the_environment_wins_over_the_file(config, monkeypatch):
    """Each setting by itself."""
    config('db = "/from/file.db"\ndurability = "full"\n')
    monkeypatch.setenv("LEADTUI_DB", "/from/env.db")
    settings = load_settings()
    assert (settings.db, settings.durability) == ("/from/env.db", "full")


@pytest.mark.parametrize(
    ("text", "told"),
    [('durability = "x"', "durability"), ("= nonsense", "config.toml"), ("db = 3", "db")],
)
def test_a_setting_that_cannot_be_used(config, text, told):
    """A usage error that names the setting or the file."""
    config(text)
    with pytest.raises(UsageError, match=told):
        load_settings()


def test_a_file_that_is_no_text(config):
    """It is told by its path."""
    config("")
    config_file().write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"config\.toml"):
        load_settings()
