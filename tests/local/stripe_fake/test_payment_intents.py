from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import stripe

from local.stripe_fake.settings import API_VERSION

OPEN_INTENT = {"amount": 1850, "currency": "eur", "metadata": {"reservation": "r-1"}}


def test_an_intent_waits_for_a_card_then_for_confirmation_then_is_paid(client):
    intent = client.v1.payment_intents.create({**OPEN_INTENT, "description": "Two seats"})
    assert intent.status == "requires_payment_method"
    assert intent.client_secret.startswith(f"{intent.id}_secret_")

    intent = client.v1.payment_intents.update(intent.id, {"payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"

    intent = client.v1.payment_intents.confirm(intent.id, {"return_url": "http://localhost/back"})
    assert intent.status == "succeeded"
    assert intent.amount_received == 1850
    assert intent.metadata["reservation"] == "r-1"


def test_the_charge_comes_along_when_asked_for(client, pay):
    intent = client.v1.payment_intents.retrieve(pay("pm_card_visa").id, {"expand": ["latest_charge"]})

    assert intent.latest_charge.paid is True
    assert intent.latest_charge.payment_method_details.card.last4 == "4242"


def test_metadata_is_merged_and_an_empty_value_removes_its_key(client):
    intent = client.v1.payment_intents.create(OPEN_INTENT)

    intent = client.v1.payment_intents.update(intent.id, {"metadata": {"reservation": "", "seat": "C7"}})

    assert intent.metadata.to_dict() == {"seat": "C7"}


def test_confirming_without_a_return_address_is_refused_unless_redirects_are_off(client):
    intent = client.v1.payment_intents.create({**OPEN_INTENT, "payment_method": "pm_card_visa"})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent.id)

    assert refused.value.param == "return_url"


def test_an_intent_is_never_charged_twice(client, pay):
    intent = pay("pm_card_visa")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent.id, {"return_url": "http://localhost/back"})

    assert refused.value.code == "payment_intent_unexpected_state"
    assert refused.value.error.payment_intent.status == "succeeded"
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_processing"])
def test_what_is_paid_or_on_its_way_cannot_be_canceled(client, pay, card):
    intent = pay(card)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(intent.id)

    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_canceled_intent_can_never_be_paid(client):
    intent = client.v1.payment_intents.create({**OPEN_INTENT, "payment_method": "pm_card_visa"})
    intent = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent.id, {"return_url": "http://localhost/back"})


def test_manual_capture_holds_the_money_until_it_is_taken(client, pay):
    intent = pay("pm_card_visa", capture_method="manual")
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1250, 0)

    intent = client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})

    assert (intent.status, intent.amount_received) == ("succeeded", 1000)


def test_an_authorised_intent_is_voided_by_canceling_it(client, pay, control):
    intent = pay("pm_card_visa", capture_method="manual")

    client.v1.payment_intents.cancel(intent.id)

    charge = client.v1.charges.list({"payment_intent": intent.id}).data[0]
    assert (charge.captured, charge.refunded) == (False, True)
    assert control.get("/ledger")["totals"]["eur"]["net"] == 0


def test_a_processing_payment_settles_when_told(client, pay, control):
    intent = pay("pm_card_processing")
    assert intent.status == "processing"

    control.set(f"/intents/{intent.id}/settle", outcome="succeed")

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_processing_payment_that_fails_asks_for_another_card(client, pay, control):
    intent = pay("pm_card_processing")

    control.set(f"/intents/{intent.id}/settle", outcome="fail")

    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
    assert intent.last_payment_error.code == "card_declined"


def test_a_processing_payment_settles_by_itself_in_time(client, pay, fake, eventually):
    intent = pay("pm_card_processing")
    fake.account.clock = lambda: intent.created + 100.0

    eventually(lambda: client.v1.payment_intents.retrieve(intent.id).status == "succeeded")


def test_a_bank_that_asks_its_customer_sends_the_buyer_to_its_page_and_back(client, control):
    intent = client.v1.payment_intents.create(
        {
            **OPEN_INTENT,
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "return_url": "http://localhost/back",
        }
    )
    assert intent.status == "requires_action"
    assert f"/3ds/{intent.id}" in intent.next_action.redirect_to_url.url

    control.set(f"/intents/{intent.id}/answer", approve=True)

    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize(("answer", "status"), [("approve", "succeeded"), ("refuse", "failed")])
def test_the_bank_s_page_leads_back_to_the_shop_with_the_result(client, fake, answer, status):
    intent = client.v1.payment_intents.create(
        {
            **OPEN_INTENT,
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "return_url": "http://localhost/back?reservation=r-1",
        }
    )
    bank = urlsplit(intent.next_action.redirect_to_url.url)

    sent_back = fake.app.test_client().post(f"{bank.path}?{bank.query}", data={"answer": answer})

    back = urlsplit(sent_back.location)
    assert parse_qs(back.query) == {
        "reservation": ["r-1"],
        "payment_intent": [intent.id],
        "payment_intent_client_secret": [intent.client_secret],
        "redirect_status": [status],
    }


def test_a_holder_who_refuses_charges_nothing(client, pay, control):
    intent = pay("pm_card_authenticationRequired")

    control.set(f"/intents/{intent.id}/answer", approve=False)

    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert client.v1.charges.list({"payment_intent": intent.id}).data == []


def test_a_card_can_be_approved_by_its_holder_and_still_declined(client, pay, control):
    intent = pay("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")

    control.set(f"/intents/{intent.id}/answer", approve=True)

    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.last_payment_error.decline_code == "insufficient_funds"


def test_lists_are_newest_first_and_come_in_pages(client):
    made = [client.v1.payment_intents.create({"amount": 100 + n, "currency": "eur"}).id for n in range(5)]

    first = client.v1.payment_intents.list({"limit": 2})
    rest = client.v1.payment_intents.list({"limit": 3, "starting_after": first.data[-1].id})

    assert [intent.id for intent in [*first.data, *rest.data]] == made[::-1]
    assert (first.has_more, rest.has_more) == (True, False)
    walked = [intent.id for intent in client.v1.payment_intents.list({"limit": 2}).auto_paging_iter()]
    assert walked == made[::-1]
    page_before = client.v1.payment_intents.list({"limit": 2, "ending_before": made[0]})
    assert [intent.id for intent in page_before.data] == [made[2], made[1]]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"currency": "eur"}, "amount"),
        ({"amount": 100}, "currency"),
        ({"amount": 20, "currency": "eur"}, "amount"),
        ({"amount": 100, "currency": "euros"}, "currency"),
        ({"amount": 100, "currency": "eur", "colour": "pink"}, "colour"),
        ({"amount": "ten", "currency": "eur"}, "amount"),
        ({"amount": 100, "currency": "eur", "metadata": "loose"}, "metadata"),
        ({"amount": 100, "currency": "eur", "automatic_payment_methods": "yes"}, "automatic_payment_methods"),
        ({"amount": 100, "currency": "eur", "payment_method_types": ["ideal"]}, "payment_method_types"),
        ({"amount": 100, "currency": "eur", "metadata": {"k" * 41: "v"}}, f"metadata[{'k' * 41}]"),
    ],
)
def test_parameters_that_cannot_be_meant_are_named(client, params, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.create(params)

    assert refused.value.param == param


def test_an_unknown_intent_is_missing(client):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.retrieve("pi_nowhere")

    assert (refused.value.code, refused.value.http_status) == ("resource_missing", 404)


def test_the_stand_in_speaks_the_version_of_the_installed_sdk():
    assert stripe.api_version == API_VERSION
