"""The most that a run may use, as far as its flow tells before it starts."""

from collections.abc import Mapping

from lead_tui.flow.models import TaskSpec, Workflow
from lead_tui.flow.resolve import task_settings


def worst_case(workflow: Workflow, environment: Mapping[str, str]) -> dict[str, float]:
    """Every task with all its attempts, `finally` tasks too: `calls`, and what the agents know besides.

    What nothing limits (the tokens of a model without `max_tokens`) is not in it.
    """
    total: dict[str, float] = {}
    for task in workflow.all_tasks:
        for name, amount in worst_case_of(workflow, task, environment).items():
            total[name] = total.get(name, 0) + amount
    return total


def worst_case_of(workflow: Workflow, task: TaskSpec, environment: Mapping[str, str]) -> dict[str, float]:
    """One task with all its attempts."""
    agent = next(each for each in workflow.agents if each.name == task.agent_name)
    attempts = task_settings(workflow, agent, task).retry.max_attempts
    once = agent.worst_case(task.action, task.parameters, environment)
    return {name: amount * attempts for name, amount in once.items()}
