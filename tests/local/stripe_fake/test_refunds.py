from __future__ import annotations

import pytest
import stripe


def test_a_refund_of_everything_then_nothing_is_left(client, pay, control):
    intent = pay("pm_card_visa")

    refund = client.v1.refunds.create({"payment_intent": intent.id, "reason": "requested_by_customer"})

    assert (refund.status, refund.amount) == ("succeeded", 1250)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"
    assert control.get("/ledger")["totals"]["eur"] == {"received": 1250, "refunded": 1250, "net": 0}


def test_parts_are_refunded_but_never_more_than_was_paid(client, pay):
    intent = pay("pm_card_visa")
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 1000})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 251})

    assert refused.value.param == "amount"
    assert "(€2.51) is greater than unrefunded amount on charge (€2.50)" in str(refused.value)
    assert client.v1.refunds.create({"payment_intent": intent.id, "amount": 250}).amount == 250
    assert [refund.amount for refund in client.v1.refunds.list({"payment_intent": intent.id})] == [250, 1000]


def test_what_was_not_paid_cannot_be_refunded(client):
    intent = client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent.id})

    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_pending_refund_arrives_later(client, pay, control):
    refund = client.v1.refunds.create({"payment_intent": pay("pm_card_pendingRefund").id})
    assert refund.status == "pending"

    control.set(f"/refunds/{refund.id}/settle", outcome="succeed")

    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_a_failing_refund_succeeds_first_and_then_the_money_is_back(client, pay, fake, eventually):
    intent = pay("pm_card_refundFail")
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    fake.account.clock = lambda: refund.created + 100.0

    eventually(lambda: client.v1.refunds.retrieve(refund.id).status == "failed")

    charge = client.v1.charges.retrieve(refund.charge)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert client.v1.refunds.retrieve(refund.id).failure_reason == "expired_or_canceled_card"


def test_the_switch_decides_what_becomes_of_every_refund(client, pay, control):
    control.set("/refunds", outcome="pends")
    refund = client.v1.refunds.create({"payment_intent": pay("pm_card_visa").id})
    assert refund.status == "pending"

    control.set(f"/refunds/{refund.id}/settle", outcome="fail")
    control.set("/refunds", outcome=None)

    assert client.v1.refunds.retrieve(refund.id).status == "failed"
    again = client.v1.refunds.create({"payment_intent": refund.payment_intent})
    assert (again.status, again.amount) == ("succeeded", 1250)
