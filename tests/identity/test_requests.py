"""What an application may ask for: exact addresses and PKCE, or nothing."""

import pytest

from tests.identity.provider import Provider, callback_of, words_of


@pytest.mark.parametrize("change", ["", "/", "?x=1", "#x", "@evil.example", "/../callback"])
def test_only_the_exact_redirect_address_gets_a_code(provider: Provider, change: str) -> None:
    callback = provider.addresses.callback
    page = provider.browser().ask(redirect_uri=f"{callback}{change}" if change else None)

    assert page.status_code == 400
    assert "We are sorry..." in words_of(page)
    assert "Invalid parameter: redirect_uri" in words_of(page)


@pytest.mark.parametrize(
    "address", ["https://evil.example/auth/callback", "javascript:alert(1)", "//evil.example"]
)
def test_another_sites_address_gets_no_code(provider: Provider, address: str) -> None:
    page = provider.browser().ask(redirect_uri=address)

    assert (page.status_code, "Location" in page.headers) == (400, False)


@pytest.mark.parametrize(
    ("client", "message"),
    [("marquee-movies", "Invalid parameter: redirect_uri"), ("somebody", "Client not found.")],
)
def test_a_client_that_nobody_signs_in_through_ends_on_a_page(
    provider: Provider, client: str, message: str
) -> None:
    page = provider.browser().ask(client_id=client)

    assert page.status_code == 400
    assert message in words_of(page)


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        (
            {"code_challenge": None, "code_challenge_method": None},
            "invalid_request",
            "Missing parameter: code_challenge_method",
        ),
        ({"code_challenge_method": None}, "invalid_request", "Missing parameter: code_challenge_method"),
        (
            {"code_challenge_method": "plain"},
            "invalid_request",
            "Invalid parameter: code challenge method is not matching the configured one",
        ),
        ({"code_challenge": None}, "invalid_request", "Missing parameter: code_challenge"),
        ({"code_challenge": "short"}, "invalid_request", "Invalid parameter: code_challenge"),
        ({"code_challenge": "!" * 50}, "invalid_request", "Invalid parameter: code_challenge"),
        ({"code_challenge": "a" * 129}, "invalid_request", "Invalid parameter: code_challenge"),
        (
            {"response_type": "token"},
            "unauthorized_client",
            "Client is not allowed to initiate browser login with given response_type. "
            "Implicit flow is disabled for the client.",
        ),
        ({"response_type": "magic"}, "unsupported_response_type", None),
        ({"response_type": None}, "invalid_request", "Missing parameter: response_type"),
        ({"scope": "openid world-domination"}, "invalid_scope", "Invalid scopes: openid world-domination"),
    ],
)
def test_the_application_is_told_what_it_did_wrong(
    provider: Provider, changes: dict[str, str | None], error: str, description: str | None
) -> None:
    told = callback_of(provider.browser().ask(**changes))

    assert told["error"] == error
    assert told.get("error_description") == description
    assert (told["state"], told["iss"]) == ("the-state", provider.issuer)
    assert "code" not in told
