from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe
import urllib3

from local.stripe_fake.serving import StripeFake
from local.stripe_fake.settings import Settings

WEBHOOK_SECRET = "whsec_test"


class WebhookReceiver:
    """Stands where the shop's webhook endpoint would: keeps what arrives, answers what it is told."""

    def __init__(self) -> None:
        self.arrived: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    receiver.arrived.append((body, self.headers["Stripe-Signature"]))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://localhost:{self._server.server_port}/webhooks/stripe"

    def events(self) -> list[stripe.Event]:
        """What arrived and carries a good, fresh signature, in the order it arrived."""
        return [stripe.Webhook.construct_event(*pair, WEBHOOK_SECRET) for pair in list(self.arrived)]

    def types(self) -> list[str]:
        return [event.type for event in self.events()]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def eventually() -> Callable[..., None]:
    return wait_for


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def settings(tmp_path: Path, receiver: WebhookReceiver) -> Settings:
    port = free_port()
    return Settings(
        state_file=tmp_path / "stripe.sqlite3",
        port=port,
        webhook_secret=WEBHOOK_SECRET,
        webhook_url=receiver.url,
        public_url=f"http://localhost:{port}",
        processing_seconds=60,
    )


@pytest.fixture
def fake(settings: Settings) -> Iterator[StripeFake]:
    fake = StripeFake(settings)
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def client(fake: StripeFake) -> Iterator[stripe.StripeClient]:
    http_client = stripe.RequestsClient(timeout=60)
    yield stripe.StripeClient(
        "sk_test_marquee",
        base_addresses={"api": fake.account.settings.public_url},
        http_client=http_client,
        max_network_retries=0,
    )
    http_client.close()


class Control:
    """The test's hand on the switches under /_control."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._pool = urllib3.PoolManager(retries=False)

    def set(self, path: str, /, **wishes: Any) -> Any:
        answer = self._pool.request("POST", f"{self._base}/_control{path}", json=wishes)
        assert answer.status == 200, answer.data
        return answer.json()

    def get(self, path: str) -> Any:
        return self._pool.request("GET", f"{self._base}/_control{path}").json()

    def close(self) -> None:
        self._pool.clear()


@pytest.fixture
def control(fake: StripeFake) -> Iterator[Control]:
    control = Control(fake.account.settings.public_url)
    yield control
    control.close()


@pytest.fixture
def pay(client: stripe.StripeClient) -> Callable[..., stripe.PaymentIntent]:
    """Create and confirm an intent of €12.50 with one of the test cards."""

    def pay_with(payment_method: str, **params: Any) -> stripe.PaymentIntent:
        options = params.pop("options", {})
        return client.v1.payment_intents.create(
            {
                "amount": 1250,
                "currency": "eur",
                "confirm": True,
                "payment_method": payment_method,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                **params,
            },
            options,
        )

    return pay_with
