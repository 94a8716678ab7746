"""One load tells every mistake: none hides another or follows from another, each stands at its own line."""

import pytest

from tests.flow.test_diagnostics import HEAD, TASK, task


def in_block(style, *lines):
    """A task whose command is a block of these lines; the first of them is line 8 of the file."""
    head = "name: x\ntasks:\n  - name: b\n    agent_name: local\n    action: run\n    parameters:\n"
    return head + f"      command: {style}\n" + "".join(f"        {line}\n" for line in lines)


# --- no mistake hides another ---------------------------------------------------------------------------


def test_every_cycle_is_told(flow):
    """Two cycles are two problems, each with its path from the task that stands first."""
    text = HEAD + "".join(
        task(name=name, depends_on=f"[{needed}]")
        for name, needed in (("p", "q"), ("q", "p"), ("r", "t"), ("s", "r"), ("t", "s"))
    )
    messages = flow.messages(text).splitlines()
    assert [each.partition(": ")[2] for each in messages] == ["p → q → p", "r → t → s → r"]
    assert flow.problems(text) == ["3:12 cycle", "5:12 cycle"]


@pytest.mark.parametrize("name", ["a b", "''", "[1]", None])
def test_a_bad_name_hides_nothing_in_its_task(flow, name):
    """A task without a usable name is judged to its end, and called what it is called in the file."""
    wrong = task(name=name, agent_name="locl", when="inputs.zz", depends_on="[nope]")
    codes = [each.partition(" ")[2] for each in flow.problems(HEAD + wrong)]
    name_is_wrong = {"[1]": "wrong-type", None: "missing-key"}.get(name, "bad-name")
    assert sorted(codes) == sorted([name_is_wrong, "undefined-agent", "unknown-input", "unknown-task"])
    called = "task 'a b'" if name == "a b" else "task ''" if name == "''" else "tasks[0]"
    assert all(f" {called}: " in line for line in flow.messages(HEAD + wrong).splitlines())
    parameters = task(name=name, parameters="{comand: x}")
    assert len(flow.problems(HEAD + parameters)) == 3


def test_a_task_without_an_action_or_agent(flow):
    """What is missing is told once, nothing is said of a made-up value, and the rest is judged."""
    text = HEAD + task(agent_name=None, action=None, when="inputs.x")
    assert flow.problems(text) == ["3:5 missing-key", "3:5 missing-key", "3:47 unknown-input"]


def test_wrong_tasks_hide_nothing_else(flow):
    """Without one good task the outputs, agents and `finally` are still judged."""
    rest = "outputs: {o: '{{ inputs.q }}'}\nfinally:\n" + task(agent_name="locl")
    for tasks in ("tasks: [1]\n", "tasks: 3\n", "x: 1\n"):
        codes = [each.partition(" ")[2] for each in flow.problems("name: x\n" + tasks + rest)]
        assert "unknown-input" in codes
        assert "undefined-agent" in codes
        assert len([each for each in codes if each not in ("unknown-input", "undefined-agent")]) <= 2


@pytest.mark.parametrize(
    ("template", "messages"),
    [
        ("{{ tasks.nix.result }} {{ 1 | nofilter }}", ["there is no filter 'nofilter'", "no task 'nix'"]),
        ("{{ 1 | nof }} {{ 1 is bigg }}", ["no filter 'nof'", "there is no test 'bigg'"]),
        ("{{ inputs.i }} {{ x y }} {{ tasks.nix.result }}", ["got 'y'", "no task 'nix'", "no input 'i'"]),
        ("{{ x y }} {{ 1 }} {{ a b }}", ["got 'y'", "got 'b'"]),
        ("{{ tasks.nix.result }} {% if %}", ["no task 'nix'", "Expected an expression"]),
        ("{% for r in [1] %}{{ r }}{{ x y }}{% endfor %}", ["got 'y'"]),
        ("{# {{ a b }} #}{{ tasks.nix }}{{ x y }}", ["no task 'nix'", "got 'y'"]),
        ("{% raw %}{{ a b }}{% endraw %}{{ x y }}", ["got 'y'"]),
        ("{{ tasks.nix }} {{ 'open", ["no task 'nix'", "unexpected char"]),
        ("{{ tasks.nix }} {# open", ["no task 'nix'", "Missing end of comment"]),
        (
            "{{ tasks.a-b-c.result }} {{ tasks[run.id] }}",
            ["write tasks['a-b-c']", "needs the name of a task"],
        ),
        ("{{ tasks.a-b.result - tasks.nix.result }}", ["write tasks['a-b']", "no task 'nix'"]),
        ("{{ tasks.a-1 }}", ["tasks.a-... reads as a subtraction"]),
    ],
)
def test_every_mistake_of_a_template(flow, template, messages):
    """A mistake in a text hides neither the others nor what the rest of it refers to."""
    text = in_block("|", template)
    told = flow.messages(text)
    assert all(message in told for message in messages), told
    assert all(each.startswith("8:9 ") for each in flow.problems(text))
    assert len(told.splitlines()) == len(messages)


