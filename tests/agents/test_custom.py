"""The agent `custom`: a class of the user's."""

import asyncio
import traceback

import pytest
from pydantic import ValidationError

from lead_tui.agents.custom import CustomAgent, CustomConfig
from lead_tui.errors import AgentError, Category, Outcome

SOURCE = """
import asyncio

from lead_tui.agents.base import AgentResponse, BaseAgent
from lead_tui.flow.models import AgentConfig

made = []

class Derived(BaseAgent):
    def __init__(self, config):
        super().__init__(config)
        made.append(config.name)

    async def execute(self, action, parameters, context):
        return AgentResponse.ok({**parameters, **self.config.custom_params}, action=action)

    async def close(self):
        made.append("closed")

class Duck:
    def execute(self, action, parameters, context):
        context.log(action)
        return {"made": list(made), "task": context.task}

    def close(self):
        made.append("duck closed")

class HandsOut(Duck):
    def close(self):
        async def later():
            made.append("closed later")
        return later()

class Silent:
    def __init__(self, config):
        self.config = config

    async def execute(self, action, parameters, context):
        raise ValueError(self.config.custom_params["secret"])

class Broken:
    def __init__(self, config):
        raise OSError("no licence")

    async def execute(self, action, parameters, context): ...

class NoAgent: ...

class DiskConfig(AgentConfig):
    min_gb: float = 1.0
    folder: str

class Disk(BaseAgent[DiskConfig]):
    config_model = DiskConfig

    async def execute(self, action, parameters, context):
        given = self.config
        return [given.name, given.type, given.endpoint, given.timeout, given.min_gb, given.folder,
                given.authentication.token.get_secret_value() if given.authentication else None]

class Stubborn:
    kind = SystemExit

    def __init__(self, config):
        self.config = config

    async def execute(self, action, parameters, context): ...

    async def close(self):
        raise {"exit": SystemExit, "interrupt": KeyboardInterrupt,
               "cancelled": asyncio.CancelledError}[self.config.custom_params["how"]]

class StubbornThread(Stubborn):
    def close(self):
        raise {"exit": SystemExit, "interrupt": KeyboardInterrupt,
               "cancelled": asyncio.CancelledError}[self.config.custom_params["how"]]

class Slow(Stubborn):
    async def close(self):
        self.config.custom_params["begun"].set()
        await asyncio.Event().wait()
"""


@pytest.fixture
def make(tmp_path):
    """An agent of a class in `agents.py` of the flow's folder."""
    (tmp_path / "agents.py").write_text(SOURCE)

    def agent(name, settings=None, /, **custom_params):
        settings = {**(settings or {}), "class": f"agents:{name}", "custom_params": custom_params}
        return CustomAgent(CustomConfig.model_validate({"name": name, "type": "custom", **settings}))

    return agent


async def test_a_class_is_made_once_with_its_config_and_closed_at_the_end(make, context):
    """Calls that begin together share the instance; `custom_params` are its settings."""
    agent, using = make("Derived", extra=1), context()
    calls = [agent.execute("go", {"n": n}, using) for n in range(3)]
    responses = await asyncio.gather(*calls)
    assert [each.result for each in responses] == [{"n": n, "extra": 1} for n in range(3)]
    assert responses[0].meta == {"action": "go"}
    await agent.close()
    made = using.shared["lead_tui.flow_modules"].load("agents:made")
    assert made == ["Derived", "closed"]


async def test_a_class_with_a_config_of_its_own_gets_it(make, context):
    """The agent's settings beside what `custom_params` gives, with the types of the class's own model."""
    settings = {
        "endpoint": "http://e", "timeout": "2s", "authentication": {"type": "bearer", "token": "t0ken"}
    }  # fmt: skip
    agent = make("Disk", settings, min_gb="1e9", folder="/data", timeout=7)
    response = await agent.execute("go", {}, context())
    assert response.result == ["Disk", "custom", "http://e", 2.0, 1e9, "/data", "t0ken"]


