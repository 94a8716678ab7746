"""What a newcomer reads in a folder without a flow: keys to begin with, and what a flow looks like. Pure."""

from typing import NamedTuple

EXAMPLE = """\
name: greeting
tasks:
  - {name: who, agent_name: shell, action: run,
    parameters: {command: [whoami]}}
  - {name: greet, agent_name: shell, action: run,
    parameters: {command: [echo, "hi {{ tasks.who.result }}"]}}
"""


class Line(NamedTuple):
    """`key`: one that is to be pressed; `is_code`: a line of a file."""

    words: str = ""
    key: str = ""
    is_code: bool = False


WELCOME = (
    Line("There is no flow under this folder yet."),
    Line(),
    Line("lay out a first one: flow.yaml, .env.example, .gitignore", key="i"),
    Line("see the guided demo: scripted agents, no network, no key", key="D"),
    Line(),
    Line("A flow is a file like this one; leadtui run FILE runs it:"),
    Line(),
    *(Line(line, is_code=True) for line in EXAMPLE.splitlines()),
)
