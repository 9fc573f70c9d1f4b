from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import stripe
import urllib3

ROOT = Path(__file__).parents[3]


class RunningFake:
    def __init__(self, settings) -> None:
        environment = {
            **os.environ,
            "PORT": str(settings.port),
            "STATE_FILE": str(settings.state_file),
            "STRIPE_WEBHOOK_SECRET": settings.webhook_secret,
            "WEBHOOK_URL": settings.webhook_url,
        }
        self.url = settings.public_url
        command = [sys.executable, "-m", "local.stripe_fake"]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment)

    def is_up(self) -> bool:
        try:
            return urllib3.request("GET", f"{self.url}/healthz", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def end(self, how: signal.Signals) -> int:
        self._process.send_signal(how)
        return self._process.wait(timeout=60)


@pytest.fixture
def start(settings, eventually):
    running: list[RunningFake] = []

    def start() -> RunningFake:
        fake = RunningFake(settings)
        running.append(fake)
        eventually(fake.is_up)
        return fake

    yield start
    for fake in running:
        fake.end(signal.SIGKILL)


def test_nothing_is_forgotten_when_the_process_is_killed(start, receiver, eventually):
    fake = start()
    client = stripe.StripeClient("sk_test_marquee", base_addresses={"api": fake.url}, max_network_retries=0)
    urllib3.request("POST", f"{fake.url}/_control/webhooks", json={"paused": True})
    params = {
        "amount": 1250,
        "currency": "eur",
        "confirm": True,
        "payment_method": "pm_card_visa",
        "return_url": "http://localhost/back",
    }
    before = client.v1.payment_intents.create(params, {"idempotency_key": "pay:r-1:1"})
    fake.end(signal.SIGKILL)

    fake = start()
    after = client.v1.payment_intents.create(params, {"idempotency_key": "pay:r-1:1"})
    assert (after.id, after.status) == (before.id, "succeeded")
    assert len(client.v1.charges.list().data) == 1
    assert receiver.arrived == []

    urllib3.request("POST", f"{fake.url}/_control/webhooks", json={"paused": False})
    eventually(lambda: len(receiver.arrived) == 3)
    assert fake.end(signal.SIGTERM) == 0
