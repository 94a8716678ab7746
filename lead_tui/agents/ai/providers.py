"""The providers by their names, known without loading pydantic-ai: it takes most of a second."""

from difflib import get_close_matches

_GATEWAY = "gateway/"

PROVIDERS = frozenset(
    """
    alibaba anthropic azure azure-responses bedrock bedrock-mantle cerebras cohere crusoe deepseek elevenlabs
    fireworks github github-copilot google google-cloud google-decisions groq heroku huggingface litellm meta
    mistral moonshotai nebius ollama openai openai-chat openai-chatgpt openai-codex openai-decisions
    openai-responses openrouter ovhcloud sambanova sentence-transformers snowflake system-one together
    typesafe vercel vllm voyageai xai zai
    """.split()  # noqa: SIM905 - a list of words
)
"""Those of pydantic-ai; a test holds the two together."""


def provider_problem(name: str) -> str:
    """Why there is no such provider, or nothing."""
    if name.removeprefix(_GATEWAY) in PROVIDERS:
        return ""
    near = get_close_matches(name, PROVIDERS, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(PROVIDERS))}"
    return f"there is no provider {name!r}; {hint}"
