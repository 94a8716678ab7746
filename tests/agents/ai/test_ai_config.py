"""What a flow may say of an ai_agent, where its model is, and which key goes there."""

import inspect
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from lead_tui.agents.ai import AiAgent, AiAgentConfig
from lead_tui.agents.ai.endpoint import Endpoint, resolved
from lead_tui.agents.ai.keys import Key, find_key, usual_variables
from lead_tui.agents.ai.providers import PROVIDERS, provider_problem
from lead_tui.agents.registry import agent_class
from lead_tui.cli.commands.plan import describe
from lead_tui.errors import AgentError, Category, InvalidFlow, MissingSecret, Outcome
from lead_tui.flow.models import ApiKeyAuth, BasicAuth, BearerAuth
from lead_tui.runner.engine import load_dict
from lead_tui.runner.prerequisites import check_prerequisites
from lead_tui.tui.flows.launch_plan import launch_plan
from tests.agents.ai.asked import config

OBJECT = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def test_the_type_is_known_by_its_entry_point():
    """`type: ai_agent` finds the class."""
    assert agent_class("ai_agent") is AiAgent


def test_a_config_loads_no_client_library():
    """`leadtui validate` of a flow with an ai_agent imports neither pydantic-ai nor an SDK."""
    program = (
        "import sys; from lead_tui.agents.ai import AiAgentConfig as C;"
        "C(name='a', type='ai_agent', provider='openai', model='m', tools=['json_parse']);"
        "bad = {'pydantic_ai', 'openai', 'anthropic', 'httpx2', 'genai_prices', 'mcp'} & set(sys.modules);"
        "sys.exit(', '.join(bad) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "either `provider` (openai, anthropic, ...) or `endpoint` is needed"),
        ({"endpoint": "localhost:11434"}, "begins with http:// or https://"),
        ({"endpoint": "https://me:pw@host/v1"}, "use `authentication`"),
        ({"provider": "openai", "output_schema": {"type": "array"}}, "`type: object`"),
        ({"provider": "openai", "output_schema": OBJECT | {"required": 1}}, "no JSON Schema: $.required"),
        ({"provider": "openai", "max_steps": 0}, "greater than or equal to 1"),
        ({"provider": "openai", "prices": {"input": 1}}, "prices.output"),
        ({"provider": "openai", "tools": ["no_such_tool"]}, "there is no tool 'no_such_tool'"),
    ],
)
def test_what_cannot_work_is_told_at_load(settings, said):
    """A wrong setting is a load error that says what to write instead."""
    with pytest.raises(ValidationError) as caught:
        config(**settings)
    assert said in str(caught.value)


def test_chat_needs_one_question():
    """`messages` and `prompt` are two ways to say the same, so exactly one is needed."""
    shape = config(provider="openai").parameters_model("chat_completion")
    assert shape is not None
    for wrong in ({}, {"prompt": "a", "messages": []}):
        with pytest.raises(ValidationError, match="either `messages` or `prompt`"):
            shape.model_validate(wrong)
    assert shape.model_validate({"messages": "{{ tasks.x.result }}"})


def test_only_a_run_with_tools_is_not_idempotent():
    """A call of unknown outcome may be made again unless tools may have done something."""
    plain, tools = config(provider="openai"), config(provider="openai", tools=["json_parse"])
    servers = config(provider="openai", mcp_servers=["time"])
    assert plain.is_idempotent("run", {})
    assert tools.is_idempotent("chat_completion", {})
    assert not tools.is_idempotent("run", {})
    assert not servers.is_idempotent("run", {})


def test_servers_that_the_flow_does_not_declare_are_found_at_load(tmp_path):
    """Each with its place: under `mcp_servers`, and as the first half of a tool's name."""
    agent = {"name": "ai", "type": "ai_agent", "provider": "openai", "model": "m",
             "mcp_servers": ["stock", "stok"], "tools": ["json_parse", "nowhere.find"]}  # fmt: skip
    server = {"name": "stock", "type": "mcp_server", "command": "x", "sampling": "riter"}
    task = {"name": "a", "agent_name": "ai", "action": "run", "parameters": {"prompt": "x"}}
    with pytest.raises(InvalidFlow) as caught:
        load_dict({"name": "x", "agents": [agent, server], "tasks": [task]}, tmp_path, {})
    assert [(each.code, each.message) for each in caught.value.diagnostics] == [
        ("undefined-agent", f"agent {agent!r}: there is no agent {name!r}")
        for agent, name in (("ai", "stok"), ("ai", "nowhere"), ("stock", "riter"))
    ]


