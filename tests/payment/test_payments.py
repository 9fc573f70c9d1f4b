"""What becomes of a payment, with Stripe's stand-in really asked."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import stripe
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text

from local.stripe_fake import faults
from local.stripe_fake.domain import refunds
from local.stripe_fake.serving import StripeFake
from marquee.contracts.payment import PaymentCancelRequested, RefundRequested
from marquee.db import Database
from services.payment.domain import payments
from services.payment.domain.payments import News
from services.payment.domain.transitions import EDGES
from services.payment.measures import measure_payments
from services.payment.models import Payment, PaymentTransition
from services.payment.provider import ProviderAway, ProviderRefused, Refund, StripeProvider
from services.payment.settings import PaymentSettings
from services.payment.steps import Steps
from tests.payment.conftest import BOUNCING, SLOW, Desk, time_passes


def test_a_request_becomes_one_intent_that_the_buyer_can_pay(desk: Desk) -> None:
    wanted, payment = desk.opened()

    intent = desk.stripe.v1.payment_intents.retrieve(payment.provider_id or "")

    assert payment.state == "open"
    assert payment.client_secret == intent.client_secret
    assert (intent.amount, intent.currency) == (2050, "eur")
    assert intent.metadata["reservation_id"] == str(wanted.reservation_id)


def test_asking_twice_makes_one_payment(desk: Desk) -> None:
    wanted, payment = desk.opened()

    desk.do(payments.open_payment, wanted)
    desk.work()

    assert desk.payment(wanted.reservation_id).id == payment.id
    assert len(desk.stripe.v1.payment_intents.list().data) == 1


def test_success_is_told_once_however_often_it_is_read(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)

    for _ in range(3):
        payment = desk.check(payment)

    assert payment.state == "succeeded"
    assert desk.published() == [
        (
            "payment.succeeded",
            {
                "reservation_id": str(wanted.reservation_id),
                "attempt": 1,
                "amount_cents": 2050,
                "currency": "EUR",
            },
        )
    ]


def test_a_declined_card_leaves_the_payment_open_and_says_why(desk: Desk) -> None:
    _, payment = desk.opened()

    desk.pay(payment, "pm_card_visa_chargeDeclinedInsufficientFunds")
    payment = desk.check(payment)

    assert payment.state == "open"
    assert payment.decline_code == "insufficient_funds"
    assert desk.keys() == ["payment.declined"]


def test_what_stripe_says_to_us_is_not_kept_for_the_buyer(desk: Desk) -> None:
    _, payment = desk.opened()
    desk.pay(payment, "pm_card_threeDSecure2Required")
    desk.refuse_at_the_bank(payment)

    payment = desk.check(payment)

    assert payment.decline_code == "payment_intent_authentication_failure"
    assert payment.decline_message == "You did not approve it at your bank."


def test_each_decline_is_told_once_and_another_card_still_pays(desk: Desk) -> None:
    _, payment = desk.opened()
    for card in ("pm_card_visa_chargeDeclined", "pm_card_visa_chargeDeclinedInsufficientFunds"):
        desk.pay(payment, card)
        payment = desk.check(desk.check(payment))
    desk.pay(payment)

    payment = desk.check(payment)

    assert payment.state == "succeeded"
    assert desk.keys() == ["payment.declined", "payment.declined", "payment.succeeded"]


def test_a_stopped_payment_can_never_charge(desk: Desk) -> None:
    wanted, payment = desk.opened()

    desk.do(payments.stop_payment, _cancel(wanted.reservation_id))
    desk.work()
    desk.pay(payment)

    assert desk.payment(wanted.reservation_id).state == "failed"
    assert desk.keys() == ["payment.failed"]
    assert desk.stripe.v1.payment_intents.retrieve(payment.provider_id or "").status == "canceled"


def test_stopping_after_the_buyer_paid_tells_the_success(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)

    desk.do(payments.stop_payment, _cancel(wanted.reservation_id))
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "succeeded"
    assert desk.keys() == ["payment.succeeded"]


def test_what_a_bank_is_processing_is_asked_about_now_and_then_and_not_every_second(
    desk: Desk, database: Database
) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment, "pm_card_processing")
    desk.do(payments.stop_payment, _cancel(wanted.reservation_id))
    desk.work()

    stopped = desk.payment(wanted.reservation_id)
    assert stopped.state == "processing"
    with database.transaction() as session:
        waits = session.scalar(select(Payment.due_at - func.now()).where(Payment.id == stopped.id))
    assert 50 < waits.total_seconds() <= 60


@pytest.mark.parametrize(("card", "ends"), [(SLOW, "succeeded"), (BOUNCING, "failed")])
def test_a_slow_way_to_pay_on_stripes_page_ends_as_the_bank_says(
    desk: Desk, stripe_fake: StripeFake, card: str, ends: str
) -> None:
    _, payment = desk.opened(method="hosted")
    desk.pay_hosted(payment, card)
    assert desk.check(payment).state == "processing"

    time_passes(stripe_fake)

    assert desk.check(payment).state == ends
    assert desk.keys() == [f"payment.{ends}"]
    page = desk.stripe.v1.checkout.sessions.retrieve(payment.provider_id or "")
    assert page.status == "complete"


def test_stopping_overtakes_the_request_and_it_never_opens(desk: Desk) -> None:
    reservation_id = uuid4()
    desk.do(payments.stop_payment, _cancel(reservation_id))

    desk.request(reservation_id=reservation_id)
    desk.work()

    assert desk.payment(reservation_id).state == "failed"
    assert desk.keys() == ["payment.failed"] * 2  # to each who asked
    assert desk.stripe.v1.payment_intents.list().data == []


def test_a_refund_gives_all_of_it_back_once(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)

    for _ in range(2):
        desk.do(
            payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="buyer")
        )
        desk.work()
    payment = desk.check(payment)

    assert [refund.amount for refund in desk.stripe.v1.refunds.list()] == [2050]
    assert payment.state == "refunded"
    assert desk.keys().count("payment.refunded") >= 1


def test_a_refund_asked_for_before_the_money_came_stops_or_returns_it(desk: Desk) -> None:
    wanted, _payment = desk.opened()

    desk.do(payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="late"))
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "failed"


def test_a_reply_that_was_lost_is_no_second_charge(desk: Desk, stripe_fake: StripeFake) -> None:
    """C5: Stripe acts, we never hear; the same key finds the same intent."""
    faults.change(stripe_fake.account.store, {"lost_replies": 1})
    wanted = desk.request()
    desk.work()
    assert desk.payment(wanted.reservation_id).state == "creating"

    payment = desk.check(desk.payment(wanted.reservation_id))

    assert payment.state == "open"
    assert len(desk.stripe.v1.payment_intents.list().data) == 1


def test_a_stored_500_is_got_over_with_another_key(desk: Desk, stripe_fake: StripeFake) -> None:
    faults.change(stripe_fake.account.store, {"errors_after": 1})
    wanted = desk.request()
    desk.work()

    payment = desk.check(desk.payment(wanted.reservation_id))
    desk.pay(payment)

    assert desk.check(payment).state == "succeeded"
    assert sum(intent.amount_received for intent in desk.stripe.v1.payment_intents.list().data) == 2050


def test_a_refund_whose_reply_was_lost_or_broken_is_given_once(desk: Desk, stripe_fake: StripeFake) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    faults.change(stripe_fake.account.store, {"errors_after": 1})

    desk.do(payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="buyer"))
    desk.work()
    payment = desk.check(payment)

    assert payment.state == "refunded"
    assert [refund.amount for refund in desk.stripe.v1.refunds.list().data] == [2050]


def test_a_refund_that_failed_can_be_asked_for_again(desk: Desk, stripe_fake: StripeFake) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    again = RefundRequested(reservation_id=wanted.reservation_id, reason="buyer")
    choose_refunds(stripe_fake, "fails")
    desk.do(payments.refund_payment, again)
    desk.work()
    assert desk.payment(wanted.reservation_id).state == "refunded"
    time_passes(stripe_fake)
    desk.hear("refund.failed")
    desk.work()
    assert desk.payment(wanted.reservation_id).state == "refund_failed"
    assert desk.published()[-1] == (
        "payment.refund_failed",
        {"reservation_id": str(wanted.reservation_id), "reason": "the bank did not take it (failed)"},
    )
    desk.do(measure_payments)
    assert REGISTRY.get_sample_value("marquee_payments_refund_failed") == 1
    choose_refunds(stripe_fake, "succeeds")

    desk.do(payments.refund_payment, again)
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "refunded"
    assert desk.keys()[-1] == "payment.refunded"
    assert [refund.status for refund in desk.stripe.v1.refunds.list()] == ["succeeded", "failed"]


def test_a_refund_on_its_way_that_fails_is_told_as_such(desk: Desk, stripe_fake: StripeFake) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    choose_refunds(stripe_fake, "pends")
    desk.do(payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="buyer"))
    desk.work()
    assert desk.payment(wanted.reservation_id).state == "refunding"

    [refund] = desk.stripe.v1.refunds.list().data
    with stripe_fake.account.store.transaction():
        refunds.settle(stripe_fake.account, refunds.retrieve(stripe_fake.account, refund.id), well=False)
    desk.hear("refund.failed")
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "refund_failed"
    assert desk.keys()[-1] == "payment.refund_failed"


@pytest.mark.parametrize("kind", ["refund.created", "charge.refunded"])
def test_a_refund_by_hand_on_stripes_pages_is_heard(desk: Desk, kind: str) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)

    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or ""})
    for _ in range(2):
        desk.hear(kind)
        desk.work()

    assert desk.payment(wanted.reservation_id).state == "refunded"
    assert desk.keys() == ["payment.succeeded", "payment.refunded"]


def test_a_refund_by_hand_after_one_that_failed_is_heard(desk: Desk, stripe_fake: StripeFake) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment, "pm_card_refundFail")
    desk.check(payment)
    desk.do(payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="buyer"))
    desk.work()
    time_passes(stripe_fake)
    desk.hear("refund.failed")
    desk.work()

    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or ""})
    desk.hear("refund.created")
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "refunded"
    assert desk.keys()[-2:] == ["payment.refund_failed", "payment.refunded"]


def test_a_refund_by_hand_that_came_before_the_success_was_heard_is_not_forgotten(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or ""})

    desk.hear("charge.refunded")
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "refunded"
    assert desk.keys() == ["payment.succeeded", "payment.refunded"]


def test_a_part_by_hand_leaves_the_booking_until_all_of_it_went_back(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)

    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or "", "amount": 1000})
    desk.hear("refund.created")
    desk.work()
    assert desk.payment(wanted.reservation_id).state == "succeeded"

    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or "", "amount": 1050})
    desk.hear("refund.created")
    desk.work()
    assert desk.payment(wanted.reservation_id).state == "refunded"


def test_after_a_part_by_hand_the_rest_goes_back_when_it_is_asked_for(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    desk.stripe.v1.refunds.create({"payment_intent": payment.intent_id or "", "amount": 1000})

    desk.do(payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="buyer"))
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "refunded"
    assert [refund.amount for refund in desk.stripe.v1.refunds.list()] == [1050, 1000]


def test_stripe_is_not_asked_again_of_what_is_paid_unless_a_refund_is_spoken_of(desk: Desk) -> None:
    _, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    asked = calls("refunds.list", "ok")

    desk.hear("charge.succeeded")
    desk.work()

    assert calls("refunds.list", "ok") == asked


def test_a_refund_that_stripe_refuses_is_tried_again_ever_more_rarely(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)

    def refuse(_: Payment) -> Refund:
        raise ProviderRefused("no such charge")

    desk.steps._provider.refund = refuse  # type: ignore[method-assign]
    desk.do(payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="buyer"))
    desk.work()

    refused = desk.payment(wanted.reservation_id)
    assert (refused.state, refused.wanted, refused.failures) == ("succeeded", "refunded", 1)
    assert desk.keys()[-1] == "payment.refund_failed"
    for _ in range(3):
        desk.check(refused)
    assert desk.keys().count("payment.refund_failed") == 1
    assert desk.payment(wanted.reservation_id).failures == 4


def test_a_webhook_is_kept_for_a_month(desk: Desk) -> None:
    for name in ("evt_old", "evt_new"):
        about = {"object": {"id": "pi_1", "object": "payment_intent"}}
        desk.do(payments.receive_webhook, {"id": name, "type": "payment_intent.succeeded", "data": about})
    with desk.database.transaction() as session:
        session.execute(
            text("UPDATE stripe_events SET received_at = now() - interval '31 days' WHERE id = 'evt_old'")
        )

    assert desk.do(payments.forget_webhooks, kept_days=30) == 1

    with desk.database.transaction() as session:
        assert list(session.scalars(text("SELECT id FROM stripe_events"))) == ["evt_new"]


def test_all_threads_of_a_worker_share_one_pace(
    database: Database, settings: PaymentSettings, desk: Desk
) -> None:
    for _ in range(4):
        desk.request(reservation_id=uuid4())
    steps = Steps(database, StripeProvider(settings), settings.model_copy(update={"starts_per_second": 5}))

    began = time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: steps.take_one(), range(4)))

    assert time.monotonic() - began >= 0.6


def test_while_our_key_is_not_accepted_payments_wait(
    database: Database, settings: PaymentSettings, desk: Desk
) -> None:
    """As while it is being rotated: that is our trouble, and no buyer's payment is over because of it."""
    provider = StripeProvider(settings)
    provider._client = stripe.StripeClient(
        "sk_test_of_last_year", http_client=Unauthorized(), max_network_retries=0
    )
    wanted = desk.request()
    unanswered = calls("payment_intents.create", "away")

    Steps(database, provider, settings).take_one()

    assert desk.payment(wanted.reservation_id).state == "creating"
    assert calls("payment_intents.create", "away") == unanswered + 1


