"""`leadtui` without a command: the cockpit's first screen."""

from lead_tui.cli import cockpit, session
from lead_tui.cli.driving import Watching


def home() -> int:
    """Open it; the exit code."""
    from lead_tui.tui.opening import Home

    with session.engine(None) as engine:
        return session.wait_for(cockpit.look(engine, Home(), Watching()))