def test_the_worst_case_is_bounded_only_with_max_tokens():
    """Steps times max_tokens for a run, one more per retry for data; without a limit it is told as such."""
    agent = config(endpoint="http://h/v1", max_steps=4, max_tokens=100)
    assert agent.worst_case("run", {}) == {"calls": 4, "output_tokens": 400}
    assert agent.worst_case("chat_completion", {}) == {"calls": 1, "output_tokens": 100}
    assert agent.worst_case("chat_completion", {"max_tokens": 7}) == {"calls": 1, "output_tokens": 7}
    data = config(provider="openai", output_schema=OBJECT, output_retries=2)
    assert data.worst_case("chat_completion", {}) == {"calls": 3, "unbounded_calls": 3}
    unknown = agent.worst_case("chat_completion", {"max_tokens": "{{ inputs.n }}"})
    assert unknown == {"calls": 1, "unbounded_calls": 1}


def test_the_worst_case_has_its_price_where_that_is_known():
    """Answers cost what the flow says, else what the list says of the provider's own service."""
    own = {"prices": {"input": 1, "output": 20}, "max_tokens": 1000}
    assert config(endpoint="http://h/v1", **own).worst_case("run", {})["usd"] == pytest.approx(20 * 0.02)
    listed = config(provider="openai", model="gpt-4o", max_tokens=1000).worst_case("chat_completion", {})
    assert listed["usd"] == pytest.approx(0.01)
    for unknown in ({"model": "gpt-unheard-of"}, {"endpoint": "http://h/v1"}, {"provider": "google"}):
        settings = {"provider": "openai", "model": "gpt-4o", "max_tokens": 1000, **unknown}
        assert "usd" not in config(**settings).worst_case("run", {})


def test_the_worst_case_is_where_the_environment_leads(tmp_path):
    """At a URL of the environment no price is known: the plan has none, and a limit in USD is warned of."""
    agent = {"name": "ai", "type": "ai_agent", "provider": "openai", "model": "gpt-4o", "max_tokens": 1000,
             "budget": {"usd": 1}}  # fmt: skip
    task = {"name": "a", "agent_name": "ai", "action": "run", "parameters": {"prompt": "x"}}
    flow = {"name": "x", "agents": [agent], "tasks": [task]}
    for environment, warned in (
        ({}, False),
        ({"OPENAI_BASE_URL": "https://api.openai.com/v1"}, False),
        ({"OPENAI_BASE_URL": "http://localhost:1/v1"}, True),
        ({"OPENAI_BASE_URL": "http://[nonsense"}, True),
    ):
        document = load_dict(flow, tmp_path, environment)
        assert ("usd" in describe(document, {})["worst_case"]) is not warned
        assert ("usd" in launch_plan(document).most) is not warned
        told = "uncounted-calls" in [each.code for each in document.warnings]
        assert told is (warned and "nonsense" not in str(environment))


def test_the_list_of_providers_is_pydantic_ais():
    """A provider that it knows is none of the unknown ones, and the other way round."""
    from pydantic_ai import providers

    cases = re.findall(r"case ([^:]+):", inspect.getsource(providers.infer_provider_class))
    assert set(re.findall(r"'([a-z0-9-]+)'", " ".join(cases))) == PROVIDERS
    assert not provider_problem("gateway/openai")


@pytest.mark.parametrize(
    ("provider", "said"), [("opnai", "did you mean 'openai'?"), ("zzzzzz", "known are "), ("", "known are ")]
)
def test_an_unknown_provider_is_a_load_error(provider, said):
    """A typing error is not taken for a missing key."""
    with pytest.raises(ValidationError) as caught:
        config(provider=provider)
    assert f"there is no provider {provider!r}" in str(caught.value)
    assert said in str(caught.value)


