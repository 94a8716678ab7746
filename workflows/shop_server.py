"""The bean shop that http_api.yaml talks to: a web service of fifty lines, of the standard library only.

    python3 workflows/shop_server.py [PORT]             prints its address and serves until it is stopped
    python3 workflows/shop_server.py --background       the same, but gives the terminal back

It wants `Authorization: Bearer demo-token`, is too busy for the first order it gets, and takes an order only
once: the same `Idempotency-Key` gets the same answer.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BEANS = [
    {"sku": "yirga", "origin": "Ethiopia", "cents": 1450, "in_stock": 12},
    {"sku": "guji", "origin": "Ethiopia", "cents": 1600, "in_stock": 0},
    {"sku": "huila", "origin": "Colombia", "cents": 1250, "in_stock": 40},
]
TOKEN = os.environ.get("SHOP_TOKEN") or "demo-token"

orders: dict[str, dict[str, Any]] = {}
turned_away: set[str] = set()


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path != "/beans":
            return self._answer(404, {"problem": f"there is no {url.path}"})
        wanted = parse_qs(url.query)
        beans = [each for each in BEANS if each["origin"] in wanted.get("origin", [each["origin"]])]
        return self._answer(200, {"beans": beans})

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        key = self.headers.get("Idempotency-Key", "")
        if key not in turned_away:
            turned_away.add(key)
            return self._answer(503, {"problem": "too busy, come back"}, {"Retry-After": "1"})
        known = orders.setdefault(key, {"number": len(orders) + 1, **order})
        return self._answer(201, known)

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self._answer(401, {"problem": "who are you?"}, {"Connection": "close"})
        return False

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """The flow tells what happens."""


def main(words: list[str]) -> None:
    port = next((int(each) for each in words if each.isdigit()), 0)
    server = ThreadingHTTPServer(("127.0.0.1", port), Shop)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    if "--background" not in words or os.fork() == 0:  # it listens already: whoever reads the line can call
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
