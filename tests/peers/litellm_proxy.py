"""The LiteLLM proxy in an environment and a process of its own, on a free port of 127.0.0.1."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from tests.peers.models import ANSWER, BUSY, CLAUDE, OK, TOOL, TOOL_CALL, Peer

VERSION = "1.106.2"
BUILD, START, STOP = 540, 90, 15
"""Seconds at most, each."""

_MODELS = {
    OK: {"model": f"openai/{OK}", "mock_response": ANSWER},
    CLAUDE: {"model": "anthropic/claude-sonnet-4-5", "mock_response": ANSWER},
    BUSY: {"model": f"openai/{BUSY}", "mock_response": "litellm.RateLimitError"},
    TOOL: {"model": f"openai/{TOOL}", "mock_response": "", "mock_tool_calls": [TOOL_CALL]},
}
CONFIG = {
    "model_list": [
        {"model_name": name, "litellm_params": {"api_key": "none", **settings}}
        for name, settings in _MODELS.items()
    ],
    # one retry layer, and what failed once may be asked again
    "router_settings": {"num_retries": 0, "disable_cooldowns": True},
}


def environment() -> Path:
    """The folder of programs of an environment that has the proxy; made if there is none, or half of one."""
    root = Path(os.environ.get("LEADTUI_PEERS") or platformdirs.user_cache_path("leadtui") / "peers")
    folder = root / f"litellm-{VERSION}"
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    whole = folder / "whole"
    if not whole.exists():
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(programs / "python"), "-m", "pip", "install", "--quiet", f"litellm[proxy]=={VERSION}")
        whole.touch()
    return programs


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=BUILD, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Peer]:
    """The proxy, ready to answer; gone at the end of the block."""
    config, port, key = folder / "litellm.json", _free_port(), f"sk-{secrets.token_hex(16)}"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    program = environment() / "litellm"
    own = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": key, "HOME": str(folder)}
    process = subprocess.Popen(
        [program, "--config", config, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"],
        cwd=folder, env={"PATH": os.environ["PATH"], **own}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        _wait_until_ready(process)
        yield Peer("litellm", f"http://127.0.0.1:{port}", key)
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    """Read what it says to the end, for ever, so that it never blocks; go on when it says that it listens."""
    lines: list[str] = []
    listens, ended = threading.Event(), threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "Uvicorn running on" in line:
                listens.set()
        ended.set()
        listens.set()

    threading.Thread(target=read, daemon=True).start()
    if not listens.wait(START) or ended.is_set():
        raise RuntimeError(f"the proxy did not start in {START} seconds:\n{''.join(lines[-40:])}")


def _stop(process: "subprocess.Popen[str]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP)
            break
    if process.stdout is not None:
        process.stdout.close()
