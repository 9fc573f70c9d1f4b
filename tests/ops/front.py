"""A front that honours readiness, as a gateway does."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any

import requests

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "server", "date"}


class Front:
    """Sends each request to the next instance that says it is ready, and, in `tries`, on where a door is closed.

    Works while it is entered.
    """

    def __init__(self, ports: list[int], *, tries: int = 4) -> None:
        self._tries = tries
        self._ready = dict.fromkeys(ports, False)
        self._turn, self._lock = cycle(ports), threading.Lock()
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                front._pass_on(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self.server.serve_forever, self._watch)]

    def __enter__(self) -> "Front":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.server.shutdown()
        for thread in self._threads:
            thread.join()
        self.server.server_close()

    def both_ready(self) -> bool:
        return all(self._ready.values())

    def _watch(self) -> None:
        session = requests.Session()
        while not self._over.wait(0.1):
            for port in self._ready:
                try:
                    answer = session.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
                    self._ready[port] = answer.ok
                except requests.RequestException:
                    self._ready[port] = False

    def _pass_on(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        headers["Host"] = request.headers["Host"]
        for _ in range(self._tries):
            try:
                status, answer_headers, content = self._ask(request.command, request.path, body, headers)
                break
            except ConnectionRefusedError:
                continue
        else:
            status, answer_headers, content = 502, [], b"nobody is there"
        request.send_response(status)
        for name, value in answer_headers:
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
        upstream = http.client.HTTPConnection("127.0.0.1", self._next(), timeout=30)
        try:
            upstream.request(method, path, body or None, headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _next(self) -> int:
        with self._lock:
            for _ in self._ready:
                port = next(self._turn)
                if self._ready[port]:
                    return port
            return port
