"""`leadtui doctor`: what this installation is made of, where its files are, and what is broken."""

import os
import platform
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import typer

from lead_tui.cli import options
from lead_tui.cli.screen import has_screen, is_poor
from lead_tui.cli.terminal import out, out_json, table
from lead_tui.errors import LeadError
from lead_tui.runner.result import ExitCode

EXAMPLES = ("leadtui doctor", "leadtui doctor --json")
LIBRARIES = (
    "pydantic",
    "apsw",
    "httpx2",
    "aiohttp",
    "jinja2",
    "typer",
    "rich",
    "msgspec",
    "tenacity",
    "textual",
)
NO_MOUSE = ("linux", "dumb")


class Finding(msgspec.Struct, frozen=True):
    """`state`: ok, warning (works, but look), broken (fix it)."""

    what: str
    state: str
    found: str


def command(as_json: options.Json = False, db: options.Db = None) -> None:
    """Check this installation: versions, journal, settings, terminal and agent types.

    Exits with 1 if something is broken.
    """
    findings = [each for check in CHECKS for each in check(db)]
    if as_json:
        out_json(findings)
    else:
        out(table(("CHECK", "STATE", "FOUND"), [(each.what, each.state, each.found) for each in findings]))
    broken = any(each.state == "broken" for each in findings)
    raise typer.Exit(ExitCode.FAILED if broken else ExitCode.COMPLETED)


def _python(_: str | None) -> Iterator[Finding]:
    state = "ok" if sys.version_info >= (3, 11) else "broken"
    yield Finding("python", state, f"{platform.python_version()} at {sys.executable}")
    yield Finding("leadtui", "ok", f"{version('leadtui')} at {Path(__file__).parents[2]}")
    yield Finding("system", "ok", f"{platform.system()} {platform.release()}, {platform.machine()}")


def _libraries(_: str | None) -> Iterator[Finding]:
    for name in LIBRARIES:
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "broken", "not installed: install leadtui again")


def _sqlite(_: str | None) -> Iterator[Finding]:
    import apsw

    from lead_tui.journal.connection import check_sqlite

    number = apsw.sqlite_lib_version()
    try:
        check_sqlite(number)
        yield Finding("sqlite", "ok", f"{number}, without the WAL-reset bug")
    except LeadError as error:
        yield Finding("sqlite", "broken", str(error))


def _settings(_: str | None) -> Iterator[Finding]:
    from lead_tui.settings import config_file, load_settings

    file = config_file()
    try:
        settings = load_settings()
    except LeadError as error:
        yield Finding("settings", "broken", str(error))
        return
    yield Finding("settings", "ok", f"{file}{'' if file.exists() else ' (not there: defaults)'}")
    yield Finding("durability", "ok", settings.durability)


def _journal(db: str | None) -> Iterator[Finding]:
    from lead_tui.journal.open import open_journal
    from lead_tui.settings import load_settings

    try:
        address = db or load_settings().db
        if "://" not in address and not Path(address).exists():
            yield from _missing_journal(Path(address))
            return
        journal = open_journal(address, read_only=True)
        try:
            facts = journal.describe()
        finally:
            journal.close()
    except LeadError as error:
        yield Finding("journal", "broken", str(error))
        return
    yield Finding("journal", "ok", f"{facts['path']}, {facts['runs']} runs, {facts.get('size', 0):,} bytes")
    yield from _permissions(Path(facts["path"]))
    if problem := facts.get("checkpoint_problem"):
        yield Finding("journal's log", "warning", str(problem))


def _missing_journal(path: Path) -> Iterator[Finding]:
    parent = next(each for each in path.absolute().parents if each.exists())
    if os.access(parent, os.W_OK):
        yield Finding("journal", "ok", f"{path} (made by the first run)")
    else:
        yield Finding("journal", "broken", f"{path} cannot be made: {parent} cannot be written")


def _permissions(path: Path) -> Iterator[Finding]:
    if not path.exists() or os.name != "posix":
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding("journal's mode", "warning", f"{mode:o}: others may read it; chmod 600 {path}")
    else:
        yield Finding("journal's mode", "ok", f"{mode:o}")


def _terminal(_: str | None) -> Iterator[Finding]:
    from rich.console import Console

    console = Console()
    size = f"{console.width}x{console.height}"
    kind = os.environ.get("TERM", "no TERM") if sys.stdout.isatty() else "no terminal"
    color = "no colour" if console.no_color or not console.color_system else f"{console.color_system} colour"
    yield Finding("terminal", "ok", f"{kind}, {size}, {color}, {sys.stdout.encoding}")
    if has_screen():
        glyphs = "ASCII alone" if is_poor() else "✔ ✖ ▶ ↻ ⊘ ‖"
        mouse = "none" if os.environ.get("TERM") in NO_MOUSE else "asked for"
        yield Finding("full screen", "ok", f"{glyphs}, mouse {mouse}")
    else:
        yield Finding("full screen", "ok", "none here: runs are headless")


def _cockpit(_: str | None) -> Iterator[Finding]:
    from lead_tui.settings import load_settings
    from lead_tui.tui.session import load, session_file

    file = session_file()
    session, trouble = load(file)
    if trouble:
        yield Finding("cockpit", "warning", trouble)
    else:
        yield Finding("cockpit", "ok", f"{file}{'' if file.exists() else ' (made when you leave it)'}")
    with suppress(LeadError):  # the settings have a line of their own
        theme = load_settings().theme or session.theme or "leadtui-dark (by default)"
        yield Finding("theme", "ok", theme)


def _agents(_: str | None) -> Iterator[Finding]:
    from lead_tui.agents import registry

    types = registry.describe()
    yield Finding("agent types", "ok", ", ".join(each.name for each in types if not each.problem))
    for each in types:
        if each.problem:
            yield Finding(f"agent {each.name}", "broken", each.problem)


Check = Callable[[str | None], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (_python, _libraries, _sqlite, _settings, _journal, _terminal, _cockpit, _agents)
