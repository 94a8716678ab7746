"""What a run of a flow will do: its tasks in order, and how many calls it may make at most. Pure."""

from dataclasses import dataclass

from lead_tui.flow.graph import layers
from lead_tui.flow.loader import Document
from lead_tui.flow.models import AgentConfig, TaskSpec, Workflow
from lead_tui.flow.resolve import task_settings


@dataclass(frozen=True, slots=True)
class Step:
    """A task. `number` counts from 1, 0 for `finally`; `calls` at most, 0 if it asks a person."""

    number: int
    task: str
    agent: str
    type: str
    action: str
    calls: int
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    steps: tuple[Step, ...]
    at_once: int

    @property
    def calls(self) -> int:
        """If every attempt but the last of each task fails."""
        return sum(step.calls for step in self.steps)

    @property
    def questions(self) -> int:
        return sum(not step.calls for step in self.steps)

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(step.agent for step in self.steps))

    def summary(self) -> str:
        """`5 tasks, 3 agents, one at a time, at most 14 calls, asks you once`."""
        words = [
            _count(len(self.steps), "task"),
            _count(len(self.agents), "agent"),
            f"up to {self.at_once} at a time" if self.at_once > 1 else "one at a time",
            f"at most {_count(self.calls, 'call')}",
        ]
        if self.questions:
            words.append("asks you once" if self.questions == 1 else f"asks you {self.questions} times")
        return ", ".join(words)


def launch_plan(document: Document) -> LaunchPlan:
    workflow = document.workflow
    agents = {agent.name: agent for agent in workflow.agents}
    specs = {task.name: task for task in workflow.all_tasks}
    main = layers(document.graph, [task.name for task in workflow.tasks])
    cleanup = layers(document.graph, [task.name for task in workflow.finally_])
    numbered = [(number, name) for number, names in enumerate(main, 1) for name in names]
    numbered += [(0, name) for names in cleanup for name in names]
    steps = tuple(_step(number, workflow, agents, specs[name]) for number, name in numbered)
    return LaunchPlan(steps, workflow.max_parallel if workflow.parallel_execution else 1)


def _step(number: int, workflow: Workflow, agents: dict[str, AgentConfig], task: TaskSpec) -> Step:
    agent = agents[task.agent_name]
    calls = 0 if agent.only_asks else task_settings(workflow, agent, task).retry.max_attempts
    return Step(number, task.name, agent.name, agent.type, task.action, calls, task.when is not None)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
