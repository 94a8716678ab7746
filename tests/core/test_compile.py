"""The plan: what the core keeps of a flow."""

from lead_tui.core.compile import compile_plan
from lead_tui.core.plan import Need, PlannedTask
from lead_tui.flow.graph import build_graph
from lead_tui.flow.models import AgentConfig, Workflow


class Careful(AgentConfig):
    def is_idempotent(self, action, parameters):
        return action != "pay"


def test_a_plan_holds_names_order_and_numbers_only():
    """Templates, parameters and secrets stay with the document; references have become needs."""
    workflow = Workflow(
        name="shop",
        parallel_execution=True,
        max_parallel=3,
        global_timeout="5m",
        defaults={"max_concurrency": 4},
        outputs={"x": "{{ tasks.pay.result }}"},
        agents=[Careful(name="bank", type="bank", max_concurrency=2), Careful(name="post", type="post")],
        tasks=[
            {"name": "ask", "agent_name": "bank", "action": "ask", "priority": 2, "timeout": 9},
            {"name": "pay", "agent_name": "bank", "action": "pay", "when": "tasks.ask.status == 'completed'"},
            {"name": "ship", "agent_name": "post", "action": "pay", "idempotent": True,
             "parameters": {"to": "{{ tasks.pay.result }}"}, "continue_on_failure": True},
        ],
        **{"finally": [{"name": "close", "agent_name": "bank", "action": "close"}]},
    )  # fmt: skip
    plan = compile_plan(workflow, build_graph(workflow))
    assert plan.limits == {"bank": 2, "post": 4}
    assert (plan.parallel, plan.max_parallel, plan.global_timeout, plan.outputs) == (True, 3, 300.0, True)
    assert plan.tasks == (
        PlannedTask("ask", "bank", "ask", priority=2, timeout=9.0),
        PlannedTask("pay", "bank", "pay", (Need("ask", "any"),), when=True, idempotent=False),
        PlannedTask("ship", "post", "pay", (Need("pay"),), continue_on_failure=True),
        PlannedTask("close", "bank", "close", cleanup=True),
    )