def test_how_late_we_are_with_a_payment_is_known(desk: Desk, database: Database) -> None:
    desk.request()
    with database.transaction() as session:
        session.execute(text("UPDATE payments SET due_at = now() - interval '90 s'"))

    desk.do(measure_payments)
    assert 90 <= (REGISTRY.get_sample_value("marquee_payments_due_seconds") or 0) < 200

    answered = calls("payment_intents.create", "ok")
    desk.work()
    desk.do(measure_payments)
    assert REGISTRY.get_sample_value("marquee_payments_due_seconds") == 0
    assert calls("payment_intents.create", "ok") == answered + 1


def choose_refunds(stripe_fake: StripeFake, outcome: str) -> None:
    """What becomes of every refund from now on."""
    with stripe_fake.account.store.transaction():
        stripe_fake.account.store.set_switch(refunds.SWITCH, {"outcome": outcome})


def calls(call: str, outcome: str) -> float:
    labels = {"call": call, "outcome": outcome}
    return REGISTRY.get_sample_value("marquee_stripe_calls_total", labels) or 0


class Unauthorized(stripe.HTTPClient):
    """Stripe's answer to a key that is not, or no longer, accepted."""

    name = "unauthorized"

    def request(self, *_: object, **__: object) -> tuple[bytes, int, dict[str, str]]:
        return b'{"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}', 401, {}


