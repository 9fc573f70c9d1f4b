from __future__ import annotations

import pytest
import stripe


def test_a_payment_is_told_by_signed_webhooks(pay, receiver, eventually):
    intent = pay("pm_card_visa")

    eventually(lambda: len(receiver.arrived) == 3)

    expected = {"charge.succeeded", "payment_intent.created", "payment_intent.succeeded"}
    assert set(receiver.types()) == expected
    [succeeded] = [event for event in receiver.events() if event.type == "payment_intent.succeeded"]
    assert (succeeded.data.object.id, succeeded.data.object.status) == (intent.id, "succeeded")


def test_an_event_carries_the_key_of_the_call_that_caused_it(client, receiver, eventually):
    client.v1.payment_intents.create({"amount": 1250, "currency": "eur"}, {"idempotency_key": "pay:r-1:1"})

    eventually(lambda: len(receiver.arrived) == 1)

    assert receiver.events()[0].request.idempotency_key == "pay:r-1:1"


def test_a_webhook_is_sent_again_until_it_is_taken(client, receiver, eventually):
    receiver.answers = [500, 503]
    client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})

    eventually(lambda: receiver.types() == ["payment_intent.created"])
    assert receiver.answers == []


def test_paused_webhooks_wait_and_are_listed_as_undelivered(client, control, receiver, eventually):
    control.set("/webhooks", paused=True)
    client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})
    undelivered = client.v1.events.list({"delivery_success": False, "type": "payment_intent.created"})
    assert len(undelivered.data) == 1
    assert receiver.arrived == []

    control.set("/webhooks", paused=False)

    eventually(lambda: len(receiver.arrived) == 1)
    eventually(lambda: client.v1.events.list({"delivery_success": False}).data == [])


def test_duplicates_and_shuffling_lose_nothing(pay, control, receiver, eventually):
    control.set("/webhooks", duplicates=5, shuffle=True)
    pay("pm_card_visa")

    eventually(lambda: len(receiver.arrived) == 15)

    assert len({event.id for event in receiver.events()}) == 3


@pytest.mark.parametrize("manner", ["stale", "forged"])
def test_stale_and_forged_webhooks_do_not_pass_the_sdk(client, control, receiver, eventually, manner):
    client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})
    eventually(lambda: len(receiver.arrived) == 1)

    control.set("/webhooks/send", type="payment_intent.created", manner=manner)

    eventually(lambda: len(receiver.arrived) == 2)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(*receiver.arrived[1], "whsec_test")


def test_a_refused_forgery_is_not_sent_again(client, control, receiver, eventually):
    client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})
    eventually(lambda: len(receiver.arrived) == 1)
    receiver.answers = [400]

    control.set("/webhooks/send", manner="forged")

    eventually(lambda: control.get("/webhooks")["deliveries"][0]["state"] == "refused")
    assert control.get("/webhooks")["waiting"] == 0


def test_an_event_can_be_sent_again_by_its_id(client, control, receiver, eventually):
    client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})
    eventually(lambda: len(receiver.arrived) == 1)

    control.set("/webhooks/send", event=receiver.events()[0].id, times=2)

    eventually(lambda: len(receiver.arrived) == 3)
    assert len({event.id for event in receiver.events()}) == 1


def test_events_are_found_by_type_and_time(client, pay):
    pay("pm_card_visa")
    newest = client.v1.events.list({"limit": 1}).data[0]

    by_type = client.v1.events.list({"types": ["payment_intent.succeeded", "charge.succeeded"]})
    later = client.v1.events.list({"created": {"gt": newest.created}})

    assert {event.type for event in by_type.data} == {"payment_intent.succeeded", "charge.succeeded"}
    assert later.data == []
    assert client.v1.events.retrieve(newest.id).type == newest.type
