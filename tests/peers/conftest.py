"""Each peer that the shared tests are asked of: our own server always, the proxy when peers are asked for."""

from collections.abc import AsyncIterator, Iterator

import pytest

from lead_tui.testing import ModelRequest, ModelServer, call, fail, say
from lead_tui.testing.model_server import Reply
from tests.peers import litellm_proxy
from tests.peers.models import ANSWER, BUSY, CLAUDE, OK, TOOL, Peer

# the first time, the proxy's environment is built
LITELLM = pytest.param("litellm", marks=[pytest.mark.peers, pytest.mark.timeout(700)])


@pytest.fixture(scope="session")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with litellm_proxy.running(tmp_path_factory.mktemp("litellm")) as peer:
        yield peer


def script(request: ModelRequest) -> Reply:
    """Our server's models, as the proxy is configured."""
    replies: dict[str, Reply] = {BUSY: fail("rate_limit"), TOOL: call("weather", city="Paris")}
    return replies.get(request.model, say(ANSWER))


@pytest.fixture(params=["ours", LITELLM])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    if request.param == "litellm":
        yield request.getfixturevalue("proxy")
        return
    async with ModelServer(script, models=[OK, CLAUDE, BUSY, TOOL]) as server:
        yield Peer("ours", server.url, server.key)
