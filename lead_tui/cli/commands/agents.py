"""`leadtui agents`: the agent types that are installed, ours and those of plugins."""

from lead_tui.agents import registry
from lead_tui.agents.registry import AgentType
from lead_tui.cli import options
from lead_tui.cli.terminal import out, out_json

EXAMPLES = ("leadtui agents", "leadtui agents --json")


def command(as_json: options.Json = False) -> None:
    """List the agent types that are installed.

    A built-in type needs no declaration: a task may name it as its `agent_name`.
    """
    types = registry.describe()
    if as_json:
        return out_json(types)
    return out("\n\n".join(_text(each) for each in types))


def _text(each: AgentType) -> str:
    if each.problem:
        return f"{each.name} cannot be used\n  {each.problem}"
    lines = [f"{each.name}{' (built in)' if each.builtin else ''}: {each.summary}"]
    lines.append(f"  actions   {'any' if each.actions is None else ', '.join(each.actions)}")
    if each.fields:
        lines.append(f"  settings  {', '.join(each.fields)}")
    lines.append(f"  from      {each.source}")
    return "\n".join(lines)
