from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stripe

from local.stripe_fake.domain.cards import BEHAVIOURS, TOKENS, refuse_impossible
from local.stripe_fake.errors import CardRefused

DECLINES = [
    ("4000000000000002", "card_declined", "generic_decline"),
    ("4000000000009995", "card_declined", "insufficient_funds"),
    ("4000000000009987", "card_declined", "lost_card"),
    ("4000000000009979", "card_declined", "stolen_card"),
    ("4000000000000069", "expired_card", "expired_card"),
    ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
    ("4000000000000119", "processing_error", "processing_error"),
    ("4000000000000341", "card_declined", "generic_decline"),
]
NEXT_YEAR = datetime.now(UTC).year + 1


def card(number: str, **details: object) -> dict[str, object]:
    good = {"number": number, "exp_month": 12, "exp_year": NEXT_YEAR, "cvc": "123"}
    return {"type": "card", "card": {**good, **details}}


@pytest.mark.parametrize(("number", "code", "decline_code"), DECLINES)
def test_a_refused_card_says_why_and_charges_nothing(client, number, code, decline_code):
    intent = client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})

    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_intents.confirm(
            intent.id, {"payment_method_data": card(number), "return_url": "http://localhost/back"}
        )

    assert (refused.value.http_status, refused.value.code) == (402, code)
    assert refused.value.error.decline_code == decline_code
    assert refused.value.error.payment_intent.id == intent.id
    after = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (after.status, after.amount_received) == ("requires_payment_method", 0)
    assert after.last_payment_error.decline_code == decline_code
    assert after.latest_charge.status == "failed"


def test_after_a_refusal_another_card_pays_the_same_intent(client):
    intent = client.v1.payment_intents.create({"amount": 1250, "currency": "eur"})
    back = {"return_url": "http://localhost/back"}
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined", **back})

    intent = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", **back})

    assert intent.status == "succeeded"
    assert intent.last_payment_error is None


def test_a_card_that_fails_when_charged_can_still_be_kept(client):
    method = client.v1.payment_methods.create(card("4000 0000 0000 0341"))

    assert method.card.last4 == "0341"
    assert client.v1.payment_methods.retrieve(method.id).id == method.id


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "1234"}, "incorrect_number"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"exp_year": 2020}, "invalid_expiry_year"),
        ({"exp_year": NEXT_YEAR + 90}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
def test_card_data_that_cannot_be_right_is_refused(client, details, code):
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.create(card(**{"number": "4242424242424242", **details}))

    assert refused.value.code == code


def test_a_card_is_good_until_the_end_of_its_month():
    november = datetime(2026, 11, 30, 23, tzinfo=UTC).timestamp()
    refuse_impossible("4242424242424242", 11, 2026, "123", november)

    with pytest.raises(CardRefused):
        refuse_impossible("4242424242424242", 10, 2026, "123", november)


@pytest.mark.parametrize("number", sorted({*TOKENS.values(), *BEHAVIOURS}))
def test_every_test_card_has_a_number_that_passes_the_checks(number):
    cvc = "1234" if number.startswith("37") else "123"

    refuse_impossible(number, 12, NEXT_YEAR, cvc, datetime.now(UTC).timestamp())


def test_the_full_number_never_leaves_through_the_api(client):
    method = client.v1.payment_methods.create(card("4242424242424242"))

    assert "4242424242424242" not in str(method)
