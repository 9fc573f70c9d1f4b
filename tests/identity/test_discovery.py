"""Where things are and which keys count."""

import requests

from tests.identity.provider import Provider


def test_discovery_names_the_endpoints_under_the_issuer(provider: Provider) -> None:
    found = requests.get(f"{provider.issuer}/.well-known/openid-configuration", timeout=30).json()

    assert found["issuer"] == provider.issuer
    assert {
        name: found[name].removeprefix(provider.endpoint) for name in found if name.endswith("_endpoint")
    }.items() >= {
        "authorization_endpoint": "/auth",
        "token_endpoint": "/token",
        "introspection_endpoint": "/token/introspect",
        "userinfo_endpoint": "/userinfo",
        "end_session_endpoint": "/logout",
        "revocation_endpoint": "/revoke",
    }.items()
    assert found["jwks_uri"] == f"{provider.endpoint}/certs"
    assert {"none", "login", "create"} <= set(found["prompt_values_supported"])
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["backchannel_logout_supported"] is True


def test_the_published_keys_are_one_to_sign_and_one_to_encrypt(provider: Provider) -> None:
    answer = requests.get(f"{provider.endpoint}/certs", timeout=30)

    assert answer.headers["Cache-Control"] == "no-cache"
    assert {(key["use"], key["alg"]) for key in provider.published_keys()} == {
        ("sig", "RS256"),
        ("enc", "RSA-OAEP"),
    }
    assert all(len(key["kid"]) == 43 and key["kty"] == "RSA" for key in provider.published_keys())
