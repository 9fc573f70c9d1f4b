from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
import stripe

ORDER = {
    "mode": "payment",
    "line_items": [
        {
            "quantity": 2,
            "price_data": {
                "currency": "eur",
                "unit_amount": 1150,
                "product_data": {"name": "In the Mood for Love"},
            },
        }
    ],
    "client_reference_id": "r-1",
    "metadata": {"reservation": "r-1"},
    "payment_intent_data": {"metadata": {"reservation": "r-1"}, "description": "Two seats"},
    "success_url": "http://localhost:1/thanks?session={CHECKOUT_SESSION_ID}",
    "cancel_url": "http://localhost:1/seats",
}
CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "123", "email": "mia@example.org"}


@pytest.fixture
def browser(fake):
    """The buyer's browser without JavaScript: plain forms only."""
    return fake.app.test_client()


@pytest.fixture
def session(client):
    return client.v1.checkout.sessions.create(ORDER)


def test_a_session_is_open_and_has_no_intent_yet(client, session):
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 2300)
    assert session.payment_intent is None
    expanded = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert expanded.line_items.data[0].description == "In the Mood for Love"


@pytest.mark.parametrize(("currency", "told"), [("jpy", "¥2,300"), ("kwd", "KWD2.300"), ("usd", "$23.00")])
def test_an_amount_is_told_in_the_units_of_its_currency(client, browser, currency, told):
    price = ORDER["line_items"][0]["price_data"] | {"currency": currency}
    session = client.v1.checkout.sessions.create(
        ORDER | {"line_items": [{"quantity": 2, "price_data": price}]}
    )

    page = browser.get(urlsplit(session.url).path).text

    assert f"Pay {told}" in page.replace("\xa0", "")


def test_paying_on_the_hosted_page_sends_the_buyer_back(client, session, browser, receiver, eventually):
    page = browser.get(urlsplit(session.url).path)
    assert "Pay €23.00" in page.text

    answer = browser.post(urlsplit(session.url).path, data=CARD)

    assert answer.location == f"http://localhost:1/thanks?session={session.id}"
    paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert paid.payment_intent.metadata["reservation"] == "r-1"
    assert paid.customer_details.email == "mia@example.org"
    eventually(lambda: "checkout.session.completed" in receiver.types())


def test_a_decline_keeps_the_form_and_the_next_card_pays_the_same_intent(client, session, browser):
    path = urlsplit(session.url).path
    declined = browser.post(path, data={**CARD, "number": "4000 0000 0000 9995"})
    assert declined.status_code == 402
    assert "insufficient funds" in declined.text
    assert 'name="number"' in declined.text

    browser.post(path, data=CARD)

    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert len(client.v1.payment_intents.list().data) == 1


@pytest.mark.parametrize(
    "wrong", [{"number": "4242"}, {"expiry": "soon"}, {"expiry": "01 / 20"}, {"cvc": ""}, {"number": ""}]
)
def test_card_data_that_cannot_be_right_is_said_on_the_page(client, session, browser, wrong):
    answer = browser.post(urlsplit(session.url).path, data={**CARD, **wrong})

    assert answer.status_code == 402
    assert 'role="alert"' in answer.text
    assert client.v1.payment_intents.list().data == []


@pytest.mark.parametrize(("answer", "status"), [("approve", "complete"), ("refuse", "open")])
def test_the_bank_may_ask_first(client, session, browser, answer, status):
    path = urlsplit(session.url).path
    asked = browser.post(path, data={**CARD, "number": "4000 0000 0000 3220"})
    bank = urlsplit(asked.location)
    assert "Your bank asks" in browser.get(f"{bank.path}?{bank.query}").text

    browser.post(f"{bank.path}?{bank.query}", data={"answer": answer})

    assert client.v1.checkout.sessions.retrieve(session.id).status == status
    back = browser.get(f"{path}/return", follow_redirects=status == "open")
    if status == "open":
        assert "failed authentication" in back.text


def test_a_bank_page_opens_only_with_the_client_secret(client, session, browser):
    asked = browser.post(urlsplit(session.url).path, data={**CARD, "number": "4000 0000 0000 3220"})

    assert browser.get(urlsplit(asked.location).path).status_code == 404


def test_an_expired_session_takes_no_money_and_its_intent_is_dead(client, session, browser):
    path = urlsplit(session.url).path
    browser.post(path, data={**CARD, "number": "4000 0000 0000 0002"})

    expired = client.v1.checkout.sessions.expire(session.id)

    assert (expired.status, expired.url) == ("expired", None)
    assert browser.get(path).status_code == 410
    browser.post(path, data=CARD)
    assert client.v1.payment_intents.retrieve(expired.payment_intent).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id)


def test_an_intent_behind_an_open_session_is_not_canceled_directly(client, session, browser):
    browser.post(urlsplit(session.url).path, data={**CARD, "number": "4000 0000 0000 0002"})
    intent = client.v1.payment_intents.list().data[0]

    with pytest.raises(stripe.InvalidRequestError, match="Expire the Checkout Session"):
        client.v1.payment_intents.cancel(intent.id)


def test_a_session_runs_out_by_itself(client, session, fake, eventually):
    fake.account.clock = lambda: session.expires_at + 1.0

    eventually(lambda: client.v1.checkout.sessions.retrieve(session.id).status == "expired")


def test_a_slow_payment_completes_the_session_before_the_money_is_there(client, session, browser, control):
    browser.post(urlsplit(session.url).path, data={**CARD, "number": "4000 0000 0000 8807"})
    completed = client.v1.checkout.sessions.retrieve(session.id)
    assert (completed.status, completed.payment_status) == ("complete", "unpaid")

    control.set(f"/intents/{completed.payment_intent}/settle", outcome="succeed")

    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert client.v1.events.list({"type": "checkout.session.async_payment_succeeded"}).data


@pytest.mark.parametrize("seconds", [30 * 60 - 1, 24 * 3600 + 60])
def test_a_session_lives_between_half_an_hour_and_a_day(client, seconds):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create({**ORDER, "expires_at": int(time.time()) + seconds})

    assert refused.value.param == "expires_at"
