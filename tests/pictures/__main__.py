"""`python -m tests.pictures [NAME...]`: takes the pictures that the README shows, from real runs.

Each scene opens the cockpit on a flow of `workflows/`, drives it with keys and writes `screenshots/NAME.svg`.
The journal, the home folder and the reports are temporary. All take about two minutes.
"""

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

from tests.pictures.scenes import SCENES
from tests.pictures.stage import Stage

FOLDER = Path(__file__).parents[2] / "screenshots"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.pictures", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENES)}; all without one")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(SCENES):
        parser.error(f"no scene {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    os.environ.pop("NO_COLOR", None)
    chosen.into.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or SCENES:
        with tempfile.TemporaryDirectory() as home:
            places = {"XDG_CONFIG_HOME": ".config", "XDG_DATA_HOME": ".local/share"}
            os.environ |= {"HOME": home} | {name: f"{home}/{place}" for name, place in places.items()}
            scene = SCENES[name]
            svg = asyncio.run(Stage(Path(home)).take(scene))
        (chosen.into / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(chosen.into / f"{name}.svg")


if __name__ == "__main__":
    main()