def test_a_mistake_does_not_hide_a_cycle(flow):
    """What a broken text refers to is a dependency all the same."""
    text = HEAD + task(name="p", depends_on="[q]") + task(name="q", when="tasks.p.result | nofilter")
    assert flow.problems(text) == ["3:12 cycle", "4:79 template-syntax"]


def test_a_wrong_agent_hides_no_parameters(flow):
    """The tasks of an agent with a mistake are judged by its type."""
    agents = "agents: [{name: s, type: local, nope: 1}]\n"
    text = agents + HEAD + task(agent_name="s", parameters="{comand: x}") + task(
        name="c", agent_name="s", action="rnu"
    )  # fmt: skip
    assert flow.problems(text) == [
        "1:33 unknown-key",
        "4:55 missing-key",
        "4:56 unknown-key",
        "5:38 unknown-action",
    ]


# --- where ----------------------------------------------------------------------------------------------

LINES = (
    "fine",
    "two {{ inputs.q }}",
    "  {{ tasks.z.result }}",
    "",
    "{{ inputs.q }} {{ 1 | nof }}",
    "{{ a b }}",
)


@pytest.mark.parametrize("style", ["|", "|-", ">", ">-", ">+"])
def test_lines_of_blocks(flow, style):
    """Each mistake in a block stands at its own line, whether YAML folds the lines or keeps them."""
    assert flow.problems(in_block(style, *LINES)) == [
        "9:9 unknown-input",
        "10:11 unknown-task",
        "12:9 template-syntax",
        "12:9 unknown-input",
        "13:9 template-syntax",
    ]


@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_lines_of_folded_text(flow, quote):
    """Plain and quoted text over several lines counts as it is written."""
    text = HEAD + task() + (
        f"  - name: c\n    agent_name: local\n    action: run\n    parameters: {{command: x}}\n"
        f"    when: {quote}tasks.y.result and\n      (tasks.z.result\n      or\n\n      inputs.q){quote}\n"
    )  # fmt: skip
    assert flow.problems(text) == ["8:11 unknown-task", "9:7 unknown-task", "12:7 unknown-input"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (in_block(">", "${V}", "{{ tasks.z }}"), "7:16"),
        (in_block("|", "${LINES}", "{{ tasks.z }}"), "7:16"),
        (in_block("|", "${V}", "{{ tasks.z }}"), "9:9"),
        (HEAD + task(parameters='{command: "a\\nb\\n{{ tasks.z }}"}'), "3:69"),
        (HEAD + task(parameters='{command: "a\\u0020b\n      {{ tasks.z }}"}'), "3:69"),
    ],
)
def test_no_line_is_made_up(flow, text, place):
    """Where the line cannot be told, the problem stands at the start of the text."""
    assert flow.problems(text, V="v", LINES="1\n2\n3") == [f"{place} unknown-task"]


def test_lines_of_wrapped_expressions(flow):
    """An expression in braces over several lines keeps its lines."""
    text = in_block("|", "x") + "    when: |\n      {{\n        tasks.z.result\n      }}\n"
    assert flow.problems(text) == ["11:9 unknown-task"]


