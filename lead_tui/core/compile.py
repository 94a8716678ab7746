"""A checked workflow to the plan of its run."""

from collections.abc import Mapping

from lead_tui.core.plan import Need, Plan, PlannedAgent, PlannedBudget, PlannedTask
from lead_tui.flow.graph import Graph
from lead_tui.flow.models import AgentConfig, Budget, TaskSpec, Workflow
from lead_tui.flow.resolve import agent_settings, task_settings


def compile_plan(workflow: Workflow, graph: Graph) -> Plan:
    """Raises nothing: the loader has checked names, agents and cycles."""
    agents = {agent.name: agent for agent in workflow.agents}
    limits = {name: agent_settings(workflow, agent).max_concurrency for name, agent in agents.items()}
    return Plan(
        name=workflow.name,
        tasks=(
            *(_planned(workflow, graph, agents, task, cleanup=False) for task in workflow.tasks),
            *(_planned(workflow, graph, agents, task, cleanup=True) for task in workflow.finally_),
        ),
        parallel=workflow.parallel_execution,
        max_parallel=workflow.max_parallel,
        strategy=workflow.failure_strategy,
        global_timeout=workflow.global_timeout,
        limits={name: limit for name, limit in limits.items() if limit is not None},
        outputs=bool(workflow.outputs),
        budget=_budget(workflow.budget),
        agents={name: PlannedAgent(budget=_budget(agent.budget)) for name, agent in agents.items()},
    )


def _budget(budget: Budget | None) -> PlannedBudget | None:
    if budget is None:
        return None
    limits = {what: float(limit) for what, limit in budget.limits.items()}
    return PlannedBudget(limits, enforce=budget.mode == "enforce")


def _planned(
    workflow: Workflow, graph: Graph, agents: Mapping[str, AgentConfig], task: TaskSpec, *, cleanup: bool
) -> PlannedTask:
    settings = task_settings(workflow, agents[task.agent_name], task)
    several = settings.retry.unknown and settings.retry.max_attempts > 1
    return PlannedTask(
        name=task.name,
        agent=task.agent_name,
        action=task.action,
        needs=tuple(Need(need.task, need.on) for need in graph.dependencies[task.name]),
        when=task.when is not None,
        priority=task.priority,
        timeout=task.timeout,
        continue_on_failure=task.continue_on_failure,
        idempotent=settings.idempotent,
        cleanup=cleanup,
        tries=settings.retry.max_attempts if several else 0,
        free=agents[task.agent_name].is_free(task.action),
    )
