"""Wishes that take up a run that nobody drives: where other tasks would go on with it, it is asked first."""

from textual.widget import Widget

from lead_tui.core import views
from lead_tui.core.commands import AnyCommand, CancelTask, ResetBreaker, Skip, TripBreaker
from lead_tui.tui.intents import Steer
from lead_tui.tui.model import RunModel
from lead_tui.tui.screens.confirm import Choice, Confirm


def steer(asker: Widget, model: RunModel, command: AnyCommand, done: str) -> None:
    """Post the wish from `asker`, at once or when the person still wants it; `done` as in `Steer`."""
    wish, question = Steer(model.run_id, command, done), question_of(model, command)
    if question is None:
        asker.post_message(wish)
        return

    def answered(choice: str | None) -> None:
        if choice == "take_up":
            asker.post_message(wish)

    asker.app.push_screen(question, answered)


def question_of(model: RunModel, command: AnyCommand) -> Confirm | None:
    """What to ask before the command is sent; None where it starts nothing else."""
    ends = command.task if isinstance(command, CancelTask | Skip) else ""
    going_on = views.going_on(model.state, without=ends) if model.interrupted else []
    if not going_on:
        return None
    return Confirm(
        "Take up the run?",
        f"Nobody drives this run. {_doing(command)} takes it up here: {how_many(len(going_on))}.",
        [Choice("n", "no", "leave it as it is"), Choice("t", "take_up", "take it up")],
    )


def how_many(tasks: int) -> str:
    return "1 task goes on" if tasks == 1 else f"{tasks} tasks go on"


def _doing(command: AnyCommand) -> str:
    match command:
        case CancelTask(task=task):
            return f"Cancelling {task}"
        case Skip(task=task):
            return f"Skipping {task}"
        case TripBreaker(agent=agent):
            return f"Tripping the breaker of {agent}"
        case ResetBreaker(agent=agent):
            return f"Resetting the breaker of {agent}"
        case _:
            return "That"
