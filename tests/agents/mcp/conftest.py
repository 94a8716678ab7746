import pytest

pytest.register_assert_rewrite("tests.agents.mcp.everything")

from tests.agents.mcp.stage import ours  # noqa: E402


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Files of runs go into the test's folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def no_process_left():
    """As many processes after the test as before."""
    before = ours()
    yield
    assert ours() == before