def test_the_breakers_key_has_no_query():
    """A query may hold a key, and the key of a breaker is shown."""
    where = config(endpoint="https://host/v1?api-key=secret")
    assert where.breaker_key() == "openai https://host/v1"
    assert config(provider="anthropic").breaker_key() == "anthropic"


@pytest.mark.parametrize(
    ("provider", "url", "expected"),
    [
        (None, "https://h/v1/chat/completions", ("openai", "https://h/v1")),
        (None, "https://h/v1/", ("openai", "https://h/v1")),
        (None, "http://h:1/v1/messages", ("anthropic", "http://h:1")),
        ("anthropic", "https://h/proxy/v1", ("anthropic", "https://h/proxy")),
        ("anthropic", "https://h", ("anthropic", "https://h")),
        ("openai-responses", "https://h/v1/responses", ("openai-responses", "https://h/v1")),
        ("google", "https://h/gemini", ("google", "https://h/gemini")),
    ],
)
def test_an_endpoint_may_be_the_base_or_the_whole_url_of_the_call(provider, url, expected):
    """Both forms lead to the same base, and the path names the API where no provider is given."""
    found = resolved(provider, url, {})
    assert (found.provider, found.base) == expected
    assert found.foreign
    assert found.declared


def test_without_an_endpoint_the_environment_may_lead_elsewhere():
    """`OPENAI_BASE_URL` counts where the flow names no endpoint, and nowhere else."""
    environment = {"OPENAI_BASE_URL": "http://h:1/v1", "ANTHROPIC_BASE_URL": "http://h:2"}
    assert resolved("openai", None, environment) == Endpoint("openai", "http://h:1/v1", foreign=True)
    assert resolved("anthropic", None, environment).base == "http://h:2"
    assert resolved("openai", "https://x/v1?a=b", environment).base == "https://x/v1"
    assert resolved("google", None, environment) == Endpoint("google")


def test_the_providers_own_url_is_not_foreign():
    """Written out or not, the provider's own service is the same."""
    assert resolved("openai", "https://api.openai.com/v1", {}).foreign is False
    assert resolved("openai", None, {}) == Endpoint("openai", "https://api.openai.com/v1")
    assert resolved("anthropic", "https://api.openai.com.evil.test", {}).foreign is True


OWN = Endpoint("openai", "https://api.openai.com/v1")
FOREIGN = Endpoint("openai", "https://h/v1", foreign=True, declared=True)


def test_the_environments_key_goes_to_the_provider_only():
    """A declared foreign endpoint never gets the key that the environment holds for the provider."""
    environment = {"OPENAI_API_KEY": "sk-1"}
    assert find_key(None, OWN, environment) == Key("sk-1")
    assert find_key(None, FOREIGN._replace(declared=False), environment) == Key("sk-1")
    assert find_key(None, FOREIGN, environment) == Key()
    assert not find_key(None, FOREIGN, environment).is_set


def test_a_missing_key_says_what_to_set():
    """Without any key for the provider's own service the failure names the variable, and is permanent."""
    with pytest.raises(AgentError) as caught:
        find_key(None, OWN, {})
    failure = caught.value.failure
    assert (failure.category, failure.outcome) == (Category.PERMISSION, Outcome.PERMANENT)
    assert "OPENAI_API_KEY" in failure.message
    assert "authentication" in failure.message
    assert usual_variables("google") == ("GOOGLE_API_KEY", "GEMINI_API_KEY")
    assert usual_variables("openrouter") == ("OPENROUTER_API_KEY",)
    assert find_key(None, Endpoint("ollama"), {}) == Key()


