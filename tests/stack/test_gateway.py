"""What the gateway itself refuses: nginx with its own configuration, before one small service."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from local.ports import answers, free_ports
from tests.journeys.house import until

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="needs nginx")
TOO_LARGE = 12 * 1024 * 1024 + 1
PROBLEM = "application/problem+json"


class Service(BaseHTTPRequestHandler):
    """Any of ours, or Keycloak. At /full it refuses by itself."""

    def do_GET(self) -> None:
        self.send_response(429 if self.path == "/full" else 200)
        self.send_header("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        self.end_headers()
        self.wfile.write(b"of the service")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def service() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def gateway(scratch_folder: Path, service: int, request: Any) -> Iterator[str]:
    """Its address. Its files are moved from / to a scratch folder and free ports, nothing else in them changes."""
    public, health = free_ports(2)
    moves = {
        r"(?<!\w)/(tmp|gateway)(?=[/;\n])": rf"{scratch_folder}/\1",
        r"http://\$service:\d+": f"http://127.0.0.1:{service}",
        r"listen 8080": f"listen 127.0.0.1:{public}",
        r":8079": f":{health}",
        r"exec nginx": f"exec {NGINX}",
    }
    for folder in ("tmp", "gateway"):
        (scratch_folder / folder).mkdir()
    for file in Path("gateway").iterdir():
        text = file.read_text()
        for old, new in moves.items():
            text = re.sub(old, new, text)
        (scratch_folder / "gateway" / file.name).write_text(text)
    env = {"PATH": "/usr/bin:/bin"} | getattr(request, "param", {})
    started = ["sh", str(scratch_folder / "gateway" / "start.sh")]
    with (scratch_folder / "log").open("w") as log:
        nginx = subprocess.Popen(started, env=env, stdout=log, stderr=log)
        until(lambda: answers(health), what="nginx")
        yield f"http://127.0.0.1:{public}"
        nginx.terminate()
        nginx.wait(60)


BUSY = pytest.mark.parametrize("gateway", [{"REQUESTS_PER_SECOND": "1"}], indirect=True)
CLOSED = pytest.mark.parametrize("gateway", [{"MAINTENANCE": "on"}], indirect=True)
# Programs by their address, the scripts of our pages by what they take.
AS_PROBLEM = pytest.mark.parametrize(
    ("path", "headers"),
    [("/api/movies/screenings", {}), ("/screenings/1/hold", {"Accept": "application/json"})],
    ids=["program", "script"],
)


def refused_often(url: str, headers: dict[str, str]) -> requests.Response:
    """The first answer over the limit."""
    asked = (requests.get(url, headers=headers, timeout=30) for _ in range(50))
    return next(answer for answer in asked if answer.status_code == 429)


def refused_whole(url: str, headers: dict[str, str]) -> tuple[int, HTTPMessage, str]:
    """What is said to the announcement of a large body, before any of it is sent."""
    address = urlsplit(url)
    with closing(HTTPConnection(address.netloc, timeout=30)) as connection:
        connection.request("POST", address.path, headers=headers | {"Content-Length": str(TOO_LARGE)})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


@BUSY
def test_people_who_ask_too_often_read_when_to_try_again(gateway: str) -> None:
    answer = refused_often(f"{gateway}/screenings/1/seats", {"Accept": "text/html,application/json;q=0.9"})

    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Content-Type"] == "text/html"
    assert "<h1>One moment, please</h1>" in answer.text
    assert answer.text.count("<h1>") == 1
    # Loading the page again sends a refused form again; a page that went on by itself would lose it.
    assert "refresh" not in answer.text


@BUSY
@AS_PROBLEM
def test_programs_that_ask_too_often_read_a_problem(gateway: str, path: str, headers: dict[str, str]) -> None:
    answer = refused_often(gateway + path, headers)

    assert (answer.headers["Content-Type"], answer.headers["Retry-After"]) == (PROBLEM, "1")
    assert answer.json()["type"] == "/problems/too-many-requests"
    assert answer.json()["status"] == 429
    assert answer.json()["instance"]


def test_a_refusal_of_the_service_passes_as_it_is(gateway: str) -> None:
    answer = requests.get(f"{gateway}/full", timeout=30)

    assert (answer.status_code, answer.text) == (429, "of the service")


def test_people_who_send_too_much_are_told_how_much_is_taken(gateway: str) -> None:
    status, headers, text = refused_whole(f"{gateway}/manage/films/new", {"Accept": "text/html"})

    assert status == 413
    assert "<h1>That is too large</h1>" in text
    assert "12 MB" in text
    assert "Retry-After" not in headers


@AS_PROBLEM
def test_programs_that_send_too_much_read_a_problem(gateway: str, path: str, headers: dict[str, str]) -> None:
    status, said, text = refused_whole(gateway + path, headers)

    assert (status, said["Content-Type"]) == (413, PROBLEM)
    assert json.loads(text)["type"] == "/problems/request-entity-too-large"


def test_an_api_without_its_slash_leads_to_its_page(gateway: str) -> None:
    answer = requests.get(f"{gateway}/api/movies", timeout=30, allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (301, "/api/movies/")


@CLOSED
def test_the_maintenance_page_looks_again_by_itself(gateway: str) -> None:
    answer = requests.get(f"{gateway}/", timeout=30)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert '<meta http-equiv="refresh" content="30">' in answer.text
    assert answer.text.count("<h1>") == 1


@CLOSED
def test_of_the_maintenance_page_its_own_sheet_counts_and_no_other(gateway: str) -> None:
    answer = requests.get(f"{gateway}/", timeout=30)

    [sheet] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    fingerprint = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert f"style-src 'sha256-{fingerprint}';" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("gateway", [{"OPERATORS": "127.0.0.1"}], indirect=True)
@pytest.mark.parametrize("path", ["/realms/marquee", "/resources/x.css", "/admin/", "/realms/master"])
def test_keycloak_speaks_of_https_for_this_host_alone(gateway: str, path: str) -> None:
    answer = requests.get(gateway + path, timeout=30)

    assert (answer.status_code, answer.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
