"""Two agent types of the tests' own, and the ways to load a flow with them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from lead_tui.errors import InvalidFlow
from lead_tui.flow.loader import Document, load, load_data
from lead_tui.flow.models import AgentConfig, Model


class Command(Model):
    command: str | list[str]
    times: int = 1


class Local(AgentConfig):
    """Built in, with one action whose parameters are known."""

    builtin = True
    actions = frozenset({"run"})

    @classmethod
    def parameters_model(cls, action: str) -> type[Model] | None:
        return Command if action == "run" else None


class Service(AgentConfig):
    """Declared, any action, with fields of its own."""

    headers: dict[str, str] = Field(default_factory=dict)
    env: dict[str, str] = Field(default_factory=dict)


TYPES = {"local": Local, "service": Service}


class Loader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: dict[str, Any] = {"agent_types": TYPES.get, "type_names": list(TYPES)}

    def file(self, text: str | bytes, name: str = "flow.yaml", **environment: str) -> Document:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(path, environment=environment, **self.options)

    def data(self, data: dict[str, Any], original: Path | None = None, **environment: str) -> Document:
        return load_data(data, folder=self.folder, environment=environment, original=original, **self.options)

    def problems(self, text: str | bytes, name: str = "flow.yaml", **environment: str) -> list[str]:
        """Each diagnostic as `line:col code`."""
        with pytest.raises(InvalidFlow) as caught:
            self.file(text, name, **environment)
        return [f"{each.line}:{each.col} {each.code}" for each in caught.value.diagnostics]

    def messages(self, text: str | bytes, name: str = "flow.yaml", **environment: str) -> str:
        with pytest.raises(InvalidFlow) as caught:
            self.file(text, name, **environment)
        return str(caught.value)


@pytest.fixture
def flow(tmp_path: Path) -> Loader:
    return Loader(tmp_path)