def test_what_is_missing_is_what_the_call_would_miss():
    """The same reason before a run as in it; nothing for a service of one's own or a key that is declared."""
    own = AiAgentConfig(name="w", type="ai_agent", provider="openai", model="m")
    with pytest.raises(AgentError) as caught:
        find_key(None, OWN, {})
    assert own.missing({}) == caught.value.failure.message
    assert own.missing({"OPENAI_API_KEY": "sk-1"}) == ""
    assert own.missing({"OPENAI_BASE_URL": "http://localhost:1/v1"}) == ""
    declared = {"authentication": {"type": "bearer", "token": "t"}}
    for more in ({"endpoint": "https://h/v1"}, declared, {"provider": "ollama"}):
        data = {"name": "w", "type": "ai_agent", "provider": "openai", "model": "m", **more}
        assert AiAgentConfig.model_validate(data).missing({}) == ""


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_blank_key_is_none(blank):
    """A variable or a declared value with nothing but space in it is missing, told by its name or place."""
    own = AiAgentConfig(name="w", type="ai_agent", provider="openai", model="m")
    assert own.missing({"OPENAI_API_KEY": blank}) == own.missing({})
    both = {"GOOGLE_API_KEY": blank, "GEMINI_API_KEY": "k"}
    assert find_key(None, Endpoint("google"), both) == Key("k")
    assert find_key(None, Endpoint("ollama"), {"OLLAMA_API_KEY": blank}) == Key()
    for declared, place in (
        ({"type": "bearer", "token": blank}, "`authentication.token`"),
        ({"type": "api_key", "key": blank}, "`authentication.key`"),
        (
            {"type": "basic", "username": blank, "password": blank},
            "`authentication.username` and `.password`",
        ),
    ):
        data = {"name": "w", "type": "ai_agent", "provider": "openai", "model": "m"}
        agent = AiAgentConfig.model_validate(data | {"authentication": declared})
        assert agent.missing({"OPENAI_API_KEY": "sk-1"}) == f"the agent's {place} is empty"
        with pytest.raises(AgentError, match=f"{place} is empty"):
            find_key(agent.authentication, OWN, {"OPENAI_API_KEY": "sk-1"})


@pytest.mark.parametrize("type_", ["http_api", "mcp_server"])
def test_blank_authentication_is_told_before_a_run(type_, tmp_path):
    """Of every agent that has `authentication`: nothing is called before its value is there."""
    agent = {"name": "w", "type": type_, "endpoint": "http://localhost:1/",
             "authentication": {"type": "bearer", "token": "${NO_SUCH:-}"}}  # fmt: skip
    task = {"name": "a", "agent_name": "w", "action": "get" if type_ == "http_api" else "ping"}
    document = load_dict({"name": "x", "agents": [agent], "tasks": [task]}, tmp_path, {})
    with pytest.raises(MissingSecret, match=r"agent 'w': the agent's `authentication.token` is empty"):
        check_prerequisites(document.workflow, {})


def test_one_half_of_basic_may_be_empty():
    """Services take a key as either of the two, with nothing for the other."""
    for user, password in (("key", ""), ("", "key")):
        authentication = BasicAuth(type="basic", username=SecretStr(user), password=SecretStr(password))
        assert find_key(authentication, OWN, {}).is_set


@pytest.mark.parametrize(
    ("authentication", "key", "secret"),
    [
        (BearerAuth(type="bearer", token=SecretStr("t-1")), Key("t-1"), "t-1"),
        (ApiKeyAuth(type="api_key", key=SecretStr("k-1")), Key("k-1"), "k-1"),
        (
            ApiKeyAuth(type="api_key", key=SecretStr("k-1"), header="X-Mine"),
            Key(header=("x-mine", "k-1")),
            "k-1",
        ),
        (
            BasicAuth(type="basic", username=SecretStr("u"), password=SecretStr("p")),
            Key(header=("authorization", "Basic dTpw")),
            "dTpw",
        ),
    ],
)
def test_a_declared_key_goes_the_providers_way_or_in_its_header(authentication, key, secret):
    """`authentication` counts before the environment, and each form of it is known as a secret."""
    found = find_key(authentication, OWN, {"OPENAI_API_KEY": "other"})
    assert found == key
    assert found.secrets == [secret]


CALLS = {"openai": "chat/completions", "anthropic": "v1/messages", "openai-responses": "responses"}


@given(st.sampled_from(sorted(CALLS)), st.lists(st.sampled_from(["v2", "a", "chat", "gateway"])))
def test_the_url_of_the_call_is_the_base_and_the_call(provider, parts):
    """Whatever a base URL is, adding the call's path to it changes nothing, nor does resolving it twice."""
    base = "/".join(["https://h", *parts])
    found = resolved(provider, base, {})
    assert resolved(provider, f"{base}/{CALLS[provider]}", {}) == found
    assert resolved(provider, found.base, {}) == found
