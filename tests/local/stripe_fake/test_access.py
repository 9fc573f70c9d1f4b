from __future__ import annotations

import pytest
import stripe
import urllib3


@pytest.fixture
def intent(client):
    params = {"amount": 1250, "currency": "eur", "metadata": {"note": "private"}}
    return client.v1.payment_intents.create(params)


@pytest.fixture
def as_browser(fake):
    """The same API with the publishable key, as Stripe.js uses it."""
    return stripe.StripeClient(
        "pk_test_marquee",
        base_addresses={"api": fake.account.settings.public_url},
        max_network_retries=0,
    )


def test_a_wrong_key_opens_nothing(fake):
    client = stripe.StripeClient("sk_test_wrong", base_addresses={"api": fake.account.settings.public_url})

    with pytest.raises(stripe.AuthenticationError):
        client.v1.payment_intents.list()


def test_the_publishable_key_creates_and_lists_nothing(as_browser):
    with pytest.raises(stripe.PermissionError) as refused:
        as_browser.v1.payment_intents.list()

    assert refused.value.error.code == "secret_key_required"


def test_the_publishable_key_reads_an_intent_only_with_its_client_secret(as_browser, intent):
    with pytest.raises(stripe.InvalidRequestError):
        as_browser.v1.payment_intents.retrieve(intent.id)
    with pytest.raises(stripe.InvalidRequestError):
        as_browser.v1.payment_intents.retrieve(intent.id, {"client_secret": f"{intent.id}_secret_guess"})

    seen = as_browser.v1.payment_intents.retrieve(intent.id, {"client_secret": intent.client_secret})

    assert seen.amount == 1250
    assert "metadata" not in seen.to_dict()


def test_the_publishable_key_confirms_with_the_client_secret(as_browser, client, intent):
    confirmed = as_browser.v1.payment_intents.confirm(
        intent.id,
        {
            "client_secret": intent.client_secret,
            "payment_method": "pm_card_visa",
            "return_url": "http://localhost/back",
        },
    )

    assert confirmed.status == "succeeded"
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_what_the_stand_in_does_not_answer_says_so(client):
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.customers.list()


def test_the_server_listens_on_this_machine_only(fake):
    assert fake._server.server_address[0] == "127.0.0.1"


def test_another_site_cannot_flip_the_switches_through_a_browser(fake):
    answer = fake.app.test_client().post("/_control/reset", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_reset_forgets_everything(client, control, intent):
    control.set("/reset")

    assert control.get("/ledger")["intents"] == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.retrieve(intent.id)


@pytest.mark.parametrize("wishes", [{"colour": 1}, {"rate_limited": "many"}, {"delay_ms": -1}])
def test_faults_that_are_none_are_refused(fake, wishes):
    answer = fake.app.test_client().post("/_control/faults", json=wishes)

    assert answer.status_code == 400


def test_the_ledger_page_shows_payments_and_takes_the_switches(fake, client, pay):
    pay("pm_card_visa", metadata={"reservation": "r-1"}, description="<b>Two</b> seats")
    browser = fake.app.test_client()

    page = browser.get("/").text
    assert "reservation: r-1" in page
    assert "&lt;b&gt;Two" in page
    flipped = browser.post("/_control/webhooks", data={"paused": "true"})

    assert (flipped.status_code, flipped.location) == (303, "/")
    assert "Resume webhooks" in browser.get("/").text


def test_pages_allow_no_foreign_script(fake):
    for path in ("/", "/v3/element"):
        policy = fake.app.test_client().get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'" in policy


def test_the_script_is_served_where_real_stripe_js_would_be(fake):
    answer = urllib3.request("GET", f"{fake.account.settings.public_url}/v3/")

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert b"window.Stripe" in answer.data
