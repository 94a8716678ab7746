"""What a person sets once for all runs: environment variables `LEADTUI_*` over a TOML file.

    LEADTUI_DB=/data/runs.db leadtui runs
    echo 'durability = "full"' >> ~/.config/leadtui/config.toml

Flags of a command and arguments in Python win over both.
"""

from pathlib import Path
from typing import Literal

from platformdirs import user_config_path, user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from lead_tui.errors import UsageError

PREFIX = "LEADTUI_"


def config_file() -> Path:
    return user_config_path("leadtui", appauthor=False) / "config.toml"


def default_db() -> str:
    return str(user_data_path("leadtui", appauthor=False) / "journal.db")


class Settings(BaseSettings):
    """`db` as `--db` takes it. `durability`: `full` also survives a power cut.

    `theme` of the cockpit, for this time; empty for the one that was chosen last.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    db: str = Field(default_factory=default_db)
    durability: Literal["normal", "full"] = "normal"
    theme: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())


def load_settings() -> Settings:
    """Raises UsageError, which names the setting and where it comes from, for one that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"the setting {name!r} ({PREFIX}{name.upper()} or {config_file()}): {first['msg']}"
        ) from None
    except ValueError as error:  # the file is no TOML
        raise UsageError(f"the settings file {config_file()}: {error}") from None
    except OSError as error:
        raise UsageError(f"the settings file {config_file()} cannot be read: {error.strerror}") from None