# --- what follows from another is not told ---------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "max_parallel: ${NOPE}\n" + HEAD + TASK,
        "failure_strategy: ${NOPE}\n" + HEAD + TASK,
        "inputs: {n: {type: integer, default: '${NOPE}'}}\n" + HEAD + TASK,
        "agents: [{name: s, type: '${NOPE}'}]\n" + HEAD + TASK,
        "agents: [{name: s, type: service, timeout: '${NOPE}'}]\n" + HEAD + TASK,
        HEAD + task(agent_name="'${NOPE}'"),
        HEAD + task(action="'${NOPE}'"),
        HEAD + task(parameters="{command: x, times: '${NOPE}'}"),
        HEAD + task(depends_on="['${NOPE}']"),
    ],
)
def test_a_missing_variable_is_told_alone(flow, text):
    """Nothing is said of a value that nobody knows, be its variable missing or no text."""
    assert [each.partition(" ")[2] for each in flow.problems(text)] == ["missing-variable"]
    assert [each.partition(" ")[2] for each in flow.problems(text, NOPE="\udcff")] == ["bad-variable"]


def test_a_missing_variable_hides_nothing_beside_it(flow):
    """The rest of the text is judged, and each missing variable of a text is told."""
    text = in_block("|", "${NOPE} {{ tasks.z.result }} ${GONE}")
    assert flow.problems(text) == ["7:16 missing-variable", "7:16 missing-variable", "8:9 unknown-task"]


def test_a_wrong_name_in_depends_on(flow):
    """A wrong name is told once: with what was probably meant, or where it was given."""
    text = HEAD + task(name="fetch") + task(depends_on="['fetch it']")
    assert flow.messages(text).endswith(
        "it depends on 'fetch it', which does not exist (did you mean 'fetch'?)"
    )
    assert flow.problems(text) == ["4:86 unknown-task"]
    assert flow.problems(HEAD + task(name="a b") + task(depends_on="['a b']")) == ["3:12 bad-name"]


# --- in which words -------------------------------------------------------------------------------------


def agent(text):
    return "agents: [{name: s, type: service, " + text + "}]\n" + HEAD + TASK


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            agent("authentication: {type: basic, token: x}"),
            ["the key 'username' is missing", "the key 'password' is missing",
             "unknown key 'token' (it knows type, username, password)"],
        ),
        (
            agent("authentication: {type: basic, username: u, password: p, pasword: p}"),
            ["unknown key 'pasword' (did you mean 'password'?)"],
        ),
        (agent("rate_limit: {requests: 0}"), ["agent 's': `rate_limit.requests` must be at least 1"]),
        (agent("retry_config: {retry_on: [42]}"), ["`retry_config.retry_on[0]` must be at least 100"]),
        (agent("retry_config: {retry_on: [642]}"), ["`retry_config.retry_on[0]` must be at most 599"]),
        (HEAD + task(parameters="{command: [echo, null]}"), ["`parameters.command[1]` must be text"]),
        (HEAD + task(parameters="{command: {a: 1}}"), ["`parameters.command` must be text or a list"]),
        (HEAD + "  - text\n", ["tasks[0] must be a map"]),
        (agent("") + "finally: [[]]\n", ["finally[0] must be a map"]),
        (HEAD + task(name="n" * 201), ["`name` must have at most 200 characters"]),
        ("max_parallel: 0\n" + HEAD + TASK, ["bad-value `max_parallel` must be at least 1"]),
        ("name: ''\ntasks:\n" + TASK, ["`name` must not be empty"]),
    ],
)  # fmt: skip
def test_own_words(flow, text, messages):
    """A problem is told in the words of the language, once, and names what is really wrong."""
    told = [
        each.partition("flow.yaml:")[2]
        for each in flow.messages(text).splitlines()
        if "literal-secret" not in each
    ]
    assert len(told) == len(messages)
    for line, message in zip(told, messages, strict=True):
        assert line.endswith(message)
        assert "Input should" not in line
