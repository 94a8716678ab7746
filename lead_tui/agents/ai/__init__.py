"""The agent type `ai_agent`: one question to a model, or a loop of model and tools until it answers.

config.py        what a flow may set, and the shapes of `parameters`
agent.py         the agent: picks the action, tells failures
endpoint.py      where the model is: a provider's own service or any compatible URL
providers.py     the names of the providers
keys.py          which key goes there, and in which header
provider.py      the pydantic-ai model for both, over our HTTP
asking.py        one question: which tools and schema go with it, and the result of the answer
openai_chat.py   OpenAI's chat API, more exactly
unstreamed.py    JSON where a stream was asked for
wire.py          the HTTP client that the SDKs get: the run's pool, bounded answers, the key put in last
model.py         each request to the model: admitted, counted, whole or failed
conversation.py  one attempt's exchange with the model
transcript.py    what was said and done, kept so that the next attempt goes on from it
messages.py      messages as providers' APIs write them
output.py        the schema that an answer is held to
answer_schema.py that schema as models' APIs take it: in one piece
unusable.py      why an answer could not be used
toolset.py       the granted tools, as the model gets them
granted.py       what is granted: tools of the registry, and of MCP servers
prices.py        what a response cost
failures.py      from exceptions to failures

pydantic-ai and the SDKs are imported by the first call: of these modules only `config`, `agent`, `endpoint`,
`providers`, `answer_schema` and `keys` may be imported before.
"""

from lead_tui.agents.ai.agent import AiAgent
from lead_tui.agents.ai.config import AiAgentConfig

__all__ = ["AiAgent", "AiAgentConfig"]
