"""How long a person waits for the first word."""

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.figures import Figures

NOTES = "Median, taking turns. Aim: `leadtui --help` below 150 ms more than `python -c pass`."
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import lead_tui": ["-c", "import lead_tui"],
    "leadtui --version": ["-m", "lead_tui", "--version"],
    "leadtui --help": ["-m", "lead_tui", "--help"],
    "leadtui run --help": ["-m", "lead_tui", "run", "--help"],
}


def measure(quick: bool) -> Figures:
    figures = Figures(("command", "ms", "more than python"), NOTES)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(7 if quick else 20):
        for name, words in COMMANDS.items():
            times[name].append(_seconds(words))
    floor = median(times["python -c pass"])
    for name, taken in times.items():
        more = (median(taken) - floor) * 1000
        figures.rows.append((name, f"{median(taken) * 1000:.0f}", f"{more:+.0f} ms"))
    return figures


def _seconds(words: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, timeout=30)
    return time.perf_counter() - begun
