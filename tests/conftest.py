"""What all tests may share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from lead_tui.testing import FakeContext

# where a change is judged, the same examples each time; elsewhere new ones, to find what nobody thought of
settings.register_profile("default", deadline=None, max_examples=60, derandomize="CI" in os.environ)
settings.load_profile("default")


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., FakeContext]:
    """Make contexts whose flow lies in the test's own folder."""

    def make(**settings: Any) -> FakeContext:
        return FakeContext(**{"folder": tmp_path, **settings})

    return make
