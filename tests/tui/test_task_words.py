"""One task in words, where a run seldom goes."""

from lead_tui.core import events as ev
from lead_tui.errors import Category, Failure
from lead_tui.tui.model import RunModel
from lead_tui.tui.prose.paragraphs import Paragraph
from lead_tui.tui.tasks.attempts import attempts
from lead_tui.tui.tasks.words import as_written, names_of, no_attempt, story, times, why
from tests.tui.playing import Play, begun, moment, retried, task

DOWN = Failure(Category.NETWORK, "down", code="http_503")


def text(paragraphs: list[Paragraph]) -> str:
    return "\n".join("".join(span.text for span in each.spans) for each in paragraphs)


def told(model: RunModel, name: str) -> str:
    return text(story(attempts(model.history[name]), model.now))


def test_waits_of_an_attempt_say_for_what_and_how_long() -> None:
    """One that goes on counts, one that is over says how long it took."""
    play = Play(task("a"))
    play.at(1, *begun("a"))
    play.at(
        2, ev.TaskWaiting(task="a", attempt=1, reason="breaker", until=moment(10), why="bank is open")
    ).at(5)
    assert "waits for the breaker, 0:03 so far, 5 s left: bank is open" in told(play.model, "a")
    play.at(8, ev.TaskReady(task="a"), ev.AttemptStarted(task="a", attempt=1))
    assert "waited 6.0s for the breaker: bank is open" in told(play.model, "a")
    play.at(9, ev.TaskWaiting(task="a", attempt=1, reason="person"))
    assert "waits for a person, 0:00 so far" in told(play.model, "a")


def test_a_reopened_run_is_told_between_two_attempts() -> None:
    """What came before stays; what comes now stands below."""
    play = Play(task("a")).begin(1, "a").fail(2, "a").at(3, ev.RunFailed(failure=DOWN))
    play.at(9, ev.RunReopened(tasks=["a"]), *begun("a", 2))
    lines = told(play.model, "a").splitlines()
    assert lines.index("the run was reopened") > 0
    assert "running" in lines[-1]


def test_a_task_between_two_tries_tells_when_the_next_begins() -> None:
    """The countdown is gone once it has begun."""
    play = Play(task("a")).begin(1, "a").at(2, *retried("a"))
    assert "next try" in told(play.model, "a")
    assert "begins now" in told(play.model, "a")


def test_a_deadline_and_a_condition_that_failed_are_told() -> None:
    """How long is left for the task; and why an expression could not be read."""
    play = Play(task("a"))
    play.at(
        1,
        ev.ExpressionEvaluated(role="when", task="a", why="when: x.y", saw={"x": "v" * 900}, failure=DOWN),
        ev.TaskReady(task="a"),
        ev.TaskStarted(task="a", deadline=moment(31)),
        ev.AttemptStarted(task="a", attempt=1),
    )
    assert "timeout in 30 s" in text([Paragraph(tuple(times(play.model, play.model.state.tasks["a"])))])
    reasons = text(why(play.model, "a"))
    assert "x.y  could not be read: down" in reasons
    assert "v…" in reasons


def test_a_task_that_was_never_tried_says_so() -> None:
    """Before its turn, at its turn, and after the end of the run."""
    play = Play(task("a"), task("b", "a"))
    state = play.model.state.tasks
    assert no_attempt(state["b"]) == "it has not been tried yet"
    play.at(1, ev.TaskReady(task="a"))
    assert no_attempt(state["a"]) == "it is about to be tried"
    play.at(2, ev.TaskCancelled(task="a", why="stopped"))
    assert no_attempt(state["a"]) == "it was never tried: stopped"


def test_many_names_are_counted() -> None:
    """The first twelve, and how many there are besides."""
    assert names_of(["a", "b"]) == "a, b"
    assert names_of([str(number) for number in range(15)]).endswith("11 and 3 more")


def test_a_task_is_found_wherever_the_flow_has_it() -> None:
    """Among the tasks, among those of `finally`, or nowhere; its parameters come first."""
    document = {
        "tasks": [{"name": "a", "action": "x", "parameters": {"p": 1}}],
        "finally": [{"name": "z", "action": "y"}],
    }
    assert list(as_written(document, "a") or {}) == ["parameters", "action"]
    assert as_written(document, "z") == {"action": "y"}
    assert as_written({}, "a") is None


def test_a_long_attempt_tells_its_last_calls() -> None:
    """Each leads to its own value; of very many the earlier ones are counted."""
    play = Play(task("t")).begin(1, "t")
    for number in range(60):
        name = f"c{number}"
        play.at(
            2,
            ev.ToolCalled(task="t", attempt=1, call=name, tool="look", arguments={"n": number}),
            ev.ToolReturned(task="t", attempt=1, call=name, tool="look", result=number),
        )
    play.at(3, ev.AttemptSpent(task="t", attempt=1, usage={"calls": 60, "usd": 1}))
    lines = story(attempts(play.model.history["t"]), moment(4), chosen=0, call=59)
    texts = ["".join(span.text for span in line.spans) for line in lines]
    assert texts[1:3] == ["60 calls, $1", "… 10 earlier calls"]
    assert lines[3].target == "0.10"
    assert texts[-1] == "tool  look(n=59) -> 59, 0 ms  shown in Result"
