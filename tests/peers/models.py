"""The models that each peer has, and how to reach it."""

import json
from dataclasses import dataclass
from typing import Any

import httpx2

ANSWER = "The quick brown fox jumps over the lazy dog."
OK, CLAUDE, BUSY, TOOL = "mock-model", "mock-claude", "mock-busy", "mock-tool"
TOOL_CALL = {
    "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'},
}  # fmt: skip
HELLO = [{"role": "user", "content": "Hello?"}]


@dataclass(frozen=True)
class Peer:
    """A server that speaks both languages at `url`, and its key."""

    name: str
    url: str
    key: str

    async def chat(self, model: str = OK, *, key: str | None = None, **body: Any) -> httpx2.Response:
        """Ask in OpenAI's language; an empty `key` is left out."""
        shown = self.key if key is None else key
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        return await _post(
            f"{self.url}/v1/chat/completions", headers, {"model": model, "messages": HELLO, **body}
        )

    async def message(self, model: str = CLAUDE, *, key: str | None = None, **body: Any) -> httpx2.Response:
        """Ask in Anthropic's language."""
        headers = {"x-api-key": self.key if key is None else key, "anthropic-version": "2023-06-01"}
        whole = {"model": model, "max_tokens": 50, "messages": HELLO, **body}
        return await _post(f"{self.url}/v1/messages", headers, whole)

    async def models(self) -> list[str]:
        async with httpx2.AsyncClient(timeout=30) as client:
            found = await client.get(f"{self.url}/v1/models", headers={"Authorization": f"Bearer {self.key}"})
        return [each["id"] for each in found.json()["data"]]


async def _post(url: str, headers: dict[str, str], body: dict[str, Any]) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=30) as client:
        return await client.post(url, headers=headers, json=body)


def chunks(answer: httpx2.Response) -> list[dict[str, Any]]:
    """The data of a stream's events, without the last, which must be [DONE]."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [each.removeprefix("data: ") for each in answer.text.split("\n\n") if each.strip()]
    assert events.pop() == "[DONE]"
    return [json.loads(each) for each in events]
