"""What a worker tells whoever watches it: /healthz, /readyz and /metrics on a small server of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["serve_health"]

Check = Callable[[], bool]


def serve_health(
    port: int,
    *,
    alive: Check,
    stopping: Check,
    needs: Mapping[str, Check],
    parts: Mapping[str, Check],
    host: str = "127.0.0.1",
) -> ThreadingHTTPServer:
    """Answers from a daemon thread.

    /readyz is 503 without any of `needs`, and as soon as it is stopping. A part that is away makes the worker
    degraded, not unready: it waits for it and does the rest.
    """

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match self.path:
                case "/healthz":
                    fine = alive()
                    self._answer(200 if fine else 503, {"status": "ok" if fine else "dead"})
                case "/readyz":
                    status, found = _readiness(stopping, needs, parts)
                    self._answer(
                        200 if status in ("ok", "degraded") else 503, {"status": status, "parts": found}
                    )
                case "/metrics":
                    self._send(200, CONTENT_TYPE_LATEST, generate_latest())
                case _:
                    self._answer(404, {"status": "unknown path"})

        def _answer(self, status: int, body: Mapping[str, object]) -> None:
            self._send(status, "application/json", orjson.dumps(body))

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Being watched every few seconds is not worth a line."""

    server = ThreadingHTTPServer((host, port), Answers)
    threading.Thread(target=server.serve_forever, daemon=True, name="health").start()
    return server


def _readiness(
    stopping: Check, needs: Mapping[str, Check], parts: Mapping[str, Check]
) -> tuple[str, dict[str, bool]]:
    if stopping():  # said at once: what is slow to answer must not delay it
        return "stopping", {}
    found = {name: check() for name, check in {**needs, **parts}.items()}
    if not all(found[name] for name in needs):
        return "not ready", found
    return "ok" if all(found.values()) else "degraded", found
