"""Secrets that must never be seen, a server and a flow that try to say them, and a search that finds them."""

import base64
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import yaml

VARIABLES = {
    "CNRY_BEARER": "cnry+bearer/Aq7=x",
    "CNRY_KEY": "cnry key&Bw9<x>",
    "CNRY_USER": "cnry-user-Cx2",
    "CNRY_PASSWORD": 'cnry:pass"Dy4\\x',
    "CNRY_HEADER": "cnry%header Ez6;x",
    "CNRY_ENV": "cnry $env' \"Fa8\\é",
    "CNRY_PARAM": "cnry-param{Gb1}x",
}
TOKEN = "cnry {{token}} Hc3/'\"x"
PIN = 7719902354
INPUTS = {"token": TOKEN, "pin": PIN, "settings": {"deep": ["cnry-deep-Jd5x"]}}
SECRETS = (*VARIABLES.values(), TOKEN, str(PIN), "cnry-deep-Jd5x")


def forms(secret: str) -> dict[str, str]:
    """How a secret may be written. Made without the code that is tested."""
    found = {
        "raw": secret,
        "json": json.dumps(secret)[1:-1],
        "json-utf8": json.dumps(secret, ensure_ascii=False)[1:-1],
        "repr": repr(secret)[1:-1],
        "literal": re.sub(r"[^A-Za-z0-9 _.,:;/@+=-]", lambda found: f"\\U{ord(found[0]):08x}", secret),
        "url": quote(secret),
        "url-all": quote(secret, safe=""),
        "url-form": quote_plus(secret),
    }
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + secret.encode()).decode().rstrip("=")
        found[f"base64-{shift}"] = encoded[2 * (shift > 0) + (shift > 1) : -2]
    return found


