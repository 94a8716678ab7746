"""What a model was asked, read the same way whichever provider's language it was asked in."""

from dataclasses import dataclass, field
from typing import Any, Literal

Api = Literal["openai", "anthropic"]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call. `headers` have lower-case names and leave out the key; `body` is the parsed JSON."""

    number: int
    api: Api
    headers: dict[str, str]
    body: dict[str, Any] = field(repr=False)

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True

    @property
    def messages(self) -> list[dict[str, Any]]:
        """As they were sent."""
        found: list[dict[str, Any]] = self.body["messages"]
        return found

    @property
    def system(self) -> str:
        """All instructions, in lines."""
        spoken = [text_of(self.body.get("system", ""))]
        spoken += [
            text_of(each["content"]) for each in self.messages if each["role"] in ("system", "developer")
        ]
        return "\n".join(text for text in spoken if text)

    @property
    def prompt(self) -> str:
        """The text of the last message of the user."""
        spoken = [text_of(each["content"]) for each in self.messages if each["role"] == "user"]
        return next((text for text in reversed(spoken) if text), "")

    @property
    def tools(self) -> list[str]:
        """The names of the tools that were offered."""
        return [name_of(each) for each in self.body.get("tools") or ()]

    @property
    def results(self) -> list[str]:
        """What the tools returned that were called last, as the model reads it."""
        found: list[str] = []
        for message in reversed(self.messages):
            if message["role"] == "assistant":
                break
            found[:0] = results_of(message)
        return found

    @property
    def wants_json(self) -> bool:
        """Is the text of the answer to be JSON?"""
        config = self.body.get("output_config") or {}
        kind = (self.body.get("response_format") or {}).get("type", "text")
        return kind != "text" or "format" in config or "output_format" in self.body

    @property
    def output_tool(self) -> str | None:
        """The tool that takes the output: the one that must be called, `final_result`, or the only one."""
        choice = self.body.get("tool_choice")
        if isinstance(choice, dict) and (
            forced := choice.get("name") or choice.get("function", {}).get("name")
        ):
            return str(forced)
        if "final_result" in self.tools:
            return "final_result"
        return self.tools[0] if len(self.tools) == 1 else None


def text_of(content: Any) -> str:
    """The text of a message's content, which is text or a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(each["text"] for each in content or () if each.get("type") == "text")


def name_of(tool: dict[str, Any]) -> str:
    return str(tool.get("name") or tool.get("function", {}).get("name", ""))


def results_of(message: dict[str, Any]) -> list[str]:
    if message["role"] == "tool":
        return [text_of(message["content"])]
    parts = message["content"] if isinstance(message["content"], list) else []
    return [text_of(each.get("content")) for each in parts if each.get("type") == "tool_result"]
