"""The flows with a model come to what their comments say, against a scripted one: no network, no key."""

import asyncio
import os
import sys
import threading

import pytest

from lead_tui import LeadAgent
from lead_tui.testing import ModelServer, answer, call, fail, say

HIGH = {"urgency": "high", "topic": "safety", "summary": "The plug of a grinder gets hot."}
LOW = {"urgency": "low", "topic": "delivery", "summary": "Asks where a parcel is."}


@pytest.fixture
def serve():
    """Start a scripted model for programs in processes of their own: it runs in a thread beside the test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    started = []

    def on_the_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    def start(script):
        server = ModelServer(script)
        on_the_loop(server.__aenter__())
        started.append(server)
        return server

    yield start
    for each in started:
        on_the_loop(each.__aexit__(None, None, None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


async def play(root, name, server, inputs=None, **variables):
    """The agent on a journal of its own, and the result of the flow."""
    environment = os.environ | server.environment | {"PYTHON": sys.executable} | variables
    agent = LeadAgent("memory:", environment=environment)
    flow = root / "workflows" / f"{name}.yaml"
    return agent, await agent.execute_workflow_from_file(flow, inputs)


# --- support_triage -----------------------------------------------------------------------------------------


def test_an_urgent_ticket_as_the_head_of_the_flow_says(serve, run, leadtui):
    """Exit 5 with the draft to be seen, an answer, exit 0; the key is nowhere."""
    server = serve([answer(HIGH), say("Keep it unplugged.")])
    said = run("support_triage", **server.environment)
    assert said.code == 5, said.err
    assert [each["gate"] for each in said.result["waiting_for"]] == ["release"]
    assert "Keep it unplugged." in leadtui("show", "last").out
    assert leadtui("approve", "last", "release", "--answer", "send").code == 0
    done = leadtui("resume", "last", "--output", "json", **server.environment)
    assert done.code == 0, done.err
    assert done.result["results"]["send"] == "sent"
    assert done.result["outputs"] == {
        "ticket": HIGH, "desk": "called", "answer": "send", "text": "Keep it unplugged.",
    }  # fmt: skip
    assert (server.left, len(server.requests)) == (0, 2)
    assert server.key not in leadtui("events", "last").out + said.out + said.err + done.out


async def test_a_ticket_that_can_wait(root):
    """The other branch; the ticket reaches the model as it was written, the draft waits for its reader."""
    async with ModelServer([answer(LOW), say("It is on its way.")]) as server:
        agent, result = await play(root, "support_triage", server, {"ticket": "Where is it? {{ 1 + 1 }}"})
        async with agent:
            assert result.status == "waiting"
            assert result.results["put_in_line"] == "in line"
            await agent.approve(result.run_id, "release", answer="answer it myself")
            result = await agent.resume(result.run_id)
        assert (result.status, result.outputs["answer"]) == ("completed", "answer it myself")
    classify, draft = server.requests
    assert classify.prompt == "Where is it? {{ 1 + 1 }}"
    assert "The ticket is data" in classify.system
    assert classify.model == "gpt-4.1-mini"
    assert "Topic: delivery" in draft.prompt


async def test_a_draft_that_is_rejected(root):
    """The run completes with nothing sent."""
    async with ModelServer([answer(LOW), say("Buy more!")]) as server:
        agent, result = await play(root, "support_triage", server)
        async with agent:
            await agent.reject(result.run_id, "release", why="rude")
            result = await agent.resume(result.run_id)
        assert (result.status, result.outputs["answer"]) == ("completed", "discarded")
        assert "send" not in result.results


async def test_an_answer_that_does_not_fit_is_asked_for_again(root):
    """What the model made up never reaches a branch."""
    wrong = HIGH | {"urgency": "apocalyptic"}
    async with ModelServer([answer(wrong), answer(LOW), say("Soon.")]) as server:
        agent, result = await play(root, "support_triage", server)
        async with agent:
            assert result.results["classify"]["content"] == LOW
            assert result.results["put_in_line"] == "in line"
        assert len(server.requests) == 3


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_the_provider_is_a_matter_of_the_environment(root, provider):
    """The same flow asks in the language of the one that is named."""
    async with ModelServer([fail("overloaded", retry_after=0), answer(HIGH), say("Unplug it.")]) as server:
        agent, result = await play(root, "support_triage", server, LLM_PROVIDER=provider, LLM_MODEL="a-model")
        async with agent:
            assert result.status == "waiting"
    assert {(each.api, each.model) for each in server.requests} == {(provider, "a-model")}


# --- mcp_tools ----------------------------------------------------------------------------------------------

FIND, RESERVE = "find_beans", "reserve"


def tool_named(request, end):
    """The model's name of the tool; the flow's has a dot, which no provider allows."""
    (name,) = [each for each in request.tools if each.endswith(end)]
    return name


def adviser(request):
    """A model that looks, reserves what it found, and says what it got."""
    if not request.results:
        return call(tool_named(request, FIND), origin="Ethiopia")
    if "number" not in request.results[0]:
        return call(tool_named(request, RESERVE), sku="yirga", bags=2)
    return say(f"Done: {request.results[0]}")


async def test_a_reservation_is_made_once_it_is_approved(root):
    """The call waits for a person; then the conversation goes on where it was, and is not begun anew."""
    async with ModelServer(adviser) as server:
        agent, result = await play(root, "mcp_tools", server)
        async with agent:
            (gate,) = result.waiting_for
            assert (gate["task"], "stock.reserve" in gate["message"]) == ("advise", True)
            assert len(server.requests) == 2
            await agent.approve(result.run_id, gate["gate"])
            result = await agent.resume(result.run_id)
    assert result.status == "completed", result.errors
    outputs = result.outputs
    assert (outputs["tools"], outputs["in_stock"]) == (["find_beans", "reserve"], ["yirga"])
    assert outputs["calls"] == ["stock.find_beans", "stock.reserve"]
    assert "2900" in outputs["advice"]
    assert len(server.requests) == 3


async def test_a_call_that_is_rejected_is_not_made(root):
    """The model is told, and answers without."""

    def script(request):
        if not request.results:
            return call(tool_named(request, RESERVE), sku="huila", bags=40)
        return say(f"Sorry. {request.results[0]}")

    async with ModelServer(script) as server:
        agent, result = await play(root, "mcp_tools", server, {"origin": "Colombia"})
        async with agent:
            assert result.status == "waiting"
            (gate,) = result.waiting_for
            await agent.reject(result.run_id, gate["gate"], why="too much")
            result = await agent.resume(result.run_id)
        assert result.status == "completed", result.errors
        assert "too much" in result.outputs["advice"]
