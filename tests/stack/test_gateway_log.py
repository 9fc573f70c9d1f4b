"""What the gateway writes down of a request that fails: enough to find the fault, no key of a booking or a login."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.ports import answers, free_ports
from tests.journeys.house import until
from tests.stack.rendering import ROOT

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="needs nginx")
SITE = """limit_req zone=callers;
location / {{ proxy_pass http://127.0.0.1:{nobody}; }}"""
LINK = "/bookings/7?key=never-to-be-read"


@pytest.fixture
def gateway(scratch_folder: Path) -> Iterator[Callable[..., tuple[str, Path]]]:
    """`gateway(connections)` runs its nginx.conf before a service that is away; its address and its log."""
    started: list[subprocess.Popen[bytes]] = []

    def start(connections: int = 4096) -> tuple[str, Path]:
        public, health, nobody = free_ports(3)
        written = {
            "nginx.conf": (ROOT / "gateway/nginx.conf")
            .read_text()
            .replace("/tmp/", f"{scratch_folder}/")
            .replace(":8079", f":{health}")
            .replace("worker_connections 4096", f"worker_connections {connections}"),
            "gateway/trusted.conf": "",
            "gateway/trusted.geo": "",
            "gateway/limits.conf": "limit_req_zone $binary_remote_addr zone=callers:1m rate=1r/m;",
            "gateway/servers.conf": f"server {{ listen 127.0.0.1:{public}; {SITE.format(nobody=nobody)} }}",
        }
        (scratch_folder / "gateway").mkdir()
        for name, text in written.items():
            (scratch_folder / name).write_text(text)
        log = scratch_folder / "log"
        command = [NGINX, "-c", str(scratch_folder / "nginx.conf"), "-g", "daemon off;"]
        with log.open("wb") as output:
            started.append(subprocess.Popen(command, stdout=output, stderr=output))
        until(lambda: answers(health), what="nginx")
        return f"http://127.0.0.1:{public}", log

    yield start
    for nginx in started:
        nginx.terminate()
        nginx.wait(60)


def lines_of(log: Path, count: int) -> list[dict[str, Any]]:
    """Of the requests, once so many are written down. Nothing else in the log has their key either."""
    until(lambda: log.read_text().count('"status"') == count, what=f"{count} lines")
    assert "never-to-be-read" not in log.read_text()
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def is_answered(url: str) -> bool:
    """Not while nginx still has its only connection left open to whoever looked whether it is there."""
    try:
        requests.get(url, timeout=30)
    except requests.ConnectionError:
        return False
    return True


def test_a_service_that_is_away_is_named_and_the_booking_s_key_is_not(gateway) -> None:
    address, log = gateway()

    requests.get(address + LINK, timeout=30)

    [line] = lines_of(log, 1)
    assert (line["path"], line["status"]) == ("/bookings/7", 502)
    assert line["upstream"].startswith("127.0.0.1:")
    assert line["upstream_ms"]


def test_who_asks_too_often_is_named_and_the_booking_s_key_is_not(gateway) -> None:
    address, log = gateway()

    for _ in range(2):
        requests.get(address + LINK, timeout=30)

    refused = lines_of(log, 2)[1]
    assert (refused["status"], refused["address"], refused["upstream"]) == (429, "127.0.0.1", "")


def test_even_what_nginx_calls_alarming_repeats_no_key(gateway) -> None:
    # Two doors, the word of its master, the caller: none is left to ask the service with.
    address, log = gateway(connections=4)

    until(lambda: is_answered(address + LINK), what="an answer")

    assert lines_of(log, 1)[0]["status"] == 500
