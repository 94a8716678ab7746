"""Small flows for the tests of the runner."""

from typing import Any


def flow(*tasks: dict[str, Any], agents: list[Any] | None = None, **settings: Any) -> dict[str, Any]:
    """A parallel flow; tasks without an agent call the mock `m`."""
    mocks = agents if agents is not None else [{"name": "m", "type": "mock"}]
    return {
        "name": "test",
        "parallel_execution": True,
        "agents": mocks,
        "tasks": [{"agent_name": "m", "action": "go", **task} for task in tasks],
        **settings,
    }


def mock(**settings: Any) -> list[dict[str, Any]]:
    return [{"name": "m", "type": "mock", **settings}]


def ours(*tasks: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """A flow whose agent `m` is the function that the fixture `agent` registered."""
    return flow(*tasks, agents=[{"name": "m", "type": "test", **settings.pop("agent", {})}], **settings)
