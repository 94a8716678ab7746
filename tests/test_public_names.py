"""The public names: one list, and each loads on first use."""

import subprocess
import sys

import pytest

import lead_tui


@pytest.mark.parametrize("name", lead_tui.__all__)
def test_every_public_name_loads(name):
    """Each name of the list is there and says where it lives."""
    value = getattr(lead_tui, name)
    assert name == "__version__" or value.__module__.startswith("lead_tui.") or value.__module__ == "typing"


def test_the_list_is_what_the_interface_promises():
    """These names are a contract: taking one away breaks somebody's script."""
    promised = {
        "LeadAgent", "Workflow", "WorkflowBuilder", "load", "run", "Observer", "BaseAgent", "AgentResponse",
        "AgentConfig", "AgentContext", "register_agent_type", "Result", "InvalidFlow", "LeadError", "Failure",
        "Category", "Outcome", "Approve", "Reject", "Cancel",
    }  # fmt: skip
    assert promised <= set(lead_tui.__all__)
    assert lead_tui.__all__ == sorted(lead_tui.__all__)
    assert dir(lead_tui) == lead_tui.__all__


def test_the_lazy_table_and_the_list_agree():
    """No name is listed without a home, and none has a home without being listed."""
    assert {*lead_tui._HOME, "__version__"} == set(lead_tui.__all__)


def test_an_unknown_name_is_an_attribute_error():
    """As in every module."""
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = lead_tui.nope


def test_import_costs_nothing():
    """`import lead_tui` loads no library and no other module of ours."""
    code = (
        "import sys; before = set(sys.modules); import lead_tui\n"
        "print(*sorted(name for name in set(sys.modules) - before if 'editable' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    tops = {name.partition(".")[0] for name in done.stdout.split()}
    assert tops <= {"lead_tui", *sys.stdlib_module_names}
    assert "lead_tui." not in done.stdout
