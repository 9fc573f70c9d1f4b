"""Books that are older than what happened at Stripe, as after a restore."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from sqlalchemy import text

from marquee.contracts.payment import RefundRequested
from services.payment.domain import payments
from services.payment.models import Payment
from services.payment.recovery import settle_since
from tests.payment.conftest import Desk


def forget(desk: Desk) -> None:
    """As if the backup had been made before all this."""
    with desk.database.transaction() as session:
        session.execute(text("TRUNCATE payments, payment_transitions, outbox, inbox"))


def settle(desk: Desk) -> dict[str, int]:
    found = settle_since(desk.database, desk.stripe, datetime.now(UTC) - timedelta(minutes=1))
    desk.work()
    return found


def at_stripe(desk: Desk, payment: Payment) -> Any:
    return desk.stripe.v1.payment_intents.retrieve(payment.intent_id or "", {"expand": ["latest_charge"]})


def test_a_payment_we_do_not_know_can_never_be_paid_any_more(desk: Desk) -> None:
    wanted, payment = desk.opened()
    forget(desk)

    assert settle(desk)["payments"] == 1

    assert at_stripe(desk, payment)["status"] == "canceled"
    assert desk.payment(wanted.reservation_id).state == "failed"


def test_a_hosted_page_we_do_not_know_is_closed(desk: Desk) -> None:
    wanted, payment = desk.opened(method="hosted")
    forget(desk)

    assert settle(desk)["hosted pages"] == 1

    page = desk.stripe.v1.checkout.sessions.retrieve(payment.provider_id or "")
    assert page["status"] == "expired"
    assert desk.payment(wanted.reservation_id).state == "failed"


def test_money_we_do_not_know_is_told_so_that_movies_can_place_it_or_send_it_back(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    forget(desk)

    settle(desk)

    [(key, told)] = desk.published()
    assert (key, told["reservation_id"]) == ("payment.succeeded", str(wanted.reservation_id))
    assert (told["amount_cents"], told["currency"]) == (wanted.amount_cents, wanted.currency)

    desk.do(
        payments.refund_payment,
        RefundRequested(reservation_id=wanted.reservation_id, reason="never asked for"),
    )
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "refunded"
    assert at_stripe(desk, payment)["latest_charge"]["refunded"]


@pytest.mark.parametrize("method", ["element", "hosted"])
@pytest.mark.parametrize(("is_paid", "ends"), [(True, "succeeded"), (False, "failed")])
def test_what_the_backup_caught_while_it_was_being_made_is_settled_as_well(
    desk: Desk, method: str, is_paid: bool, ends: str
) -> None:
    wanted, payment = desk.opened(method=method)
    if is_paid:
        (desk.pay if method == "element" else desk.pay_hosted)(payment)
    forget(desk)
    desk.do(payments.open_payment, wanted)

    settle(desk)

    assert desk.payment(wanted.reservation_id).state == ends
    assert desk.keys() == [f"payment.{ends}"]


def test_a_refund_we_do_not_know_is_taken_in(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or ""})

    assert settle(desk)["refunds"] == 1

    assert desk.payment(wanted.reservation_id).state == "refunded"
    assert desk.keys()[-1] == "payment.refunded"


def test_money_that_came_and_went_since_ends_as_refunded(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or ""})
    forget(desk)

    settle(desk)

    assert desk.check(desk.payment(wanted.reservation_id)).state == "refunded"
    assert desk.keys() == ["payment.succeeded", "payment.refunded"]


def test_what_we_know_stays_as_it_is_however_often_it_is_settled(desk: Desk) -> None:
    opened, _ = desk.opened()
    paid, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    told = desk.keys()

    assert [settle(desk), settle(desk)] == [{"hosted pages": 0, "payments": 0, "refunds": 0}] * 2

    assert desk.payment(opened.reservation_id).state == "open"
    assert desk.payment(paid.reservation_id).state == "succeeded"
    assert desk.keys() == told


@pytest.mark.parametrize("about", [{}, {"metadata": {"order": "4711"}}])
def test_other_peoples_payments_on_the_same_account_are_left_alone(
    desk: Desk, stripe_client: stripe.StripeClient, about: Any
) -> None:
    stripe_client.v1.payment_intents.create({"amount": 500, "currency": "eur", **about})

    assert settle(desk)["payments"] == 0


def test_more_than_one_page_of_them_is_read(desk: Desk) -> None:
    wanted = [desk.request() for _ in range(103)]
    desk.work()
    forget(desk)

    assert settle(desk)["payments"] == 103

    assert {desk.payment(one.reservation_id).state for one in wanted} == {"failed"}


def test_asking_for_a_payment_that_is_over_is_answered(desk: Desk) -> None:
    wanted, payment = desk.opened()
    forget(desk)
    settle(desk)

    desk.do(payments.open_payment, wanted)

    assert desk.keys() == ["payment.failed", "payment.failed"]
    assert at_stripe(desk, payment)["status"] == "canceled"
