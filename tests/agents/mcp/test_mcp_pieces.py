"""The parts of `mcp_server` alone: settings, framing, forms, schemas, files, floods."""

import asyncio
import json
import stat
import subprocess
import sys
from contextvars import Context
from itertools import pairwise

import mcp_types as types
import pytest
from anyio import EndOfStream
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_tui.agents.base import AgentResponse
from lead_tui.agents.mcp import McpServerConfig, elicitation, files, sampling
from lead_tui.agents.mcp.answers import Asked, Events, Stray
from lead_tui.agents.mcp.calls import Call, Calls, current
from lead_tui.agents.mcp.complaints import Complaints
from lead_tui.agents.mcp.framing import MOST_NOISE, BadStream, Lines, Messages
from lead_tui.agents.mcp.requests import Requests
from lead_tui.agents.mcp.stdio import HIGH_WATER, LOGS_AT_ONCE, StdioLink
from lead_tui.agents.mcp.tools import Tools
from lead_tui.core.events import Log
from lead_tui.errors import Category, failed
from lead_tui.flow.models import AgentConfig
from lead_tui.testing import scripted
from lead_tui.testing.context import approval, rejection
from tests.agents.mcp.stage import config, failure, server, until, written

# --- settings ---------------------------------------------------------------------------------------------


def test_package_leaves_the_sdk_alone():
    """To know the type's settings costs none of the SDK's half second."""
    code = (
        "import sys, lead_tui.agents.mcp; "
        "sys.exit(any(each in sys.modules for each in ('mcp', 'anyio', 'jsonschema', 'httpx2')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "either a `command`"),
        ({"command": "x", "endpoint": "http://h/"}, "either a `command`"),
        ({"endpoint": "ftp://h/"}, "begins with http"),
        ({"endpoint": "http://u:p@h/"}, "use `authentication`"),
        ({"endpoint": "http://h/", "args": ["x"]}, "`args` goes with `command`"),
        ({"command": "x", "verify": False}, "`verify` goes with `endpoint`"),
    ],
)
def test_settings_that_contradict_each_other(settings, text):
    """A server is started or connected to, and each way has settings of its own."""
    with pytest.raises(ValidationError, match=text):
        McpServerConfig(name="x", type="mcp_server", **settings)


def test_only_looking_may_be_done_twice():
    """The fixed actions may be repeated after an unknown outcome, tools may not."""
    made = config()
    assert all(made.is_idempotent(action, {}) for action in ("list_tools", "read_resource", "ping"))
    assert not made.is_idempotent("echo", {})
    assert made.parameters_model("echo") is None
    assert made.parameters_model("read_resource").model_validate({"uri": "x"})


def test_breaker_key_shows_no_secret():
    """Arguments and queries stay out of what is shown."""
    assert config(args=["--key=secret"], command="/opt/bin/run").breaker_key() == "plain (run)"
    made = McpServerConfig(name="x", type="mcp_server", endpoint="http://h/mcp?key=secret")
    assert made.breaker_key() == "http://h/mcp"


# --- framing ----------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(0, 50)))
def test_lines_do_not_depend_on_the_pieces(parts, cuts):
    """However the bytes are cut, the same lines come out, and none that is not ended."""
    data = b"\n".join(parts)
    lines, rest = Lines(1000), data
    for cut in cuts:
        lines.feed(rest[:cut])
        rest = rest[cut:]
    lines.feed(rest)
    waiting = lines.waiting
    taken = []
    while (line := lines.take()) is not None:
        taken.append(line)
    assert taken == data.split(b"\n")[:-1]
    assert (waiting, lines.waiting, lines.empty) == (sum(map(len, taken)), 0, True)


def test_line_beyond_the_bound_is_refused_before_it_ends():
    """An endless line is not collected."""
    lines = Lines(10)
    lines.feed(b"0123456789\n01234")
    with pytest.raises(BadStream, match="more than 10 bytes"):
        lines.feed(b"567890")


