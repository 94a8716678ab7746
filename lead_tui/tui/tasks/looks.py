"""How a task of a run looks: by its state and by whether anybody drives the run. Pure."""

from lead_tui.core.state import TaskState, TaskStatus
from lead_tui.tui.look import TASKS, Look, task_look
from lead_tui.tui.model import RunModel


def cut_off(model: RunModel, task: TaskState) -> bool:
    """Was it in flight when the process ended that drove the run?"""
    return task.status is TaskStatus.RUNNING and model.interrupted


_ANSWERED = Look("‖", "=", "answered", "muted")
_PAID = Look("‖", "=", "budget raised", "muted")


def given_look(model: RunModel, task: TaskState) -> Look | None:
    """Of a task that waits in a run that nobody drives: what it waits for was given, and counts once somebody
    takes the run up.
    """
    if task.status is not TaskStatus.WAITING or not model.given:
        return None
    if task.wait == "budget":
        return _PAID if any(agent == task.short_of for agent, _ in model.given.raises) else None
    return _ANSWERED if task.gate in model.given.answers else None


def look_of(model: RunModel, task: TaskState) -> Look:
    if cut_off(model, task):
        return TASKS[TaskStatus.INTERRUPTED]
    return given_look(model, task) or task_look(task)
