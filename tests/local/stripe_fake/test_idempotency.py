from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

INTENT = {"amount": 1250, "currency": "eur"}
PAID = {
    **INTENT,
    "confirm": True,
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}
KEY = {"idempotency_key": "pay:r-1:1"}


def test_the_same_key_gives_the_same_intent(client):
    first = client.v1.payment_intents.create(INTENT, KEY)
    second = client.v1.payment_intents.create(INTENT, KEY)

    assert first.id == second.id
    assert first.last_response.body == second.last_response.body
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.payment_intents.list().data) == 1


def test_the_same_key_with_other_parameters_is_an_error(client):
    client.v1.payment_intents.create(INTENT, KEY)

    with pytest.raises(stripe.IdempotencyError) as refused:
        client.v1.payment_intents.create({**INTENT, "amount": 1300}, KEY)

    assert refused.value.http_status == 400
    assert len(client.v1.payment_intents.list().data) == 1


def test_a_decline_is_an_answer_too(client):
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.create({**PAID, "payment_method": "pm_card_chargeDeclined"}, KEY)

    assert len(client.v1.charges.list().data) == 1


def test_parameters_that_fail_validation_use_up_no_key(client):
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create({"amount": 1250}, KEY)

    assert client.v1.payment_intents.create(INTENT, KEY).amount == 1250


def test_a_server_error_after_the_effect_is_stored_for_the_key(client, control):
    control.set("/faults", errors_after=1)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.payment_intents.create(INTENT, KEY)
        assert failed.value.http_status == 500

    assert len(client.v1.payment_intents.list().data) == 1


def test_a_server_error_before_the_effect_leaves_the_key_free(client, control):
    control.set("/faults", errors_before=1)
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.create(INTENT, KEY)
    assert client.v1.payment_intents.list().data == []

    assert client.v1.payment_intents.create(INTENT, KEY).status == "requires_payment_method"


def test_the_rate_limit_comes_before_the_key(client, control):
    client.v1.payment_intents.create(INTENT, KEY)
    control.set("/faults", rate_limited=1)

    with pytest.raises(stripe.RateLimitError):
        client.v1.payment_intents.create(INTENT, KEY)

    assert client.v1.payment_intents.create(INTENT, KEY).amount == 1250


def test_a_lost_reply_is_found_again_with_the_same_key(client, control):
    control.set("/faults", lost_replies=1)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create({**PAID, "payment_method": "pm_card_visa"}, KEY)

    intent = client.v1.payment_intents.create({**PAID, "payment_method": "pm_card_visa"}, KEY)

    assert intent.status == "succeeded"
    assert len(client.v1.charges.list().data) == 1


def test_faults_hit_only_the_calls_they_name(client, control):
    control.set("/faults", path="/v1/refunds", errors_before=1)

    assert client.v1.payment_intents.create(INTENT).amount == 1250


def test_twins_at_the_same_time_make_one_charge(client, control):
    control.set("/faults", delay_ms=150)

    def attempt(_: int) -> str:
        try:
            return client.v1.payment_intents.create({**PAID, "payment_method": "pm_card_visa"}, KEY).id
        except stripe.StripeError as refused:
            return f"{refused.http_status} {refused.error.code}"

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(attempt, range(8)))

    assert len([answer for answer in answers if answer.startswith("pi_")]) == 1
    assert {answer for answer in answers if not answer.startswith("pi_")} == {"409 idempotency_key_in_use"}
    assert len(client.v1.charges.list().data) == 1


def test_a_key_has_at_most_255_characters(client):
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.create(INTENT, {"idempotency_key": "k" * 256})