def test_noise_is_counted_between_messages():
    """A message lets as many lines of noise come again; empty lines are none."""
    messages = Messages()
    for _ in range(3):
        for _ in range(MOST_NOISE):
            assert messages.read(b"noise") is None
            assert messages.read(b"  ") is None
        assert messages.read(b'{"jsonrpc": "2.0", "method": "x"}') is not None
    with pytest.raises(BadStream, match="no messages"):
        for _ in range(MOST_NOISE + 1):
            messages.read(b"noise")


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"a\ud800b", "a\ufffdb"),
        (r"\uD83D\uDE00", "\U0001f600"),
        (r"\udc00\ud83d", "\ufffd\ufffd"),
        (r"\ud800\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\\ud800", r"\ud800"),
        (r"\\\ud800", "\\\ufffd"),
    ],
)
def test_half_a_pair_of_surrogates(escaped, text):
    """What no text can hold becomes U+FFFD and does not cost the message; all else stays."""
    line = b'{"jsonrpc": "2.0", "method": "x", "params": {"text": "' + escaped.encode() + b'"}}'
    assert Messages().read(line).params == {"text": text}


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_read_in_any_pieces(size):
    """However the bytes are cut, and however lines end, each message is held against the request once."""
    stream = (
        b': hello\r\nid: 1\r\n\r\nevent: message\rdata: {"method": "x",\rdata: "id": 9}\r\r'
        b'data:{"id": "7"}\n\nevent: message\ndata: {"id": 8}\n\n'
    )
    events = Events(Asked(b'{"id": 7, "method": "tools/call"}'))
    with pytest.raises(Stray, match="the id 8"):
        for start in range(0, len(stream), size):
            events.feed(stream[start : start + size])
    whatever = Events(Asked(b""))
    whatever.feed(stream)


# --- what the server complains of -------------------------------------------------------------------------


def test_flood_is_told_from_much(context):
    """Ten MiB at once are a flood, in the course of time they are not."""
    now = [0.0]
    logged = []
    complaints = Complaints(logged.append, context().mask, lambda: now[0])
    piece = b"x" * 2**20
    for _ in range(30):
        assert complaints.receive(piece)
        now[0] += 2
    assert not all(complaints.receive(piece) for _ in range(11))


def test_last_words_are_masked_and_few(context):
    """The last three lines that say something, without secrets."""
    here = context()
    here.conceal("hunter2hunter2")
    complaints = Complaints(lambda line: None, here.mask)
    complaints.receive(b"a\nb\n\nc hunter2hunter2\n\xff\n")
    assert complaints.last() == "b | c *** | \ufffd"


async def test_server_that_is_not_listened_to_has_to_wait(tmp_path, context):
    """Messages that nobody takes pile up to a bound, and none is lost when they are taken."""
    text = (
        "import json\n"
        "line = json.dumps({'jsonrpc': '2.0', 'method': 'x', 'params': {'text': 'x' * 1000}}) + '\\n'\n"
        "sys.stdout.write(line * 5000)\n"
        "sys.stdout.flush()\n"
    )
    link = StdioLink(written(tmp_path, text).config, context())
    async with link.open() as (incoming, _):
        await until(lambda: link._paused)
        assert link._lines.waiting < HIGH_WATER + 2**19
        count = 0
        with pytest.raises(EndOfStream):
            while True:
                await incoming.receive()
                count += 1
    assert count == 5000


TALKS = """
import json
from plain import TEXT, serve, text

def call(request):
    for said in json.loads(request["params"]["arguments"]["text"]):
        notice = {"jsonrpc": "2.0", "method": "notifications/message", "params": said}
        sys.stdout.write((json.dumps(notice) + chr(10)) * said.pop("times", 1))
    text(request, "done")

serve(call=call)
"""


async def says(agent, context, *said):
    """A call in the course of which the server logs this."""
    response = await agent.execute("echo", {"text": json.dumps(said)}, context)
    assert response.result == "done"


async def test_what_a_server_logs_in_a_call_is_there_when_it_answers(tmp_path, context):
    """In its order; any data can be logged, and what is no log message costs nothing."""
    agent, here = written(tmp_path, TALKS), context()
    odd = [{"data": "no level"}, {"level": "loud", "data": "x"}, {"level": "info"}]
    await says(
        agent,
        here,
        {"level": "critical", "data": "a", "logger": "disk"},
        *odd,
        {"level": "notice", "data": {"n": 2**70, "ü": [1.5, None]}},
    )
    await agent.close()
    logged = [(note.text, note.level) for note in here.notes if isinstance(note, Log)]
    assert logged == [("disk: a", "error"), (f'{{"n":{2**70},"ü":[1.5,null]}}', "info")]


