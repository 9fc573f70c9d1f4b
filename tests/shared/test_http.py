"""Calls between services, against a neighbour that misbehaves on demand."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from marquee.http import NeighbourAway, NeighbourProblem, Picture, ServiceClient, ServiceToken


class Neighbour:
    """Answers what stands in `answers`, one after the other, and the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = [(200, b'{"ok": true}')]
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        neighbour = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                neighbour.asked.append(f"{self.command} {self.path}")
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body = (
                    neighbour.answers.pop(0) if len(neighbour.answers) > 1 else neighbour.answers[0]
                )
                self.send_response(status)
                for name, value in neighbour.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    neighbour = Neighbour()
    yield neighbour
    neighbour.server.shutdown()
    neighbour.server.server_close()


def test_a_get_is_tried_twice(neighbour: Neighbour) -> None:
    neighbour.answers = [(500, b""), (200, b'{"seats": 3}')]

    assert ServiceClient("movies", neighbour.url).get("/seats", day=None, room="2") == {"seats": 3}
    assert neighbour.asked == ["GET /seats?room=2"] * 2


def test_where_no_time_is_left_nobody_is_asked_unless_to_do_something(neighbour: Neighbour) -> None:
    client = ServiceClient("movies", neighbour.url, time_left=lambda: 0.0)

    with pytest.raises(NeighbourAway):
        client.get("/seats")

    assert client.post("/holds") == {"ok": True}
    assert neighbour.asked == ["POST /holds"]


def test_a_neighbour_that_hangs_holds_a_page_up_for_no_longer_than_it_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        began = time.monotonic()
        left = lambda: began + 0.3 - time.monotonic()  # noqa: E731
        client = ServiceClient("movies", f"http://127.0.0.1:{hanging.getsockname()[1]}", time_left=left)

        for _ in range(2):
            with pytest.raises(NeighbourAway):
                client.get("/seats")

    assert time.monotonic() - began < 1.0


def test_a_post_is_never_repeated(neighbour: Neighbour) -> None:
    neighbour.answers = [(500, b"")]

    with pytest.raises(NeighbourAway):
        ServiceClient("movies", neighbour.url).post("/holds", {"seats": ["C7"]})
    assert neighbour.asked == ["POST /holds"]


def test_a_post_that_was_refused_at_the_door_finds_the_next_address(
    neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name of which one address has just gone: the second look-up gives another."""
    addresses = iter(["127.0.0.2", "127.0.0.1"])
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest: real(next(addresses) if host == "movies" else host, *rest),
    )
    port = neighbour.url.rpartition(":")[2]

    assert ServiceClient("movies", f"http://movies:{port}").post("/holds") == {"ok": True}
    assert neighbour.asked == ["POST /holds"]


def test_a_picture_comes_with_how_long_it_may_be_kept(neighbour: Neighbour) -> None:
    neighbour.answers = [(200, b"<svg/>")]
    neighbour.headers = {"Content-Type": "image/svg+xml", "Cache-Control": "max-age=300"}

    found = ServiceClient("movies", neighbour.url).get_picture("/poster.svg", v="1")

    assert found == Picture(b"<svg/>", "image/svg+xml", "max-age=300")
    assert neighbour.asked == ["GET /poster.svg?v=1"]


def test_a_refusal_keeps_its_words(neighbour: Neighbour) -> None:
    neighbour.answers = [(409, b'{"type": "/problems/seat-taken", "title": "Taken", "seats": ["C7"]}')]

    with pytest.raises(NeighbourProblem) as refusal:
        ServiceClient("movies", neighbour.url).post("/holds")
    assert (refusal.value.code, refusal.value.kind) == (409, "/problems/seat-taken")
    assert refusal.value.body()["seats"] == ["C7"]


@pytest.mark.parametrize("answer", [b"<html>", b""], ids=["a page", "nothing"])
def test_a_neighbour_that_is_down_is_left_alone_for_a_while(neighbour: Neighbour, answer: bytes) -> None:
    neighbour.answers = [(502, answer)]
    client = ServiceClient("movies", neighbour.url)

    for _ in range(8):
        with pytest.raises(NeighbourAway):
            client.post("/holds")

    assert len(neighbour.asked) == 5


def test_a_service_token_is_fetched_once(neighbour: Neighbour) -> None:
    neighbour.answers = [(200, b'{"access_token": "abc", "expires_in": 300}')]
    token = ServiceToken(neighbour.url, "marquee-web", "secret")

    assert [token.headers() for _ in range(2)] == [{"Authorization": "Bearer abc"}] * 2
    assert len(neighbour.asked) == 1


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{}", b'{"access_token": "a", "expires_in": null}'])
def test_an_issuer_that_talks_nonsense_is_away(neighbour: Neighbour, answer: bytes) -> None:
    neighbour.answers = [(200, answer)]

    with pytest.raises(NeighbourAway):
        ServiceToken(neighbour.url, "marquee-web", "secret").headers()


def test_a_service_token_that_is_refused_is_replaced(
    neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    neighbour.answers = [
        (200, b'{"access_token": "old", "expires_in": 300}'),
        (200, b'{"seats": 3}'),
        (401, b'{"title": "Please sign in"}'),
        (200, b'{"access_token": "new", "expires_in": 300}'),
        (200, b'{"seats": 4}'),
    ]
    client = ServiceClient(
        "auth", neighbour.url, own_token=ServiceToken(neighbour.url, "marquee-web", "secret")
    )
    assert client.post("/sessions") == {"seats": 3}

    now[0] += 100
    assert client.post("/sessions") == {"seats": 4}


def test_a_new_service_token_that_is_refused_is_not_replaced_at_once(neighbour: Neighbour) -> None:
    neighbour.answers = [
        (200, b'{"access_token": "new", "expires_in": 300}'),
        (401, b'{"title": "Please sign in"}'),
    ]
    client = ServiceClient(
        "auth", neighbour.url, own_token=ServiceToken(neighbour.url, "marquee-web", "secret")
    )

    for _ in range(2):
        with pytest.raises(NeighbourProblem):
            client.post("/sessions")
    assert len(neighbour.asked) == 3


def test_of_two_client_secrets_the_one_the_issuer_knows_is_used(neighbour: Neighbour) -> None:
    neighbour.answers = [(401, b"{}"), (200, b'{"access_token": "one", "expires_in": 300}')]

    assert ServiceToken(neighbour.url, "marquee-web", "old,new").headers() == {"Authorization": "Bearer one"}


def test_an_issuer_that_knows_neither_secret_is_away(neighbour: Neighbour) -> None:
    neighbour.answers = [(401, b"{}")]

    with pytest.raises(NeighbourAway, match="none of our client secrets"):
        ServiceToken(neighbour.url, "marquee-web", "old,new").headers()
    assert len(neighbour.asked) == 2
