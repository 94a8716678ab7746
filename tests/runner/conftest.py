"""An agent type that is whatever function a test brings."""

import pytest

from lead_tui.agents import registry
from lead_tui.testing import CallLog, scripted


@pytest.fixture
def agent(monkeypatch):
    """Register a function as the agent type `test`; gives the log of its calls."""

    def register(function) -> CallLog:
        calls = CallLog()
        monkeypatch.setitem(registry._registered, "test", scripted(function, calls))
        return calls

    return register