async def test_flood_of_log_messages_leaves_others_their_turn(tmp_path, context):
    """Whoever else is in the loop has a turn every few messages, and no more of them pile up than a bound."""
    agent, here, flood = written(tmp_path, TALKS), context(), 20_000
    await agent.execute("ping", {}, here)
    link = agent._session._link
    heard, waiting = [0], [0]

    async def look_on():
        while True:
            heard.append(len(here.notes))
            waiting.append(link._lines.waiting)
            await asyncio.sleep(0)

    looking = asyncio.create_task(look_on())
    await says(agent, here, {"level": "info", "data": "x" * 100, "times": flood})
    looking.cancel()
    await agent.close()
    assert len(here.lines()) == flood
    assert max(later - earlier for earlier, later in pairwise(heard)) <= LOGS_AT_ONCE + 2
    assert 0 < max(waiting) < HIGH_WATER + 2**19


# --- schemas ----------------------------------------------------------------------------------------------


async def test_schema_that_cannot_be_understood_refuses_nothing():
    """A broken schema of a server, or one that refers to elsewhere, is no reason not to call it."""
    tools = Tools(
        [
            types.Tool(name="broken", input_schema={"type": 7}),
            types.Tool(name="far", input_schema={"$ref": "http://elsewhere.invalid/schema"}),
            types.Tool(name="far", input_schema={"type": "object"}),
        ]
    )
    assert len(tools) == 2
    assert [await tools.get(name).misfits({"x": 1}) for name in ("broken", "far")] == [[], []]
    assert tools.hint("nothing like it") == "its tools are broken, far"
    assert Tools().hint("x") == "it offers no tools"
    strange = Tools(types.Tool(name=name, input_schema={}) for name in ("", "a" * 5000, "b"))
    assert strange.hint("?") == f"its tools are {'a' * 60}…, b"


HURTS = {"type": "object", "properties": {"q": {"type": "string", "pattern": "^(a|a)*$"}}}


async def test_schema_that_would_hang_us_does_not():
    """A pattern that backtracks for ever is checked in no time, in arguments as in answers."""
    tool = Tools([types.Tool(name="x", input_schema=HURTS, output_schema=HURTS)]).get("x")
    (misfit,) = await tool.misfits({"q": "a" * 40 + "!"})
    assert misfit.text.endswith("does not match '^(a|a)*$'")
    assert await tool.misfits_of_answer({"q": "a" * 40 + "!"}) == [misfit]
    assert tool.answers_with_data


async def test_answers_are_held_to_the_servers_own_schema(context, tmp_path):
    """Data that does not fit, and none where some is due, fail the call with the place."""
    text = (
        "from plain import answer, serve, text, TOOLS\n"
        f"TOOLS[1]['outputSchema'] = {HURTS | {'required': ['q']}!r}\n"
        "serve()\n"
    )
    agent = written(tmp_path, text)
    found = []
    for data in ({"structuredContent": {"q": "a" * 40 + "!"}}, {"structuredContent": {}}, {}):
        result = {"content": [], **data}
        found.append(await failure(agent.execute("show", {"result": result}, context())))
    assert [(each.category, each.code) for each in found] == [(Category.TOOL, "bad_answer")] * 3
    assert [each.message.partition("own schema: ")[2] for each in found] == [
        f"q: '{'a' * 40}!' does not match '^(a|a)*$'",
        "'q' is a required property",
        "it has none of the data that its schema asks for",
    ]
    good = {"content": [], "structuredContent": {"q": "aa"}}
    assert (await agent.execute("show", {"result": good}, context())).result == {"q": "aa"}
    await agent.close()


async def test_misfits_are_few_and_short():
    """However wrong the arguments are, the message stays readable."""
    tool = Tools([types.Tool(name="x", input_schema={"additionalProperties": {"type": "string"}})]).get("x")
    found = await tool.misfits({str(number): [0] * 1000 for number in range(100)})
    assert len(found) == 8
    assert all(len(str(each)) < 520 for each in found)


# --- people and models ------------------------------------------------------------------------------------


