"""A scripted model behind a real HTTP server: test a flow with AI agents without network or key.

    from lead_tui import LeadAgent
    from lead_tui.testing import ModelServer, answer, call, fail, say

    async def test_an_urgent_ticket():
        replies = [fail(429, retry_after=0), answer({"urgency": "high"}), say("We are on it.")]
        async with ModelServer(replies) as server:
            agent = LeadAgent("memory:", environment=server.environment)
            result = await agent.execute_workflow_from_file("triage.yaml", inputs={"ticket": "It burns!"})
        assert result.status == "completed"
        assert "It burns!" in server.requests[0].prompt
        assert server.left == 0

The server speaks OpenAI's chat completions and Anthropic's messages, plain and streaming, as the providers
do: their SDKs, pydantic-ai and `ai_agent` notice no difference. It asks for its key, refuses what the
providers would refuse, and fails in the ways in which they fail. So what is tested is all of the flow, with
its retries, limits, prices and tools; only the model is not there.

`environment` leads every `ai_agent` that names no `endpoint` of its own to the server: an agent's `provider`
and `model` stay as they are. A flow that also starts programs needs their variables too, then write
`os.environ | server.environment`. Time is real here, since a socket cannot wait for the virtual time of
`run_flow`: let a script ask for no long waits.

replies.py           what the model says: say, call, together, answer, refuse, fail, raw; and their faults
request.py           ModelRequest: what the model was asked, the same for both providers
server.py            ModelServer
exchange.py          sends one reply
openai_wire.py       a message and an error as OpenAI sends them
anthropic_wire.py    and as Anthropic does
frames.py            the bytes of a stream, in portions
checks.py            what the providers refuse
"""

from lead_tui.testing.model_server.replies import (
    Failing,
    Message,
    Raw,
    Reply,
    ToolCall,
    Usage,
    answer,
    call,
    fail,
    raw,
    refuse,
    say,
    together,
)
from lead_tui.testing.model_server.request import ModelRequest
from lead_tui.testing.model_server.server import ModelServer

__all__ = [
    "Failing",
    "Message",
    "ModelRequest",
    "ModelServer",
    "Raw",
    "Reply",
    "ToolCall",
    "Usage",
    "answer",
    "call",
    "fail",
    "raw",
    "refuse",
    "say",
    "together",
]
