"""Bad flows, and exactly where and what is told of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_tui.errors import InvalidFlow, LeadError
from lead_tui.flow.diagnostics import Diagnostic, Problems
from lead_tui.flow.loader import load_data

HEAD = "name: x\ntasks:\n"
TASK = "  - {name: a, agent_name: local, action: run, parameters: {command: x}}\n"


def task(**keys):
    """A good task but for `keys`, as one line of YAML."""
    fields = {"name": "b", "agent_name": "local", "action": "run", "parameters": "{command: x}"} | keys
    return (
        "  - {" + ", ".join(f"{key}: {value}" for key, value in fields.items() if value is not None) + "}\n"
    )


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        # the workflow
        ("- 1", ["1:1 wrong-type"]),
        ("just text", ["1:1 wrong-type"]),
        ("{}", ["1:1 missing-key", "1:1 missing-key"]),
        ("name: x", ["1:1 missing-key"]),
        ("tasks:\n" + TASK, ["1:1 missing-key"]),
        ("name: x\ntasks: []", ["2:8 bad-value"]),
        ("name: x\ntasks: 3", ["2:8 wrong-type"]),
        ("name: ''\ntasks:\n" + TASK, ["1:7 bad-value"]),
        ("nmae: x\n" + HEAD + TASK, ["1:1 unknown-key"]),
        ("version: 1.0\n" + HEAD + TASK, ["1:10 wrong-type"]),
        ("max_parallel: many\n" + HEAD + TASK, ["1:15 wrong-type"]),
        ("max_parallel: 0\n" + HEAD + TASK, ["1:15 bad-value"]),
        ("parallel_execution: maybe\n" + HEAD + TASK, ["1:21 wrong-type"]),
        ("failure_strategy: stop_on_first\n" + HEAD + TASK, ["1:19 bad-value"]),
        ("global_timeout: soon\n" + HEAD + TASK, ["1:17 bad-duration"]),
        ("global_timeout: 0\n" + HEAD + TASK, ["1:17 bad-duration"]),
        ("budget: {mode: audit}\n" + HEAD + TASK, ["1:9 bad-value"]),
        ("budget: {usd: 0}\n" + HEAD + TASK, ["1:15 bad-value"]),
        ("budget: {dollars: 1, calls: 2}\n" + HEAD + TASK, ["1:10 unknown-key"]),
        ("defaults: {timeout: -1, retries: 3}\n" + HEAD + TASK, ["1:21 bad-duration", "1:25 unknown-key"]),
        # agents
        ("agents: {a: 1}\n" + HEAD + TASK, ["1:9 wrong-type"]),
        ("agents: [x]\n" + HEAD + TASK, ["1:10 wrong-type"]),
        ("agents: [{name: s}]\n" + HEAD + TASK, ["1:10 missing-key"]),
        ("agents: [{name: s, type: 3}]\n" + HEAD + TASK, ["1:26 wrong-type"]),
        ("agents: [{name: s, type: servise}]\n" + HEAD + TASK, ["1:26 unknown-type"]),
        ("agents: [{name: s, type: flow}]\n" + HEAD + TASK, ["1:26 not-built"]),
        ("agents: [{type: service}]\n" + HEAD + TASK, ["1:10 missing-key"]),
        ("agents: [{name: a b, type: service}]\n" + HEAD + TASK, ["1:17 bad-name"]),
        ("agents: [{name: s, type: service, header: {}}]\n" + HEAD + TASK, ["1:35 unknown-key"]),
        ("agents: [{name: s, type: local, headers: {}}]\n" + HEAD + TASK, ["1:33 unknown-key"]),
        ("agents: [{name: s, type: service, timeout: 1y}]\n" + HEAD + TASK, ["1:44 bad-duration"]),
        ("agents: [{name: s, type: service, rate_limit: {per: 1m}}]\n" + HEAD + TASK, ["1:47 missing-key"]),
        (
            "agents: [{name: s, type: service, authentication: {type: oauth}}]\n" + HEAD + TASK,
            ["1:51 bad-value"],
        ),
        ("agents: [{name: s, type: service, authentication: {}}]\n" + HEAD + TASK, ["1:51 missing-key"]),
        (
            "agents: [{name: s, type: service, authentication: {type: bearer}}]\n" + HEAD + TASK,
            ["1:51 missing-key"],
        ),
        (
            "agents: [{name: s, type: service}, {name: s, type: local}]\n" + HEAD + TASK,
            ["1:43 duplicate-name"],
        ),
        (
            "agents: [{name: s, type: service, retry_config: {retry_on: [whatever]}}]\n" + HEAD + TASK,
            ["1:61 bad-value"],
        ),
        # tasks
        (HEAD + TASK + task(name="a"), ["4:12 duplicate-name"]),
        (HEAD + TASK + "finally:\n" + TASK, ["5:12 duplicate-name"]),
        (HEAD + task(name=None), ["3:5 missing-key"]),
        (HEAD + task(name="a b"), ["3:12 bad-name"]),
        (HEAD + "  - text\n", ["3:5 wrong-type"]),
        (HEAD + task(agent_name="locl"), ["3:27 undefined-agent"]),
        (HEAD + task(agent_name="service"), ["3:27 undefined-agent"]),
        (HEAD + task(agent_name="flow"), ["3:27 not-built"]),
        (HEAD + task(action="rnu"), ["3:42 unknown-action"]),
        (HEAD + task(action="'{{ inputs.a }}'"), ["3:42 template-not-allowed"]),
        (HEAD + task(parameters="{comand: x}"), ["3:59 missing-key", "3:60 unknown-key"]),
        (HEAD + task(parameters="{command: 3}"), ["3:69 wrong-type"]),
        (HEAD + task(parameters="{command: x, times: soon}"), ["3:79 wrong-type"]),
        (HEAD + task(when="[1]"), ["3:79 wrong-type"]),
        (HEAD + task(timeout="5 parsecs"), ["3:82 bad-duration"]),
        (HEAD + task(expect="result"), ["3:81 wrong-type"]),
        (HEAD + task(retry_config="{max_attemps: 3}"), ["3:88 unknown-key"]),
        (HEAD + task(foreach="[1]"), ["3:73 not-built"]),
        (HEAD + task(requires="[x]", agent_name=None), ["3:54 not-built"]),
        # dependencies
        (HEAD + TASK + task(depends_on="[c]"), ["4:86 unknown-task"]),
        (HEAD + TASK + task(depends_on="[b]"), ["4:86 self-dependency"]),
        (HEAD + TASK + task(depends_on="[a, {task: a}]"), ["4:86 duplicate-dependency"]),
        (HEAD + TASK + task(depends_on="[{task: a, on: never}]"), ["4:100 bad-value"]),
        (HEAD + TASK + task(depends_on="a"), ["4:85 wrong-type"]),
        (HEAD + TASK + "finally:\n" + task(depends_on="[a]"), ["5:86 finally-dependency"]),
        (HEAD + task(depends_on="[z]") + "finally:\n" + task(name="z"), ["3:86 finally-dependency"]),
        (HEAD + task(name="p", depends_on="[q]") + task(name="q", when="tasks.p.status"), ["3:12 cycle"]),
        # templates
        (HEAD + task(when="inputs.x"), ["3:79 unknown-input"]),
        (HEAD + task(when="tasks.z.result"), ["3:79 unknown-task"]),
        (HEAD + task(when="tasks.b.result"), ["3:79 self-dependency"]),
        (HEAD + task(when="x y"), ["3:79 template-syntax"]),
        (HEAD + task(when="''"), ["3:79 template-syntax"]),
        (HEAD + task(when="result"), ["3:79 unknown-name"]),
        (HEAD + task(when="item"), ["3:79 not-built"]),
        (HEAD + task(when="run.nmae"), ["3:79 unknown-name"]),
        (HEAD + TASK + task(when="tasks.a.reslt"), ["4:79 unknown-name"]),
        (HEAD + TASK + task(when="tasks.a-b.result"), ["4:79 template-syntax"]),
        (HEAD + TASK + task(when="'tasks[run.id].result'"), ["4:79 template-syntax"]),
        (HEAD + task(when="tasks.z.result") + "finally:\n" + task(name="z"), ["3:79 finally-dependency"]),
        (HEAD + task(parameters="{command: '{{ x'}"), ["3:69 template-syntax"]),
        (HEAD + task(parameters="{command: ['{{ 1 }}', '{{ tasks.z }}']}"), ["3:81 unknown-task"]),
        (HEAD + TASK + "outputs: {o: '{{ result }}'}", ["4:14 unknown-name"]),
        (
            HEAD + "  - name: b\n    agent_name: local\n    action: run\n    parameters:\n      command: |\n"
            "        fine\n          {{ tasks.z.result }}\n          {{ tasks.a-b }}\n",
            ["9:11 unknown-task", "10:11 template-syntax"],
        ),
        # inputs
        ("inputs: {n: {type: int}}\n" + HEAD + TASK, ["1:20 bad-value"]),
        ("inputs: {n: {type: integer, default: x}}\n" + HEAD + TASK, ["1:38 bad-input"]),
        ("inputs: {n: {type: integer, default: true}}\n" + HEAD + TASK, ["1:38 bad-input"]),
        ("inputs: {n: {choices: [a, b], default: c}}\n" + HEAD + TASK, ["1:40 bad-input"]),
        ("inputs: {n: {type: string, defalt: c}}\n" + HEAD + TASK, ["1:28 unknown-key"]),
        ("inputs: {n n: 1}\n" + HEAD + TASK, ["1:10 bad-name"]),
        # secrets
        ("inputs: {s: {secret: true}}\n" + HEAD + task(when="inputs.s"), ["4:79 secret-in-template"]),
        (
            "inputs: {s: {secret: true}}\n" + HEAD + task(parameters="{command: '{{ inputs.s | upper }}'}"),
            ["4:69 secret-in-template"],
        ),
        (
            "inputs: {s: {secret: true}}\n" + HEAD + task(parameters="{command: '{{ inputs | tojson }}'}"),
            ["4:69 secret-in-template"],
        ),
        (
            "inputs: {s: {secret: true}}\n" + HEAD + TASK + "outputs: {o: '{{ inputs.s }}'}",
            ["5:14 secret-in-template"],
        ),
        # the environment
        ("description: ${NOPE}\n" + HEAD + TASK, ["1:14 missing-variable"]),
        (HEAD + task(parameters="{command: '${NOPE}'}"), ["3:69 missing-variable"]),
        # the text
        ("name: y\n" + HEAD + TASK, ["2:1 duplicate-key"]),
        ("name: !x y\ntasks:\n" + TASK, ["1:7 yaml-tag"]),
    ],
)
def test_where_and_what(flow, text, problems):
    """Each mistake is told once, at its line and column, with its code."""
    assert flow.problems(text) == problems


def test_everything_at_once(flow):
    """One load tells the mistakes of every kind, in file order, and cutting one out hides no other."""
    text = (
        "name: x\n"
        "naem: y\n"
        "max_parallel: x\n"
        "agents:\n"
        "  - {name: s, type: service, endpiont: x}\n"
        "  - {name: t, type: nothing}\n"
        "tasks:\n"
        "  - {agent_name: local, action: run}\n"
        "  - {name: a, agent_name: s, action: x, timeout: x, depends_on: [a, nope]}\n"
        "  - {name: b, agent_name: t, action: x, when: tasks.c.status, foreach: 1}\n"
        "  - {name: c, agent_name: local, action: run, depends_on: [b], parameters: {command: '${GONE}'}}\n"
        "outputs: {o: '{{ inputs.zip }}'}\n"
        "name: z\n"
    )
    assert flow.problems(text) == [
        "2:1 unknown-key",
        "3:15 wrong-type",
        "5:30 unknown-key",
        "6:21 unknown-type",
        "8:5 missing-key",
        "8:5 missing-key",
        "9:50 bad-duration",
        "9:66 self-dependency",
        "9:69 unknown-task",
        "10:12 cycle",
        "10:63 not-built",
        "11:86 missing-variable",
        "12:14 unknown-input",
        "13:1 duplicate-key",
    ]


def test_one_mistake_hides_no_other_in_the_same_task(flow):
    """The only task of a flow is judged to its end, whatever is wrong in it."""
    assert flow.problems(HEAD + task(timeout="x", when="inputs.n", agent_name="nobody")) == [
        "3:27 undefined-agent",
        "3:83 bad-duration",
        "3:92 unknown-input",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nmae: y\n" + HEAD + TASK, "1:1 unknown-key unknown key 'nmae' (did you mean 'name'?)"),
        (HEAD + task(tiemout=3), "task 'b': unknown key 'tiemout' (did you mean 'timeout'?)"),
        (HEAD + task(retry_config="{max_attemps: 3}"), "(did you mean 'max_attempts'?)"),
        (HEAD + TASK + task(depends_on="[{taks: a}]"), "(did you mean 'task'?)"),
        ("inputs: {n: {type: string, defalt: c}}\n" + HEAD + TASK, "input 'n': unknown key 'defalt' (did y"),
        ("agents: [{name: s, type: servise}]\n" + HEAD + TASK, "type 'servise' (did you mean 'service'?)"),
        ("agents: [{name: s, type: zzz}]\n" + HEAD + TASK, "(one of local, service)"),
        (HEAD + task(agent_name="locl"), "there is no agent 'locl' (did you mean 'local'?)"),
        (HEAD + task(agent_name="zzz"), "there is no agent 'zzz' (declare it under `agents`)"),
        (HEAD + task(action="rnu"), "has no action 'rnu' (did you mean 'run'?)"),
        (HEAD + task(action="zzz"), "has no action 'zzz' (it knows run)"),
        (HEAD + task(parameters="{comand: x}"), "unknown key 'comand' (did you mean 'command'?)"),
        (HEAD + task(parameters="{command: 3}"), "`parameters.command` must be text or a list"),
        (HEAD + task(name="fetch") + task(when="tasks.fetsh.result"), "'fetsh' (did you mean 'fetch'?)"),
        (HEAD + task(name="fetch") + task(when="tasks.fetch.reslt"), "no 'reslt' (did you mean 'result'?)"),
        (HEAD + task(name="fetch") + task(when="tasks.fetch.rows"), "(what it returned is tasks.fetch.res"),
        ("inputs: {city: x}\n" + HEAD + task(when="inputs.citi"), "no input 'citi' (did you mean 'city'?)"),
        ("inputs: {city: x}\n" + HEAD + task(when="city"), "there is no 'city' here (inputs.city)"),
        (HEAD + TASK + task(when="tasks.a-b.result"), "write tasks['a-b']"),
        ("version: 1.0\n" + HEAD + TASK, "`version` must be text (put it in quotes)"),
        ("failure_strategy: stop_on_first\n" + HEAD + TASK, "(did you mean 'stop_on_first_failure'?)"),
        (HEAD + task(name="p", depends_on="[r]") + task(name="q", depends_on="[p]")
         + task(name="r", depends_on="[q]"),
         "these tasks wait for each other: p → r → q → p"),
        ("description: ${NOPE}\n" + HEAD + TASK, "the variable NOPE is not set (set it in the environment"),
    ],
)  # fmt: skip
def test_messages(flow, text, message):
    """A message names the thing, and where one is close, what was probably meant."""
    assert message in flow.messages(text)


def test_a_dict_has_no_positions(flow):
    """A flow from Python is judged the same way, and no line is made up."""
    with pytest.raises(InvalidFlow) as caught:
        flow.data({"name": "x", "tasks": [{"name": "a", "agent_name": "locl", "action": "run"}]})
    (only,) = caught.value.diagnostics
    assert (only.line, only.col, only.code) == (None, None, "undefined-agent")
    assert str(only) == "undefined-agent task 'a': there is no agent 'locl' (did you mean 'local'?)"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"name": "x", 3: 4}, "bad-key"),
        ({"name": object()}, "wrong-type"),
        ({"name": float("nan")}, "wrong-type"),
        ({"name": b"x"}, "wrong-type"),
        ({"name": "a\udcff"}, "wrong-type"),
    ],
)
def test_data_that_is_not_plain(flow, data, code):
    """Python values that no file could hold are told, not stored."""
    with pytest.raises(InvalidFlow) as caught:
        flow.data(data)
    assert [each.code for each in caught.value.diagnostics] == [code]


def test_data_that_holds_itself(flow):
    """A dict inside itself ends at the depth limit."""
    data = {"name": "x"}
    data["again"] = data
    with pytest.raises(InvalidFlow, match="too-deep"):
        flow.data(data)


def test_the_form_of_a_diagnostic():
    """`file:line:col code message (hint)`, and only as much of the place as is known."""
    assert str(Diagnostic("f.yaml", 1, 2, "code", "message", "hint")) == "f.yaml:1:2 code message (hint)"
    assert str(Diagnostic("f.yaml", None, None, "code", "message")) == "f.yaml code message"
    assert str(Diagnostic("", None, None, "code", "message")) == "code message"


def test_warnings_do_not_stop_a_flow():
    """Only errors raise; the same problem is told once."""
    problems = Problems("f")
    problems.add(("a",), "w", "m", severity="warning")
    problems.raise_errors()
    problems.add(("a",), "e", "m")
    problems.add(("a",), "e", "m")
    with pytest.raises(InvalidFlow) as caught:
        problems.raise_errors()
    assert [each.code for each in caught.value.diagnostics] == ["w", "e"]


KEYS = st.sampled_from(
    ["name", "agents", "tasks", "finally", "inputs", "outputs", "type", "agent_name", "action", "parameters",
     "depends_on", "when", "task", "on", "expect", "output", "timeout", "authentication", "token",
     "retry_config", "default", "secret", "max_parallel", "headers"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a", "local", "service", "bearer", "run", "{{ tasks.a.result }}", "tasks.a-b", "${X}",
                       "{{", "***", "${X:-{{ y }}}", "integer", "1h"]),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(KEYS, each, max_size=6),
    max_leaves=25,
)  # fmt: skip
TASKS = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=4)


@given(st.dictionaries(KEYS, VALUES, max_size=6), TASKS, TASKS)
def test_any_data_is_judged(flow_types, data, tasks, agents):
    """Whatever the shape of the data, loading gives a document or an error that says what is wrong."""
    for document in (data, data | {"name": "x", "tasks": tasks, "agents": agents}):
        try:
            load_data(document, environment={"X": "{{ x"}, **flow_types)
        except LeadError as error:
            assert str(error)


@pytest.fixture(scope="module")
def flow_types(tmp_path_factory):
    from tests.flow.conftest import TYPES

    return {"folder": tmp_path_factory.mktemp("flows"), "agent_types": TYPES.get, "type_names": list(TYPES)}
