"""A flow with a model runs without network or key, as the docstring of the model server writes it."""

from lead_tui import LeadAgent
from lead_tui.testing import ModelServer, answer, fail, say

FLOW = """
name: triage
inputs: {ticket: {type: string}}
agents:
  - name: classifier
    type: ai_agent
    provider: openai
    model: gpt-4.1-mini
    retry_config: {initial_delay: 10ms}
    output_schema: {type: object, properties: {urgency: {enum: [low, high]}}, required: [urgency]}
  - name: writer
    type: ai_agent
    provider: anthropic
    model: claude-haiku-4-5
tasks:
  - {name: sort, agent_name: classifier, action: chat_completion, parameters: {prompt: "{{ inputs.ticket }}"}}
  - name: reply
    agent_name: writer
    action: chat_completion
    when: tasks.sort.result.content.urgency == 'high'
    parameters: {prompt: "Answer {{ inputs.ticket }}"}
"""


async def test_an_urgent_ticket(tmp_path):
    """Two providers, one server: retried, structured, branched, counted and priced as with the real ones."""
    (tmp_path / "triage.yaml").write_text(FLOW, encoding="utf-8")
    replies = [fail(429, retry_after=0), answer({"urgency": "high"}), say("We are on it.")]
    async with ModelServer(replies) as server, LeadAgent("memory:", environment=server.environment) as agent:
        flow = tmp_path / "triage.yaml"
        result = await agent.execute_workflow_from_file(flow, inputs={"ticket": "It burns!"})
    assert result.status == "completed", result.errors
    assert result.results["reply"]["content"] == "We are on it."
    assert [each.api for each in server.requests] == ["openai", "openai", "anthropic"]
    assert "It burns!" in server.requests[0].prompt
    assert server.left == 0