def test_news_that_comes_while_stripe_is_being_asked_is_not_forgotten(desk: Desk) -> None:
    """The answer in hand is older than the webhook: the payment must be looked at again, and soon."""
    _, payment = desk.opened()
    ask = desk.steps._provider.read

    def ask_slowly(row: Payment) -> News:
        news = ask(row)
        desk.steps._provider.read = ask  # type: ignore[method-assign]
        desk.pay(payment)
        desk.do(lambda session: payments.make_due(session, payments.lock(session, payment.id)))
        return news

    desk.steps._provider.read = ask_slowly  # type: ignore[method-assign]

    assert desk.check(payment).state == "succeeded"


def test_news_that_comes_while_stripe_does_not_answer_is_looked_at_at_once(desk: Desk) -> None:
    _, payment = desk.opened()
    ask = desk.steps._provider.read

    def ask_in_vain(_: Payment) -> News:
        desk.steps._provider.read = ask  # type: ignore[method-assign]
        desk.pay(payment)
        desk.do(lambda session: payments.make_due(session, payments.lock(session, payment.id)))
        raise ProviderAway("timed out")

    desk.steps._provider.read = ask_in_vain  # type: ignore[method-assign]

    assert desk.check(payment).state == "succeeded"


def test_a_page_of_stripes_opens_also_where_stripe_was_away_for_hours(
    desk: Desk, stripe_fake: StripeFake
) -> None:
    faults.change(stripe_fake.account.store, {"lost_replies": 1})
    wanted = desk.request(method="hosted")
    with desk.database.transaction() as session:
        session.execute(text("UPDATE payments SET created_at = now() - interval '5 hours'"))
    desk.work()

    payment = desk.check(desk.payment(wanted.reservation_id))

    assert payment.state == "open"
    assert [page.id for page in desk.stripe.v1.checkout.sessions.list().data] == [payment.provider_id]