def leaks(text: str | bytes) -> list[str]:
    """Which secrets are in it, in which form, and what stands around them."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    found = []
    for secret in SECRETS:
        for form, value in forms(secret).items():
            at = data.find(value.encode())
            if at >= 0:
                found.append(f"{secret!r} as {form}: {data[max(0, at - 80) : at + 80]!r}")
    return found


class Echo(BaseHTTPRequestHandler):
    """Says all that it was told: in the body, in headers, in where it redirects to, in errors."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        told = {name.lower(): value for name, value in self.headers.items() if "echo" not in name.lower()}
        said = next((told[name] for name in ("authorization", "x-api-key", "x-token") if name in told), "")
        path, code = self.path.partition("?")[0], 200
        extra = {"X-Echo": said, "Set-Cookie": f"session={quote(said)}"}
        if path == "/redirect":
            code, extra["Location"] = 302, f"/echo?who={quote(said)}"
        elif path == "/away":
            code, extra["Location"] = 302, f"http://127.0.0.2:1/{quote(said)}?token={quote_plus(said)}"
        elif path == "/error":
            code = 500
        elif path == "/limit":
            code = 429
        body = json.dumps({"headers": told, "text": f"<b>{said}</b>", said: [said, self.path]}).encode()
        self.send_response(code)
        for name, value in {**extra, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the base class's name

    def log_message(self, *_: Any) -> None:
        """Say nothing on stderr."""


@contextmanager
def echo_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


LEAKS = '''
"""Everything that careless code does with a secret."""

import base64, json, os, sys, urllib.parse

from lead_tui import AgentError, AgentResponse
from lead_tui.errors import Category, Failure


def whole(token):
    return token


def inside(token, pin):
    return {token: [token, {"pin": pin, "text": f"it is {token}!"}], "b64": encoded(token)}


def encoded(token):
    raw = token.encode()
    return [base64.b64encode(b"x" * shift + raw).decode() for shift in range(3)] + [
        base64.urlsafe_b64encode(raw).decode(), urllib.parse.quote(token, safe=""),
        urllib.parse.quote_plus(token), json.dumps(token), json.dumps({"a": token}, ensure_ascii=False),
        repr(token),
    ]


def raises(token, **_):
    try:
        raise ValueError(f"inner {token}")
    except ValueError as error:
        error.add_note(f"noted {token}")
        raise RuntimeError(f"outer {token!r}") from error


def exits(token):
    sys.exit(f"bye {token}")


def told(token):
    raise AgentError(Failure(Category.NETWORK, f"down: {token}", code=token))


def key_error(token):
    return {}[token]


def not_plain(token):
    return {token: object()}


def nan(token):
    return {token: float("nan")}


async def talks(token, context):
    context.log(f"log {token}")
    context.log("x" * 70_000 + token)
    context.progress(1, 2, f"half {token}")
    for piece in [token[:3], token[3:7], token[7:], " and ", *token]:
        context.tokens(piece)
    return context.idempotency_key


async def learns(token, context):
    context.conceal(token[::-1])
    context.log(token[::-1])
    return token[::-1]


def prints(token):
    print("printed", token, {"a": token})
    for piece in (token[:4], token[4:], "!\\n"):
        sys.stdout.write(piece)
    print(token, file=sys.stderr, end="")


def late(token, context):
    import time
    time.sleep(0.4)
    context.log(f"late {token}")
    raise RuntimeError(f"late {token}")


class Leaky:
    def __init__(self, config):
        self.config = config

    async def execute(self, action, parameters, context):
        if action == "config":
            raise RuntimeError(f"{self.config!r} {self.config.custom_params}")
        return AgentResponse(
            success=False, error=f"failed with {parameters}", result=parameters, meta={"m": parameters}
        )

    async def close(self):
        raise RuntimeError(f"cannot close with {self.config.custom_params['headers']}")


class Unmakeable:
    def __init__(self, config):
        raise RuntimeError(f"no {config.custom_params['headers']}")

    def execute(self, action, parameters, context): ...


def main(mode):
    secret = os.environ["LEAK"]
    half = len(secret) // 2
    if mode == "split":
        for out in (sys.stdout, sys.stderr):
            for piece in (secret[:half], secret[half:]):
                out.write(piece)
                out.flush()
    elif mode == "long":
        print("x" * (8192 - half) + secret + "y" * 9000)
    elif mode == "encoded":
        print("\\n".join(encoded(secret)))
        print("\\n".join(encoded(secret)), file=sys.stderr)
    else:
        print(secret, json.dumps(secret), flush=True)
        print("error:", secret, file=sys.stderr, flush=True)
        if mode == "hang":
            import time
            time.sleep(30)
        if mode == "raise":
            raise RuntimeError(secret)
        sys.exit(int(mode))


if __name__ == "__main__":
    main(sys.argv[1])
'''


def agents(url: str) -> list[dict[str, Any]]:
    hasty = {"retry_config": {"max_attempts": 2, "initial_delay": 0.01}}
    return [
        {"name": "bearer", "type": "http_api", "endpoint": url, **hasty,
         "authentication": {"type": "bearer", "token": "${CNRY_BEARER}"}},
        {"name": "key", "type": "http_api", "endpoint": url, **hasty,
         "authentication": {"type": "api_key", "key": "${CNRY_KEY}"}},
        {"name": "basic", "type": "http_api", "endpoint": url, **hasty,
         "authentication": {"type": "basic", "username": "${CNRY_USER}", "password": "${CNRY_PASSWORD}"}},
        {"name": "header", "type": "http_api", "endpoint": url, **hasty,
         "custom_params": {"headers": {"X-Token": "Token ${CNRY_HEADER}"}}},
        {"name": "sh", "type": "shell", "env": {"LEAK": "${CNRY_ENV}"}, **hasty},
        {"name": "leaky", "type": "custom", "class": "leaks:Leaky",
         "custom_params": {"headers": {"a": "${CNRY_HEADER}"}}},
        {"name": "unmakeable", "type": "custom", "class": "leaks:Unmakeable",
         "custom_params": {"headers": {"a": "${CNRY_HEADER}"}}},
    ]  # fmt: skip


def tasks() -> list[dict[str, Any]]:
    token, both = {"token": "{{ inputs.token }}"}, {"token": "{{ inputs.token }}", "pin": "{{ inputs.pin }}"}
    found: list[dict[str, Any]] = []

    def add(agent: str, action: str = "run", **rest: Any) -> None:
        found.append({"name": f"t{len(found)}", "agent_name": agent, "action": action, **rest})

    for agent in ("bearer", "key", "basic", "header"):
        for path in ("echo", "redirect", "away", "error", "limit"):
            add(agent, "get", parameters={"endpoint": path})
        add(agent, "post", parameters={"endpoint": "redirect", "method": "POST", "json": both})
    add("bearer", "get", parameters={"endpoint": "echo", "query": token, "headers": {"X-P": "${CNRY_PARAM}"}})
    add("bearer", "get", parameters={"endpoint": "{{ inputs.token }}/{{ inputs.token }}"})
    add("bearer", "get", parameters={"endpoint": "echo", "method": "{{ inputs.token }}"})
    add("bearer", "get", parameters={"endpoint": "echo", "headers": {"X": "a\n{{ inputs.token }}"}})
    add("bearer", "get", parameters={"endpoint": "http://127.0.0.2:1/{{ inputs.token }}"})
    for mode in ("0", "1", "75", "split", "long", "encoded", "raise"):
        add("sh", parameters={"command": [sys.executable, "leaks.py", mode]})
    add("sh", parameters={"command": [sys.executable, "leaks.py", "hang"]}, timeout=1)
    add("sh", parameters={"command": [sys.executable, "leaks.py", "0"], "parse": "json"})
    add("sh", parameters={"command": "set -x; echo $P; echo '{{ inputs.pin }}'; kill -9 $$",
                          "env": {"P": "p ${CNRY_PARAM}"}})  # fmt: skip
    add("sh", parameters={"command": ["{{ inputs.token }}"]})
    add("sh", parameters={"command": "true", "cwd": "{{ inputs.token }}"})
    add("sh", parameters={"command": "cat", "stdin": "{{ inputs.settings }}"})
    for name in ("whole", "encoded", "raises", "exits", "told", "key_error", "not_plain", "nan", "talks",
                 "learns", "prints"):  # fmt: skip
        add("python", f"leaks:{name}", parameters=token)
    add("python", "leaks:inside", parameters=both)
    add("python", "leaks:late", parameters=token, timeout=0.1)
    add("python", "leaks:whole", parameters={"token": "{{ inputs.pin }}"})
    add("python", "leaks:whole", parameters={"token": "{{ inputs.settings }}"})
    add("python", "leaks:whole", parameters={"{{ inputs.token }}": 1, **token})
    add("python", "leaks:whole", parameters=token, expect=["result == 'x'"])
    add("python", "leaks:encoded", parameters=token, expect=["result[8] == 'x'", "result.nothing"])
    add("python", "leaks:whole", parameters=token, expect=["result | int > 1"])
    add(
        "python",
        "leaks:whole",
        parameters=token,
        output={"o": "{{ result }}!", "p": "{{ [result, result] }}"},
    )
    add("python", "leaks:whole", parameters=token, output="{{ result.missing[0] }}")
    add("python", "leaks:whole", parameters={"token": "{{ inputs.settings.missing }}"})
    add("leaky", "config")
    add("leaky", "call", parameters=both)
    add("unmakeable", "call")
    done = next(each["name"] for each in found if each["action"] == "leaks:whole")
    add("python", "leaks:whole", parameters={"token": f"{{{{ tasks.{done}.result }}}}"},
        when=f"tasks.{done}.result == 'x'")  # fmt: skip
    for variable in ("CNRY_ENV", "CNRY_KEY"):
        add("sh", parameters={"command": "true"}, when=f"'${{{variable}}}' != 'x'")
        add("sh", parameters={"command": "true"}, expect=[f"result == '${{{variable}}}'"])
    add("human", "approve", parameters={"message": "Use {{ inputs.token }}?", "show": {"{{ 1 }}": both}})
    return found


def write_flow(folder: Path, url: str) -> Path:
    """A flow that leaks wherever one can; it ends waiting for a person."""
    flow = {
        "name": "careless",
        "parallel_execution": True,
        "failure_strategy": "continue_on_failure",
        "inputs": {
            "token": {"secret": True},
            "pin": {"type": "integer", "secret": True},
            "settings": {"type": "object", "secret": True},
        },
        "agents": agents(url),
        "tasks": tasks(),
        "finally": [
            {"name": "last", "agent_name": "sh", "action": "run", "parameters": {"command": "echo $LEAK"}}
        ],
        "outputs": {each["name"]: f"{{{{ tasks.{each['name']}.result }}}}" for each in tasks()[::5]},
    }
    (folder / "leaks.py").write_text(LEAKS, encoding="utf-8")
    (folder / "inputs.json").write_text(json.dumps(INPUTS), encoding="utf-8")
    path = folder / "flow.yaml"
    path.write_text(yaml.safe_dump(flow, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path
