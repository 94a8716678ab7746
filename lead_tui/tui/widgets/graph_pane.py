"""The graph of a flow that is being written: that of the text, or else the last one that there was."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from lead_tui.core.plan import Plan
from lead_tui.tui.widgets.graph_view import GraphView


class GraphPane(Vertical):
    """Faded while the text that it was made of is not the one that stands there."""

    DEFAULT_CSS = """
    GraphPane {
        & > Static { height: 1; padding: 0 1; color: $foreground; text-opacity: 70%; }
        &.-stale GraphView { opacity: 45%; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._plan: Plan | None = None
        self._title = Static("Graph", id="graph-title", markup=False)
        self.graph = GraphView()

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.graph

    def show(self, plan: Plan | None) -> None:
        """The plan of the text; None if it is not valid."""
        if plan is not None and plan != self._plan:
            self.graph.set_plan(plan)
        self._plan = plan or self._plan
        self.set_class(plan is None, "-stale")
        if plan is not None:
            title = "Graph"
        elif self._plan is not None:
            title = "Graph of the last valid text"
        else:
            title = "No graph: the text is not valid"
        self._title.update(title)
