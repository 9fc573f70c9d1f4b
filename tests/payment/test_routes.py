"""The payment API: a buyer's own payment, and webhooks that only count when Stripe signed them."""

import json
import time
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
import stripe
from flask import Flask
from sqlalchemy import func, select, update

from marquee.auth import guest_id
from marquee.testing.apps import trust
from marquee.testing.tokens import TokenMint
from services.payment import create_app
from services.payment.domain import payments
from services.payment.models import Payment, StripeEvent
from services.payment.settings import PaymentSettings
from tests.payment.conftest import GUEST, WEBHOOK_SECRET, Desk

AS_GUEST = {"X-Guest-Token": GUEST}


def test_the_owner_sees_what_the_page_needs_to_pay(app: Flask, desk: Desk) -> None:
    wanted, payment = desk.opened(owner=guest_id(GUEST))

    answer = app.test_client().get(f"/payments/{wanted.reservation_id}", headers=AS_GUEST)

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["client_secret"] == payment.client_secret
    assert answer.json["state"] == "open"


def test_to_others_there_is_no_such_payment(app: Flask, desk: Desk, mint: TokenMint) -> None:
    wanted, _ = desk.opened(owner=guest_id(GUEST))
    client = app.test_client()

    by_stranger = client.get(f"/payments/{wanted.reservation_id}", headers=mint.headers())
    by_nobody = client.get(f"/payments/{wanted.reservation_id}")
    by_link = client.get(f"/payments/{wanted.reservation_id}?key=the-key-in-the-mail", headers=mint.headers())

    assert (by_stranger.status_code, by_nobody.status_code, by_link.status_code) == (404, 401, 200)


def test_coming_back_from_the_bank_asks_stripe_at_once(app: Flask, desk: Desk) -> None:
    wanted, payment = desk.opened(owner=guest_id(GUEST))
    desk.pay(payment)

    answer = app.test_client().post(f"/payments/{wanted.reservation_id}/check", headers=AS_GUEST)

    assert answer.json is not None
    assert answer.json["state"] == "succeeded"
    assert answer.json["client_secret"] is None
    assert desk.keys() == ["payment.succeeded"]


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1,v1=00",
        "nonsense",
        pytest.param("other-secret", id="signed with another secret"),
        pytest.param("stale", id="signed ten minutes ago"),
        pytest.param("accented", id="not even ASCII"),
    ],
)
def test_a_webhook_that_stripe_did_not_sign_now_writes_nothing(
    app: Flask, desk: Desk, signature: str
) -> None:
    body = json.dumps(_event("payment_intent.succeeded", "pi_1")).encode()
    header = {
        "other-secret": _sign(body, secret="whsec_other"),
        "stale": _sign(body, at=int(time.time()) - 600),
        "accented": f"t={int(time.time())},v1=\xe9",
    }.get(signature, signature)

    answer = app.test_client().post("/webhooks/stripe", data=body, headers={"Stripe-Signature": header})

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert desk.do(_count, StripeEvent) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": "evt_1"}', b"\xff\xfe"])
def test_a_signed_body_that_is_no_event_is_refused(app: Flask, desk: Desk, body: bytes) -> None:
    headers = {"Stripe-Signature": _sign(body)}

    answer = app.test_client().post("/webhooks/stripe", data=body, headers=headers)

    assert answer.status_code == 400
    assert desk.do(_count, StripeEvent) == 0


def test_a_webhook_makes_its_payment_due_and_says_nothing_by_itself(app: Flask, desk: Desk) -> None:
    _, payment = desk.opened()
    _deliver(app, _event("payment_intent.succeeded", payment.provider_id or ""))

    # It claims success, but nobody paid: what counts is what Stripe answers when asked.
    desk.work()

    assert desk.payment(payment.reservation_id).state == "open"
    assert desk.keys() == []


