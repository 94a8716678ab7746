"""What a run of a flow will do: its tasks in order, what it may cost at most, what it is let spend. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lead_tui.flow.graph import layers
from lead_tui.flow.loader import Document
from lead_tui.flow.models import AgentConfig, Budget, TaskSpec
from lead_tui.flow.worst_case import worst_case, worst_case_of
from lead_tui.tui.prose.amounts import amount_text, count, dollars


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
    most: Mapping[str, float] = field(default_factory=dict)
    """What it may use if every attempt but the last of each task fails, as far as the flow tells."""
    budget: Budget | None = None

    @property
    def calls(self) -> int:
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
            *self._costs(),
        ]
        if self.questions:
            words.append("asks you once" if self.questions == 1 else f"asks you {self.questions} times")
        return ", ".join(words)

    def _costs(self) -> list[str]:
        """Of models: what they may write, where nothing bounds it, and what it costs."""
        unbounded, tokens = self.most.get("unbounded_calls", 0), self.most.get("output_tokens", 0)
        words = [f"{unbounded:,.0f} of them of any length"] if unbounded else []
        words += [f"{count(tokens)} tokens of answers"] if tokens else []
        return [*words, f"{dollars(self.most['usd'])} for them"] if "usd" in self.most else words

    def spending(self) -> tuple[str, bool]:
        """`budget $2, 20k tokens`, and whether the run may come to more; "" without a budget."""
        if self.budget is None:
            return "", False
        limits = self.budget.limits
        most = {
            "calls": float(self.calls),
            "tokens": self.most.get("output_tokens", 0),
            "usd": self.most.get("usd", 0),
        }
        over = [what for what, limit in limits.items() if most.get(what, 0) > limit]
        text = f"budget {', '.join(amount_text(what, limit) for what, limit in limits.items())}"
        if not over:
            return text, False
        then = "the run would wait for you there" if self.budget.mode == "enforce" else "audit: it only tells"
        what = " and ".join(amount_text(each, most[each]) for each in over)
        return f"{text}: less than the {what} that it may come to; {then}", True


def launch_plan(document: Document) -> LaunchPlan:
    workflow = document.workflow
    agents = {agent.name: agent for agent in workflow.agents}
    specs = {task.name: task for task in workflow.all_tasks}
    main = layers(document.graph, [task.name for task in workflow.tasks])
    cleanup = layers(document.graph, [task.name for task in workflow.finally_])
    numbered = [(number, name) for number, names in enumerate(main, 1) for name in names]
    numbered += [(0, name) for names in cleanup for name in names]
    steps = tuple(_step(number, document, agents, specs[name]) for number, name in numbered)
    at_once = workflow.max_parallel if workflow.parallel_execution else 1
    return LaunchPlan(steps, at_once, worst_case(workflow, document.environment), workflow.budget)


def _step(number: int, document: Document, agents: dict[str, AgentConfig], task: TaskSpec) -> Step:
    agent = agents[task.agent_name]
    most = worst_case_of(document.workflow, task, document.environment)
    calls = 0 if agent.only_asks else int(most.get("calls", 0))
    return Step(number, task.name, agent.name, agent.type, task.action, calls, task.when is not None)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
