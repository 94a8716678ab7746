import time

import pytest

pytest.register_assert_rewrite("tests.agents.mcp.everything")

from tests.agents.mcp.stage import ours  # noqa: E402


@pytest.fixture
def no_process_left():
    """The same processes after the test as before, once those that are ending have ended."""
    before = ours()
    yield
    deadline = time.monotonic() + 5
    while ours() - before and time.monotonic() < deadline:
        time.sleep(0.02)  # what other processes do is no event of ours
    assert ours() == before
