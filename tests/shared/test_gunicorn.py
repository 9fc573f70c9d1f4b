"""SIGTERM: first not ready, then nobody new, and whoever is inside is served."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import urllib3

from local.ports import answers, free_port
from tests.journeys.house import until

ROOT = Path(__file__).resolve().parents[2]
# Long enough for a loaded machine to ask twice meanwhile.
DRAIN_SECONDS = 10.0


class Served:
    def __init__(self, process: subprocess.Popen[bytes], port: int, inside: Path) -> None:
        self.process, self.port, self._inside = process, port, inside

    def get(self, path: str, pool: urllib3.PoolManager | None = None) -> urllib3.BaseHTTPResponse:
        http = pool or urllib3.PoolManager(retries=False)
        answer = http.request("GET", f"http://127.0.0.1:{self.port}{path}", timeout=60)
        if pool is None:
            http.clear()
        return answer

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def somebody_is_inside(self) -> bool:
        """With an answer that takes its time."""
        return self._inside.exists()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@pytest.fixture(params=["gthread", "gevent"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    with ExitStack() as running:

        def start(drain_seconds: float = DRAIN_SECONDS, port: int = 0) -> Served:
            port = port or free_port()
            environment = {
                **os.environ,
                "PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}",
                "HOST": "127.0.0.1",
                "PORT": str(port),
                "WORKER_CLASS": request.param,
                "DRAIN_SECONDS": str(drain_seconds),
                "INSIDE": str(tmp_path / "inside"),
            }
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", "-c", "shared/marquee/gunicorn.py"),
                    "tests.shared.served:create_app()",
                ],
                env=environment,
                cwd=ROOT,
            )
            running.callback(process.wait)
            running.callback(process.kill)
            served = Served(process, port, tmp_path / "inside")
            until(lambda: answers(port) and served.is_ready(), 60, what="gunicorn")
            return served

        yield start


def test_it_is_unready_before_it_stops_serving(serve: Callable[..., Served]) -> None:
    served = serve()

    served.terminate()

    until(lambda: served.get("/readyz").status == 503)
    assert served.get("/quick").status == 200
    assert served.process.wait(60) == 0
    assert not answers(served.port)


def test_pooled_connections_are_asked_to_leave_meanwhile(serve: Callable[..., Served]) -> None:
    served, pool = serve(), urllib3.PoolManager(retries=False)
    assert "close" not in served.get("/quick", pool).headers.get("Connection", "")

    served.terminate()

    until(lambda: served.get("/readyz").status == 503)
    assert served.get("/quick", pool).headers["Connection"] == "close"


def test_whoever_is_inside_is_served(serve: Callable[..., Served]) -> None:
    served, got = serve(drain_seconds=0.5), []
    inside = threading.Thread(target=lambda: got.append(served.get("/slow").status))
    inside.start()
    until(served.somebody_is_inside)

    served.terminate()
    inside.join()

    assert got == [200]
    assert served.process.wait(60) == 0


def test_a_second_signal_does_not_wait(serve: Callable[..., Served]) -> None:
    served = serve(drain_seconds=60)
    served.terminate()
    until(lambda: served.get("/readyz").status == 503)

    served.terminate()

    assert served.process.wait(60) == 0


def test_without_a_time_to_drain_it_stops_at_once(serve: Callable[..., Served]) -> None:
    served = serve(drain_seconds=0)

    served.terminate()

    assert served.process.wait(60) == 0
