"""What we ask of Stripe, against Stripe's own description of its API (stripe-mock).

It keeps no state and knows no rules of money; the stand-in in local/ does. But it refuses every path and parameter
that Stripe does not have, and answers in Stripe's shapes, to which the stand-in's are held here as well.
"""

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from inspect import getsource
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe

from local.ports import answers, free_ports
from marquee.clock import utc_now
from services.payment import provider
from services.payment.models import Payment
from services.payment.provider import ProviderRefused, StripeProvider
from services.payment.settings import PaymentSettings

pytestmark = [pytest.mark.stripe_mock, pytest.mark.timeout(600)]

MODULE = "github.com/stripe/stripe-mock@v0.197.0"
API_KEY = "sk_test_123"


@pytest.fixture(scope="session")
def stripe_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = os.environ.get("STRIPE_MOCK_BIN") or _built(tmp_path_factory.mktemp("go"))
    plain, secure = free_ports(2)
    # Given no address for HTTPS, it would listen to the whole world.
    listening = ["-http-addr", f"127.0.0.1:{plain}", "-https-addr", f"127.0.0.1:{secure}"]
    with subprocess.Popen([program, *listening], stdout=subprocess.DEVNULL) as running:
        try:
            deadline = time.monotonic() + 120
            while not answers(plain):
                assert running.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"http://127.0.0.1:{plain}"
        finally:
            running.terminate()


def _built(folder: Path) -> str:
    go = shutil.which("go")
    if go is None:
        pytest.skip("stripe-mock is a Go program: needs Go, or STRIPE_MOCK_BIN")
    subprocess.run([go, "install", MODULE], env={**os.environ, "GOBIN": str(folder)}, check=True)
    return str(folder / "stripe-mock")


@pytest.fixture(scope="session")
def mock(stripe_mock: str) -> stripe.StripeClient:
    return stripe.StripeClient(API_KEY, base_addresses={"api": stripe_mock})


class Spy(StripeProvider):
    """The provider as it is, with a note of every call and of what became of it."""

    def __init__(self, settings: PaymentSettings) -> None:
        super().__init__(settings)
        self.accepted: set[str] = set()
        self.refused: dict[str, str] = {}
        self.pretend_refused = ""

    def _call(self, name: str, *arguments: Any) -> Any:
        if name == self.pretend_refused:
            raise ProviderRefused("as if")
        try:
            answer = super()._call(name, *arguments)
        except Exception as error:
            self.refused[name] = str(error)
            raise
        self.accepted.add(name)
        return answer


@pytest.fixture
def spy(settings: PaymentSettings, stripe_mock: str) -> Spy:
    return Spy(settings.model_copy(update={"stripe_api_base": stripe_mock, "stripe_api_key": API_KEY}))


def payment(**changes: Any) -> Payment:
    given = {
        "id": uuid4(),
        "reservation_id": uuid4(),
        "attempt": 1,
        "email": "viola@marquee.example",
        "method": "element",
        "description": "Paper Moon, G9 and G10",
        "amount_cents": 2050,
        "currency": "EUR",
        "key_generation": 0,
        "created_at": utc_now(),
        **changes,
    }
    return Payment(**given)


def test_stripe_knows_every_call_and_parameter_that_the_payment_service_uses(spy):
    element, hosted = payment(), payment(method="hosted")
    for one in (element, hosted):
        one.provider_id = spy.open(one).provider_id
        one.intent_id = "pi_123"
        spy.read(one)
        spy.stop(one)
    element.refund_id = spy.refund(element).id
    spy.refund(element)
    spy.given_back(element)
    spy.pretend_refused = "refunds.create"
    spy.refund(payment(intent_id="pi_123"))

    assert spy.refused == {}
    assert spy.accepted == set(re.findall(r'_call\(\s*"([a-z_.]+)"', getsource(provider)))


def test_a_parameter_that_stripe_does_not_have_is_noticed(mock):
    with pytest.raises(stripe.InvalidRequestError, match="additional properties"):
        mock.v1.payment_intents.create({"amount": 2050, "currency": "eur", "amuont": 1})  # type: ignore[typeddict-unknown-key]


def test_stripe_knows_what_the_card_fields_confirm_with(mock):
    fields = {
        "payment_method": "pm_card_visa",
        "client_secret": "pi_123_secret_456",
        "return_url": "http://localhost:8081/",
    }

    assert mock.v1.payment_intents.confirm("pi_123", fields).object == "payment_intent"


# --- the stand-in speaks as Stripe does -----------------------------------------------------------------------


def intent(client: stripe.StripeClient) -> Any:
    return client.v1.payment_intents.create({"amount": 2050, "currency": "eur"})


def refund(client: stripe.StripeClient) -> Any:
    wanted = {"amount": 2050, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    with contextlib.suppress(stripe.CardError):
        paid = client.v1.payment_intents.create({**wanted, "automatic_payment_methods": NO_REDIRECTS})
    return client.v1.refunds.create({"payment_intent": paid.id})


def checkout_session(client: stripe.StripeClient) -> Any:
    price = {"currency": "eur", "unit_amount": 2050, "product_data": {"name": "Paper Moon"}}
    return client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": "http://localhost:8081/",
        }
    )


def event(client: stripe.StripeClient) -> Any:
    intent(client)
    return client.v1.events.list({"limit": 1}).data[0]


NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}
READ: dict[Callable[[stripe.StripeClient], Any], set[str]] = {
    intent: {"id", "status", "client_secret", "last_payment_error", "metadata", "object"},
    refund: {"id", "status", "payment_intent", "metadata", "object"},
    checkout_session: {"id", "status", "payment_status", "payment_intent", "url", "object"},
    event: {"id", "type", "data", "object"},
}


@pytest.mark.parametrize("make", READ, ids=lambda make: make.__name__)
def test_the_stand_in_answers_in_stripes_shapes(make, mock, stripe_client):
    described = make(mock)
    real, ours = described.to_dict(), make(stripe_client).to_dict()

    assert READ[make] <= ours.keys() & real.keys()
    # Its examples leave out some fields that Stripe does have: its library for Python knows them all.
    assert ours.keys() - real.keys() - type(described).__annotations__.keys() == set()
    different = {
        name: (type(ours[name]).__name__, type(real[name]).__name__)
        for name in ours.keys() & real.keys()
        if None not in (ours[name], real[name]) and type(ours[name]) is not type(real[name])
    }
    assert different == {}