def test_form_of_a_schema():
    """Each kind of field that the protocol knows becomes one that a person can fill in."""
    schema = {
        "type": "object",
        "properties": {
            "mail": {"type": "string", "title": "Mail", "format": "email"},
            "size": {"type": "number", "default": 1.5, "maximum": 9},
            "sure": {"type": "boolean"},
            "color": {"enum": ["r", "g"], "enumNames": ["red", "green"]},
            "kind": {"type": "string", "oneOf": [{"const": "a", "title": "first"}, {"const": "b"}]},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}, "minItems": 1},
        },
        "required": ["mail", "tags"],
    }
    assert elicitation.form(schema) == {
        "mail": {"type": "string", "description": "Mail; format email"},
        "size": {"type": "number", "default": 1.5, "description": "at most 9"},
        "sure": {"type": "boolean", "required": False},
        "color": {
            "type": "string",
            "choices": ["r", "g"],
            "required": False,
            "description": "one of r (red), g (green)",
        },
        "kind": {
            "type": "string",
            "choices": ["a", "b"],
            "required": False,
            "description": "one of a (first), b",
        },
        "tags": {"type": "list", "description": "at least 1 of them; one of x, y"},
    }


def form_question(schema):
    return types.ElicitRequestFormParams(message="well?", requested_schema=schema)


async def test_person_who_never_fits_is_asked_three_times(context):
    """A form is not put for ever."""
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5}}}
    here = context(answers=[approval(values={"n": 1})] * 3)
    answer = await elicitation.answer("x", form_question(schema), here)
    assert (answer.action, len(here.gates)) == ("cancel", 3)


async def test_schema_that_is_none_takes_every_answer(context):
    """A server whose schema is broken gets what the person said."""
    here = context(answers=[approval(values={"n": 1})])
    question = form_question({"type": 7, "properties": {"n": 7}})
    assert (await elicitation.answer("x", question, here)).content == {"n": 1}


@pytest.mark.parametrize(("said", "action"), [(approval(), "accept"), (rejection(), "decline")])
async def test_page_to_open_is_an_approval(said, action, context):
    """A server that wants a page opened shows where it is."""
    here = context(answers=[said])
    question = types.ElicitRequestURLParams(message="sign in", url="https://x.invalid/", elicitation_id="1")
    assert (await elicitation.answer("x", question, here)).action == action
    assert (here.gates[0].action, here.gates[0].show) == ("approve", {"url": "https://x.invalid/"})


async def test_form_that_nobody_can_answer_is_the_servers_mistake(context, monkeypatch):
    """A question that the engine refuses to put is refused to the server."""
    here = context()

    async def refuse(gate, bound_to=""):
        raise failed(Category.VALIDATION, "the question is malformed", code="gate")

    monkeypatch.setattr(here, "ask", refuse)
    answer = await elicitation.answer("x", form_question({}), here)
    assert (answer.code, answer.message) == (types.INVALID_PARAMS, "the question is malformed")


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"properties": {f"f{n}": {} for n in range(51)}}, "51 fields, more than 50"),
        ({"properties": {"a": {"enum": ["x" * 70_000]}}}, "more than 64 KiB"),
        ({"properties": {"a": {}}, "required": ["b"]}, "requires 'b', which is none of its fields"),
        ({"properties": 5}, "no JSON Schema of an object"),
    ],
)
async def test_form_for_no_person(schema, complaint, context):
    """A form that is too large, or cannot be filled in, is refused to the server, and nobody is asked."""
    here = context()
    answer = await elicitation.answer("x", form_question(schema), here)
    assert answer.code == types.INVALID_PARAMS
    assert complaint in answer.message
    assert here.gates == []


async def test_address_for_no_person(context):
    """Neither does anybody see a page's address of ten thousand characters."""
    question = types.ElicitRequestURLParams(message="x", url="https://x/" + "a" * 10_000, elicitation_id="1")
    assert "more than 2000 characters" in (await elicitation.answer("x", question, context())).message


async def test_long_question_is_cut_and_its_binding_short(context):
    """Megabytes of a server's question reach neither the gate nor what the answer is bound to."""
    here = context(answers=[rejection()])
    params = types.ElicitRequestFormParams(message="m" * 3_000_000, requested_schema={"properties": {}})
    await elicitation.answer("x", params, here)
    assert len(here.gates[0].message) < 2_100
    assert len(here.bound[0]) == 32


