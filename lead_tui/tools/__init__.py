"""Tools: Python functions that AI agents and tasks may call, each only where a flow grants it.

tool.py        Tool and the decorator @tool
signature.py   from a function's signature to the shape of its arguments
registry.py    tools by name: entry points `lead_tui.tools`, ours too, or register_tool
grants.py      what one agent may call, and where its tools may reach
context.py     what a tool knows of the call that it is in
call.py        one call: arguments checked, whatever the function raises a failure, the result plain
hosts.py       which hosts may be called; addresses.py, which addresses are public
connection.py  HTTP that connects to nothing but what is granted
roots.py       files beneath granted folders, without a way out
...            and one module for each built-in tool
"""
