"""What the tests of tools share."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lead_tui.tools import registry


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Install fake distributions: `plugins(distribution, module, source, **entry_points)`."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(registry, "_registered", {})
    modules: list[str] = []

    def install(distribution: str, module: str, source: str, **points: str) -> None:
        (folder / f"{module}.py").write_text(source)
        modules.append(module)
        info = folder / f"{distribution}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.5\n")
        lines = "\n".join(f"{name} = {value}" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[lead_tui.tools]\n{lines}\n")
        forget()

    def forget() -> None:
        registry._entry_points.cache_clear()
        registry._brought.cache_clear()

    forget()
    yield install
    forget()
    for module in modules:
        sys.modules.pop(module, None)
