"""Agents: what a task can call. One module per type, with its config model and its class together.

    base.py      BaseAgent, AgentContext, AgentResponse: the interface, ours and of every plugin
    registry.py  types by name, from the entry points `lead_tui.agents` and `register_agent_type`

Built-in types enter by the same door as a plugin's. A type is loaded when a flow names it.
"""