def question(*content, **settings):
    message = types.SamplingMessage(role="user", content=list(content))
    return types.CreateMessageRequestParams(messages=[message], max_tokens=9, **settings)


TEXT = types.TextContent(type="text", text="what is it?")
IMAGE = types.ImageContent(type="image", mime_type="image/png", data="AAAA")
SOUND = types.AudioContent(type="audio", mime_type="audio/wav", data="AAAA")


async def test_pictures_go_to_the_model(context):
    """A question with a picture is asked as the OpenAI API takes it, with all that the server wishes."""
    asked = []
    model = scripted(lambda call: asked.append(call.parameters) or "a cat")
    here = context(agents={"model": model(AgentConfig(name="model", type="scripted"))})
    wishes = {"temperature": 0.5, "stop_sequences": ["."]}
    answer = await sampling.answer("model", question(TEXT, IMAGE, **wishes), here)
    assert (answer.content.text, answer.model, answer.stop_reason) == ("a cat", "model", None)
    (parameters,) = asked
    assert parameters["messages"][0]["content"] == [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    assert (parameters["temperature"], parameters["stop"], parameters["max_tokens"]) == (0.5, ["."], 9)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (question(SOUND), "audio cannot be handed to a model"),
        (question(TEXT, tools=[types.Tool(name="x", input_schema={})]), "a model with tools is not offered"),
        (question(TEXT), "the flow has no agent 'model'"),
    ],
)
async def test_what_no_model_can_be_asked(asked, text, context):
    """What cannot be handed on is refused with the reason."""
    answer = await sampling.answer("model", asked, context())
    assert isinstance(answer, types.ErrorData)
    assert text in answer.message


async def test_model_that_fails_without_a_reason(context):
    """A failure that is only text, or nothing, is told."""
    model = scripted(lambda call: AgentResponse(success=False))
    here = context(agents={"model": model(AgentConfig(name="model", type="scripted"))})
    answer = await sampling.answer("model", question(TEXT), here)
    assert "no reason was given" in answer.message


async def test_nobody_is_asked_while_no_call_is_in_flight(context):
    """A server that asks on its own account is refused."""
    requests = Requests(config(sampling="model"), Calls(), context())
    for refused in (
        await requests.elicit(None, form_question({})),
        await requests.sample(None, question(TEXT)),
    ):
        assert refused.code == types.INVALID_REQUEST
    assert "sampling_callback" not in Requests(config(), Calls(), context()).callbacks()


async def test_question_ends_with_its_call(context):
    """Whoever is asked for a call that ends is asked no more, and the server hears that."""
    calls, asked = Calls(), asyncio.Event()

    class Slow:
        idempotency_key = "key"

        async def ask(self, gate, bound_to=""):
            asked.set()
            await asyncio.Event().wait()

    requests = Requests(config(), calls, context())
    async with calls.begun(Slow()):
        asking = asyncio.create_task(requests.elicit(None, form_question({})))
        await asked.wait()
    assert (await asking).code == types.INVALID_REQUEST


async def test_question_of_unknown_origin_is_not_guessed(context):
    """Over stdio nobody is asked for one of two calls; for the one that alone can have asked, somebody is."""
    calls, here = Calls(), context(answers=[approval(values={"n": 1})])
    requests = Requests(config(), calls, context())

    async def asked():
        question = requests.elicit(None, form_question({"properties": {"n": {}}}))
        return await asyncio.create_task(question, context=Context())  # of no call, as over stdio

    async with calls.begun(here):
        async with calls.begun(context()):
            assert "max_concurrency: 1" in (await asked()).message
            assert not here.gates
        assert (await asked()).content == {"n": 1}
        assert len(here.gates) == 1


