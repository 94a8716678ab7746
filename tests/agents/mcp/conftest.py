import pytest

pytest.register_assert_rewrite("tests.agents.mcp.everything")

from tests.agents.mcp.stage import ours  # noqa: E402


@pytest.fixture
def no_process_left():
    """As many processes after the test as before."""
    before = ours()
    yield
    assert ours() == before