def test_what_another_version_of_us_asked_for_in_other_words_is_asked_for_anew(
    desk: Desk, stripe_fake: StripeFake
) -> None:
    faults.change(stripe_fake.account.store, {"lost_replies": 1})
    wanted = desk.request(description="Two seats for Paper Moon")
    desk.work()
    with desk.database.transaction() as session:
        session.execute(text("UPDATE payments SET description = 'Paper Moon, G9 and G10'"))

    for _ in range(2):
        payment = desk.check(desk.payment(wanted.reservation_id))

    assert (payment.state, payment.key_generation) == ("open", 1)


def test_every_step_is_logged_and_legal(desk: Desk) -> None:
    wanted, payment = desk.opened()
    desk.pay(payment)
    desk.check(payment)
    desk.do(payments.refund_payment, RefundRequested(reservation_id=wanted.reservation_id, reason="buyer"))
    desk.work()

    with desk.database.transaction() as session:
        steps = session.scalars(select(PaymentTransition).order_by(PaymentTransition.version)).all()

    assert [step.version for step in steps] == list(range(1, len(steps) + 1))
    assert all(step.target in EDGES[step.source] for step in steps)
    assert steps[-1].target == "refunded"


@pytest.mark.parametrize("method", ["element", "hosted"])
def test_both_ways_to_pay_can_be_stopped(desk: Desk, method: str) -> None:
    wanted, payment = desk.opened(method=method)
    assert (payment.hosted_url is None) == (method == "element")

    desk.do(payments.stop_payment, _cancel(wanted.reservation_id))
    desk.work()

    assert desk.payment(wanted.reservation_id).state == "failed"


def _cancel(reservation_id: object) -> PaymentCancelRequested:
    return PaymentCancelRequested.model_validate({"reservation_id": reservation_id, "attempt": 1})
