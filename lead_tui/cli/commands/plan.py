"""`leadtui plan FLOW`: what would run, in what order, with what settings. Calls nothing."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from lead_tui.cli import options, session
from lead_tui.cli.terminal import out, out_json, short
from lead_tui.errors import UsageError
from lead_tui.flow.graph import layers
from lead_tui.flow.inputs import check_value, mask_inputs, parse_text
from lead_tui.flow.loader import Document
from lead_tui.flow.models import Budget, TaskSpec, Workflow
from lead_tui.flow.resolve import task_settings
from lead_tui.flow.worst_case import worst_case, worst_case_of
from lead_tui.runner.secrets import Concealer
from lead_tui.text.words import counted, limit_text, money

EXAMPLES = ("leadtui plan flow.yaml", "leadtui plan flow.yaml --format mermaid > flow.mmd")


class Format(StrEnum):
    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


def command(
    flow: options.Flow,
    inputs: options.Inputs = None,
    format_: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TEXT,
    as_json: options.Json = False,
    env_file: options.EnvFile = None,
) -> None:
    """Show what would run, in what order, with what settings.

    Tasks of one step wait for those of the steps before; `parallel_execution` lets them run together.
    """
    document, _ = session.load_flow(flow, env_file)
    plan = describe(document, session.pairs(inputs))
    concealer = Concealer(document.secrets)
    for task in plan["tasks"].values():
        task["when"] = concealer.conceal(task["when"])
    if as_json or format_ is Format.JSON:
        return out_json(plan)
    show = {Format.TEXT: _text, Format.MERMAID: _mermaid, Format.DOT: _dot}[format_]
    return out(show(plan))


def describe(document: Document, texts: dict[str, str]) -> dict[str, Any]:
    """The plan as data: `steps` are lists of task names, `tasks` their settings."""
    workflow = document.workflow
    main = layers(document.graph, [task.name for task in workflow.tasks])
    cleanup = layers(document.graph, [task.name for task in workflow.finally_])
    return {
        "name": workflow.name,
        "source": document.source,
        "parallel": workflow.parallel_execution,
        "max_parallel": workflow.max_parallel if workflow.parallel_execution else 1,
        "failure_strategy": str(workflow.failure_strategy),
        "global_timeout": workflow.global_timeout,
        "inputs": _inputs(workflow, texts),
        "steps": main,
        "finally": cleanup,
        "tasks": {task.name: _task(document, task) for task in workflow.all_tasks},
        "outputs": list(workflow.outputs),
        "budget": _budget(workflow.budget),
        "worst_case": worst_case(workflow, document.environment),
    }


def _budget(budget: Budget | None) -> dict[str, Any] | None:
    return None if budget is None else dict(budget.limits.items(), mode=budget.mode)


def _task(document: Document, task: TaskSpec) -> dict[str, Any]:
    workflow = document.workflow
    agent = next(each for each in workflow.agents if each.name == task.agent_name)
    settings = task_settings(workflow, agent, task)
    return {
        "agent": agent.name,
        "type": agent.type,
        "action": task.action,
        "needs": [{"task": each.task, "on": each.on} for each in document.graph.dependencies[task.name]],
        "when": task.when,
        "attempts": settings.retry.max_attempts,
        "only_safe_retries": not settings.retry.unknown,
        "timeout": settings.timeout,
        "attempt_timeout": settings.attempt_timeout,
        "idle_timeout": settings.idle_timeout,
        "idempotent": settings.idempotent,
        "priority": task.priority,
        "continue_on_failure": task.continue_on_failure,
        "budget": _budget(agent.budget),
        "worst_case": worst_case_of(workflow, task, document.environment),
    }


def _inputs(workflow: Workflow, texts: dict[str, str]) -> dict[str, Any]:
    """What is given is checked; what is required and missing is None."""
    values: dict[str, Any] = {name: spec.default for name, spec in workflow.inputs.items()}
    for name, text in texts.items():
        if name not in workflow.inputs:
            raise UsageError(f"the flow has no input {name!r}")
        try:
            values[name] = parse_text(workflow.inputs[name].type, text)
            check_value(workflow.inputs[name], values[name])
        except ValueError as error:
            raise UsageError(f"the input {name!r} {error}") from None
    return mask_inputs(workflow, values)


# as text


def _text(plan: dict[str, Any]) -> str:
    how = (
        f"up to {counted(plan['max_parallel'], 'task')} at a time"
        if plan["parallel"]
        else "one task at a time"
    )
    lines = [f"{plan['name']}: {counted(len(plan['tasks']), 'task')}, {how}, {plan['failure_strategy']}"]
    lines += [f"  input {name} = {_value(value)}" for name, value in plan["inputs"].items()]
    for number, names in enumerate(plan["steps"], 1):
        lines += ["", f"step {number}", *(_task_text(name, plan["tasks"][name]) for name in names)]
    if plan["finally"]:
        lines += ["", "finally, whatever happens"]
        lines += [_task_text(name, plan["tasks"][name]) for names in plan["finally"] for name in names]
    lines += ["", *_cost_text(plan)]
    if plan["outputs"]:
        lines += ["", f"outputs: {', '.join(plan['outputs'])}"]
    return "\n".join(lines)


def _task_text(name: str, task: dict[str, Any]) -> str:
    agent = task["agent"] if task["agent"] == task["type"] else f"{task['agent']} ({task['type']})"
    words = [f"  {name}: {agent} {task['action']}"]
    if task["needs"]:
        words.append("after " + ", ".join(_need(each) for each in task["needs"]))
    if task["when"] is not None:
        words.append(f"when {short(task['when'])}")
    words.append(_attempts(task))
    if task["attempt_timeout"] is not None:
        words.append(f"{task['attempt_timeout']:g} s each")
    if task["idle_timeout"] is not None:
        words.append(f"{task['idle_timeout']:g} s of silence")
    if task["timeout"] is not None:
        words.append(f"{task['timeout']:g} s in all")
    words += [] if task["idempotent"] else ["not idempotent"]
    words += ["may fail"] if task["continue_on_failure"] else []
    return ", ".join(words)


def _cost_text(plan: dict[str, Any]) -> list[str]:
    """What it may cost, and what it must not."""
    budgets = {f"budget of {task['agent']}": task["budget"] for task in plan["tasks"].values()}
    shown = {name: budget for name, budget in {"budget": plan["budget"], **budgets}.items() if budget}
    return [*worst_case_text(plan["worst_case"]), *map(_budget_text, shown.items())]


def worst_case_text(most: dict[str, float]) -> list[str]:
    """What every task with all its attempts and steps may come to, as far as that is known."""
    most = dict(most)
    calls = most.pop("calls", 0)
    unbounded, usd = most.pop("unbounded_calls", 0), most.pop("usd", None)
    if not calls and not most and usd is None:
        return ["calls nothing that costs"]
    words = [counted(calls, "call")] if calls else []
    words += [f"{amount:,.10g} {name.replace('_', ' ')}" for name, amount in most.items()]
    words += [] if usd is None else [f"{money(usd)} for the answers"]
    lines = [f"at most {', '.join(words)}"]
    if unbounded:
        lines.append(
            f"  {counted(unbounded, 'answer')} of a model without `max_tokens`: nothing limits what they cost"
        )
    return lines


def _budget_text(budget: tuple[str, dict[str, Any]]) -> str:
    whose, limits = budget
    shown = ", ".join(limit_text(what, limit) for what, limit in limits.items() if what != "mode")
    return f"{whose}: {shown}" + (" (audit: it only tells)" if limits["mode"] == "audit" else "")


def _attempts(task: dict[str, Any]) -> str:
    if task["attempts"] == 1:
        return "1 attempt"
    only = "exit 75 only" if task["type"] == "shell" else "only what surely did nothing"
    return f"{task['attempts']} attempts" + (f" ({only})" if task["only_safe_retries"] else "")


def _need(need: dict[str, Any]) -> str:
    return f"{need['task']} ({need['on']})" if need["on"] else str(need["task"])


def _value(value: Any) -> str:
    return "(to be given)" if value is None else short(value)


# as a graph


def _edges(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (need["task"], name, need["on"] or "")
        for name, task in plan["tasks"].items()
        for need in task["needs"]
    ]


def _mermaid(plan: dict[str, Any]) -> str:
    numbers = {name: f"t{number}" for number, name in enumerate(plan["tasks"])}
    lines = ["flowchart TD"]
    lines += [
        f'  {numbers[name]}["{name}<br/>{task["agent"]} {_quoted(task["action"])}"]'
        for name, task in plan["tasks"].items()
    ]
    for before, after, on in _edges(plan):
        arrow = f"-->|{on}|" if on else "-->"
        lines.append(f"  {numbers[before]} {arrow} {numbers[after]}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _dot(plan: dict[str, Any]) -> str:
    lines = [f"digraph {_dot_text(plan['name'])} {{", "  rankdir=TB; node [shape=box];"]
    for name, task in plan["tasks"].items():
        label = _dot_text(f"{name}\n{task['agent']} {task['action']}")
        lines.append(f"  {_dot_text(name)} [label={label}];")
    for before, after, on in _edges(plan):
        label = f" [label={_dot_text(on)}]" if on else ""
        lines.append(f"  {_dot_text(before)} -> {_dot_text(after)}{label};")
    return "\n".join([*lines, "}"])


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