async def test_a_config_that_does_not_fit_is_a_validation_error(make, context):
    """Every field that is wrong is named, none of the values is said."""
    agent = make("Disk", min_gb="s3cret", foldr="s3cret")
    with pytest.raises(AgentError) as caught:
        await agent.execute("go", {}, context())
    failure = caught.value.failure
    assert (failure.category, failure.outcome) == (Category.VALIDATION, Outcome.PERMANENT)
    assert failure.code == "bad_config"
    assert failure.message.startswith("custom_params of agents:Disk: ")
    for said in ("`min_gb` must be a number", "the key 'folder' is missing", "unknown key 'foldr'"):
        assert said in failure.message
    assert "s3cret" not in failure.message


@pytest.mark.parametrize("name", ["Stubborn", "StubbornThread"])
@pytest.mark.parametrize("how", ["exit", "interrupt", "cancelled"])
async def test_a_close_cannot_end_the_run(make, context, name, how):
    """What a class raises at the end is an error that says where, whatever it is."""
    agent = make(name, how=how)
    await agent.execute("go", {}, context())
    with pytest.raises(RuntimeError, match="close raised") as caught:
        await agent.close()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].filename.endswith("agents.py")


async def test_a_close_that_hangs_can_be_cancelled(make, context):
    """The deadline of the end of the run comes through."""
    begun = asyncio.Event()
    agent = make("Slow", begun=begun)
    await agent.execute("go", {}, context())
    closing = asyncio.create_task(agent.close())
    await begun.wait()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing


async def test_a_class_without_base_may_be_sync(make, context):
    """A constructor without arguments, a blocking `execute`, plain data as the answer, a blocking `close`."""
    agent, using = make("Duck"), context(task="t3")
    response = await agent.execute("go", {}, using)
    assert response.result == {"made": [], "task": "t3"}
    assert using.lines() == ["go"]
    await agent.close()
    assert using.shared["lead_tui.flow_modules"].load("agents:made") == ["duck closed"]


async def test_a_close_that_hands_out_a_coroutine_is_awaited(make, context):
    """The end of the run waits for it."""
    agent, using = make("HandsOut"), context()
    await agent.execute("go", {}, using)
    await agent.close()
    assert using.shared["lead_tui.flow_modules"].load("agents:made") == ["closed later"]


async def test_closing_what_was_never_used_or_cannot_close_is_nothing(make, context):
    """No call, no instance; no `close`, nothing to do."""
    await make("Derived").close()
    agent = make("Silent", secret="x")
    with pytest.raises(AgentError, match=r"ValueError: x \(agents.py:\d+\)"):
        await agent.execute("go", {}, context())
    await agent.close()


async def test_a_constructor_that_raises_fails_the_call(make, context):
    """As an exception of the user's code, with its place."""
    with pytest.raises(AgentError, match=r"OSError: no licence \(agents.py:\d+\)") as caught:
        await make("Broken").execute("go", {}, context())
    assert caught.value.failure.category is Category.AGENT


@pytest.mark.parametrize(
    ("name", "message"),
    [("NoAgent", "no class with execute"), ("made", "no class"), ("Derive", "did you mean 'Derived'")],
)
async def test_what_is_no_agent_is_a_validation_error(make, context, name, message):
    """A class without `execute`, no class at all, no such name."""
    with pytest.raises(AgentError, match=message) as caught:
        await make(name).execute("go", {}, context())
    assert caught.value.failure.category is Category.VALIDATION


def test_the_class_is_checked_at_load():
    """It is needed, must look like `module:Class`, and stays `class` in what is written."""
    for settings in ({}, {"class": "agents"}, {"class": "a b:C"}):
        with pytest.raises(ValidationError, match="class"):
            CustomConfig.model_validate({"name": "x", "type": "custom", **settings})
    config = CustomConfig.model_validate({"name": "x", "type": "custom", "class": "a.b:C"})
    assert config.class_ == "a.b:C"
    assert config.model_dump(exclude_unset=True)["class"] == "a.b:C"


def test_breakers_are_kept_apart_by_class_and_endpoint():
    """Two classes never share a breaker, two names for one service do."""

    def key(**settings):
        return CustomConfig.model_validate({"type": "custom", **settings}).breaker_key()

    one = key(**{"name": "x", "class": "a:B", "endpoint": "http://e"})
    assert one == key(**{"name": "y", "class": "a:B", "endpoint": "http://e"})
    assert one != key(**{"name": "x", "class": "a:C", "endpoint": "http://e"})
    assert key(**{"name": "x", "class": "a:B"}) != key(**{"name": "y", "class": "a:B"})
