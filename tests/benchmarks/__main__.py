"""`python -m tests.benchmarks [--quick] [NAME...]`: what a run costs, beside the floor of the same minute.

noop      graphs of tasks that do nothing: the engine against bare asyncio, with and without SQLite
gets      500 GETs at 100 in flight against a server that takes 50 ms: the engine against bare aiohttp
scale     100 to 100,000 tasks, each size in a process of its own: time and memory per task
startup   `leadtui --help` and `import lead_tui` against `python -c pass`
mcp       a session with an MCP server: start, calls a second and end against the bare SDK
cockpit   the real program in a pty: first frame, keys, frames, idle, watching against headless

All takes under eight minutes, `--quick` under two. Figures go to stdout, nothing is kept.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable

import apsw
from rich.console import Console

from tests.benchmarks import cockpit, gets, mcp_session, noop, scale, startup
from tests.benchmarks.figures import Figures

CASES: dict[str, Callable[[bool], Figures]] = {
    "noop": noop.measure,
    "gets": gets.measure,
    "scale": scale.measure,
    "startup": startup.measure,
    "mcp": mcp_session.measure,
    "cockpit": cockpit.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}; all without one")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller sizes")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(CASES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    console = Console(width=110)
    console.print(machine(), highlight=False)
    for name in chosen.names or CASES:
        begun = time.perf_counter()
        figures = CASES[name](chosen.quick)
        console.print(figures.table(f"{name} ({time.perf_counter() - begun:.0f} s)"))
        console.print(figures.notes + "\n", highlight=False)


def machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{os.cpu_count()} cores{load}, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    )


if __name__ == "__main__":
    main()