def test_all_orders_of_four_webhooks_each_five_times_end_the_same(app: Flask, desk: Desk) -> None:
    kinds = [
        "payment_intent.created",
        "payment_intent.processing",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
    ]
    for order in permutations(kinds):
        wanted, payment = desk.opened(reservation_id=uuid4())
        desk.pay(payment)
        for kind in order:
            event = _event(kind, payment.provider_id or "")
            for _ in range(5):
                _deliver(app, event)
            desk.work()
        assert desk.payment(wanted.reservation_id).state == "succeeded"
    assert desk.keys() == ["payment.succeeded"] * 24


def test_a_webhook_of_a_payment_we_do_not_know_yet_is_kept(app: Flask, desk: Desk) -> None:
    """C8: it may overtake our own commit; the payment is read back when its row is there."""
    _deliver(app, _event("payment_intent.succeeded", "pi_of_tomorrow"))

    assert desk.do(_count, StripeEvent) == 1
    assert desk.do(_count, Payment) == 0


def test_a_webhook_about_something_else_wakes_no_payment(app: Flask, desk: Desk) -> None:
    _, payment = desk.opened(method="hosted")
    assert payment.intent_id is None
    event = _event("customer.created", "cus_1")
    event["data"]["object"] = {"id": "cus_1", "object": "customer"}

    _deliver(app, event)

    assert desk.payment(payment.reservation_id).due_at == payment.due_at


def test_a_payment_that_stripe_denies_to_know_can_still_be_looked_at(app: Flask, desk: Desk) -> None:
    """As after a change of the Stripe account. However often the buyer asks, the worker's turn comes as before."""
    wanted, payment = desk.opened(owner=guest_id(GUEST))
    desk.do(lambda session: session.execute(update(Payment).values(provider_id="pi_of_another_account")))

    answer = app.test_client().post(f"/payments/{wanted.reservation_id}/check", headers=AS_GUEST)

    assert (answer.status_code, answer.get_json()["state"]) == (200, "open")
    row = desk.payment(payment.reservation_id)
    assert (row.due_at, row.failures) == (payment.due_at, 0)


def test_stripe_is_asked_of_one_payment_so_many_times_a_minute_whoever_asks(
    settings: PaymentSettings, desk: Desk, mint: TokenMint
) -> None:
    app = trust(create_app(settings.model_copy(update={"rate_limits": True})), mint)
    first, second = (desk.opened(owner=guest_id(GUEST))[0].reservation_id for _ in range(2))
    client = app.test_client()

    def check(reservation_id: UUID) -> int:
        # Somebody else each time, by the link of the mail.
        path = f"/payments/{reservation_id}/check?key=the-key-in-the-mail"
        return client.post(path, headers=mint.headers()).status_code

    assert [check(first) for _ in range(21)] == [200] * 20 + [429]
    assert check(second) == 200
    assert client.get(f"/payments/{first}", headers=AS_GUEST).status_code == 200
    app.extensions["marquee.database"].engine.dispose()


def test_a_forged_success_before_the_row_exists_changes_nothing_later(app: Flask, desk: Desk) -> None:
    _, payment = desk.opened()
    _deliver(app, _event("payment_intent.succeeded", payment.provider_id or ""))

    with desk.database.transaction() as session:
        payments.make_due(session, payments.lock(session, payment.id))
    desk.work()

    assert desk.payment(payment.reservation_id).state == "open"


def _deliver(app: Flask, event: dict[str, Any]) -> None:
    body = json.dumps(event).encode()
    answer = app.test_client().post("/webhooks/stripe", data=body, headers={"Stripe-Signature": _sign(body)})
    assert answer.status_code == 200


def _event(kind: str, intent_id: str) -> dict[str, Any]:
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": kind,
        "data": {"object": {"id": intent_id, "object": "payment_intent", "status": "succeeded"}},
    }


def _sign(body: bytes, *, secret: str = WEBHOOK_SECRET, at: int | None = None) -> str:
    moment = at or int(time.time())
    payload = f"{moment}.".encode() + body
    signature = stripe.WebhookSignature._compute_signature(payload.decode("latin-1"), secret)
    return f"t={moment},v1={signature}"


def _count(session: Any, model: type) -> int:
    return int(session.scalar(select(func.count()).select_from(model)) or 0)