async def test_question_ends_with_the_call_that_asked(context):
    """It is not put to the person for another call that is in flight by then."""
    calls, asked, over = Calls(), asyncio.Event(), asyncio.Event()
    other = context(answers=[approval(values={"n": 1})])

    class Slow:
        idempotency_key = "slow"

        async def ask(self, gate, bound_to=""):
            asked.set()
            await asyncio.Event().wait()

    async def slow():
        async with calls.begun(Slow()):
            await over.wait()

    requests = Requests(config(), calls, context())
    first = asyncio.create_task(slow())
    await asyncio.sleep(0)
    asking = asyncio.create_task(requests.elicit(None, form_question({"properties": {"n": {}}})))
    await asked.wait()
    async with calls.begun(other):
        over.set()
        await first
        assert "while a call is in flight" in (await asking).message
    assert not other.gates


async def test_another_question_of_unknown_origin_is_another_calls(context):
    """Over stdio it is taken for the oldest call's for which nothing is asked, if there is one."""
    calls, asked = Calls(), asyncio.Event()
    async with calls.begun(context()) as oldest, calls.begun(context()) as next_one:
        current.set(None)
        for call, then in ((oldest, next_one), (next_one, oldest)):
            assert calls.asking() is call
            errand = asyncio.create_task(call.errand(asked.wait()))
            await asyncio.sleep(0)
            assert calls.asking() is then
        asked.set()
        await errand
        assert calls.asking() is oldest


async def test_what_the_server_says_belongs_to_a_call(context):
    """Within a call it is that call's alone, elsewhere the oldest one's, never a start's or a ping's."""
    calls = Calls()
    assert calls.asking() is None
    async with calls.begun(None):
        assert calls.asking() is None
        async with calls.begun(context()) as oldest, calls.begun(context()) as inner:
            assert calls.asking() is inner
            for elsewhere, whose in ((Call(context()), None), (Call(None), oldest), (None, oldest)):
                token = current.set(elsewhere)
                assert calls.asking() is whose
                current.reset(token)


async def test_flood_of_messages_is_cut(context, monkeypatch):
    """A server that logs without end is cut off, and its session says how much is missing."""
    monkeypatch.setattr("lead_tui.agents.output.MAX_LINES", 2)
    here = context()
    requests = Requests(config(), Calls(), here)
    for data in ({"n": 1}, "two", "three"):
        await requests.log(types.LoggingMessageNotificationParams(level="critical", data=data))
    await requests.progress(here)(1.0, None, None)
    requests.close()
    assert here.lines() == ['{"n":1}', "two", "plain: (2 more lines were not logged)"]


async def test_flood_of_messages_is_heard(context, monkeypatch):
    """What is not noted any more is a sign of life all the same."""
    monkeypatch.setattr("lead_tui.agents.output.MAX_LINES", 0)
    calls, here = Calls(), context()
    requests = Requests(config(), calls, context())
    async with calls.begun(here):
        await requests.log(types.LoggingMessageNotificationParams(level="info", data="x"))
        assert here.heartbeats == 1
        await requests.progress(here)(1.0, None, None)
    assert (here.heartbeats, here.notes) == (2, [])


# --- files ------------------------------------------------------------------------------------------------


def test_file_is_named_by_its_content(tmp_path):
    """The same bytes are one file, of the kind that they are."""
    first = files.keep(tmp_path, b"abc", "image/jpeg")
    assert files.keep(tmp_path, b"abc", "image/jpeg; q=1") == first
    assert (first.suffix, first.read_bytes()) == (".jpg", b"abc")
    assert files.keep(tmp_path, b"abc", "application/x-no-such-thing").suffix == ".bin"


def test_files_are_for_this_user_alone(tmp_path):
    """So are the folders that are made for them, and those that were there stay as they are."""
    tmp_path.chmod(0o755)
    file = files.keep(tmp_path / "journal.db.files" / "run", b"abc", "text/plain")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, *file.parents[:3])] == [
        0o600, 0o700, 0o700, 0o755
    ]  # fmt: skip


async def test_file_that_cannot_be_written(context, tmp_path):
    """An answer too large for the journal fails where no file can be kept."""
    place = tmp_path / "file" / "run"
    place.parent.write_text("in the way")
    agent = server()
    picture = {"type": "image", "mimeType": "image/png", "data": "AAAA" * 100_000}
    found = await failure(agent.execute("show", {"result": {"content": [picture]}}, context(files=place)))
    await agent.close()
    assert (found.category, found.code) == (Category.SYSTEM, "no_file")
    assert str(place) in found.message
