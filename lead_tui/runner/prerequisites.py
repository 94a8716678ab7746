"""What agents need of the environment before they can be called: told before a run starts or goes on.

Asked of every agent that a task still to be done uses, itself or by another agent that may call it. An agent
that nothing uses needs nothing.
"""

from collections.abc import Collection, Iterable, Mapping

from lead_tui.core.state import TASK_ENDED, RunState
from lead_tui.errors import MissingSecret
from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow


def check_prerequisites(workflow: Workflow, environment: Mapping[str, str]) -> None:
    """Before a run starts. Raises MissingSecret with everything that must be set, and for which agents."""
    _check(workflow, workflow.all_tasks, environment)


def check_what_is_left(workflow: Workflow, run: RunState, environment: Mapping[str, str]) -> None:
    """The same before it goes on: what has ended calls nothing any more."""
    left = [task for task in workflow.all_tasks if run.tasks[task.name].status not in TASK_ENDED]
    _check(workflow, left, environment)


def _check(workflow: Workflow, tasks: Iterable[TaskSpec], environment: Mapping[str, str]) -> None:
    configs = {agent.name: agent for agent in workflow.agents}
    missing: dict[str, list[str]] = {}
    for name in _used(configs, (task.agent_name for task in tasks if task.when is not False)):
        if why := configs[name].missing(environment):
            missing.setdefault(why, []).append(name)
    if missing:
        raise MissingSecret("\n".join(f"{_words(names)}: {why}" for why, names in missing.items()))


def _used(configs: Mapping[str, AgentConfig], named: Iterable[str]) -> list[str]:
    """Those that are named and all that they may call, each once, in this order."""
    found = list(dict.fromkeys(named))
    for name in found:
        found += [each for each in configs[name].calls_agents().values() if each not in found]
    return found


def _words(names: Collection[str]) -> str:
    return f"agent{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}"
