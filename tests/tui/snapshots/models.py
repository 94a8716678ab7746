"""A run that asks models, which work with tools of servers and spend money, as no model is needed to see it.

The agent says, calls and spends what its parameters list, at the times that they give.
"""

import asyncio
from datetime import datetime
from typing import Any

from lead_tui.agents.base import AgentContext, AgentResponse
from lead_tui.errors import Category, Failure
from tests.tui.snapshots import past

HISTORY = """\
# Two models read what two servers know; a third one writes it up.
name: history
description: Lets models look things up and write about them.
parallel_execution: true

budget: {usd: 0.05, tokens: 40000}

agents:
  - &model {name: reader, type: custom, class: "tests.tui.snapshots.models:Scripted"}
  - {<<: *model, name: writer, budget: {calls: 6, mode: audit}}
  - {<<: *model, name: clock}

tasks:
  - name: studies
    agent_name: reader
    action: run
    parameters:
      script:
        - {service: {name: library, state: starting}}
        - {wait: 0.6}
        - {service: {name: library, state: ready, tools: 4}, wait: 0.1}
        - {spend: {calls: 1, input_tokens: 1840, output_tokens: 96, usd: 0.0057}}
        - {tool: library.search, arguments: {query: control group protocol}, wait: 0.212,
           result: {results: [a, b, c, d]}}
        - {tokens: "Four studies describe a control group. ", wait: 0.3}
        - {tool: library.read, arguments: {study: 2, pages: [4, 5, 6]}, wait: 1.4,
           result: "The groups differ by age, and the younger one was asked twice."}
        - {spend: {calls: 1, input_tokens: 3120, output_tokens: 210, usd: 0.0112}}
        - {tokens: "The second one reports ", wait: 0.5}
        - {tokens: "a smaller effect in the control group, but its groups differ by age.", wait: 0.4}
        - {tool: library.cite, arguments: {study: 2, style: chicago}, wait: 0.3, fail: no such style}
        - {spend: {calls: 1, input_tokens: 3600, output_tokens: 120, usd: 0.0118}}
        - {tokens: "\\n\\nIt should be read with care.", wait: 0.2}
      answer:
        content: |
          Four studies describe a control group.

          The second one reports a smaller effect in the control group, but its groups differ by age.
          It should be read with care.
        model: gpt-4.1-mini
        finish_reason: stop
        usage: {input_tokens: 8560, output_tokens: 426}
        tool_calls: [{name: library.search, arguments: {query: control group protocol}}]
  - name: places
    agent_name: reader
    action: run
    parameters:
      script:
        - {service: {name: time, state: failed, restarts: 1, error: the process ended with 1}}
        - {service: {name: maps, state: ready, tools: 2, restarts: 1}}
        - {tokens: "Mokha lies ", wait: 0.7}
        - {tokens: "on the coast ", wait: 1.2}
        - {spend: {calls: 1, input_tokens: 900, output_tokens: 60, unpriced_calls: 1}}
        - {tokens: "of the Red Sea.", wait: 0.9}
        - {tool: maps.distance, arguments: {from: Mokha, to: Aden}, wait: 40, result: 223}
      answer: done
  - name: write_up
    agent_name: writer
    action: run
    depends_on: [studies]
    parameters:
      script:
        - {spend: {calls: 5, input_tokens: 2000, output_tokens: 900, usd: 0.0133}}
        - {tokens: "Coffee came to Europe ", wait: 1}
        - {tokens: "through the port of Mokha, ", wait: 30}
        - {spend: {calls: 1, input_tokens: 2500, output_tokens: 1900, usd: 0.0102}}
      answer: done
  - name: proof
    agent_name: writer
    action: run
    depends_on: [write_up]
    parameters: {script: [], answer: done}
"""


class Scripted:
    """`script` is a list of what it does, `answer` its result."""

    async def execute(self, action: str, parameters: dict[str, Any], context: AgentContext) -> AgentResponse:
        for number, step in enumerate(parameters["script"]):
            await _do(dict(step), f"{number}", context)
        return AgentResponse.ok(parameters["answer"])


async def _do(step: dict[str, Any], name: str, context: AgentContext) -> None:
    tool = step.get("tool")
    if "service" in step:
        context.service(**step["service"])
    if "spend" in step:
        await context.admit()
        context.spend(step["spend"])
    if "save" in step:
        context.save(step["save"])
    if "tokens" in step:
        context.tokens(step["tokens"])
    if tool is not None:
        context.tool_called(name, tool, step["arguments"])
    await asyncio.sleep(step.get("wait", 0))
    if tool is not None:
        failure = Failure(Category.TOOL, step["fail"]) if "fail" in step else None
        context.tool_returned(name, tool, step.get("result"), failure)


async def history(run_id: str, start: datetime = past.START) -> past.Past:
    return await past.recorded(HISTORY, run_id, start, "history.yaml")
