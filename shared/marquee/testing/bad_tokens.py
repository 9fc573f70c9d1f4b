"""Tokens that must open no door, for the tests of everybody who verifies tokens."""

import base64
import functools
import hashlib
import hmac
import json
import time
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwt

from marquee.testing.tokens import TokenMint


def bad_tokens(mint: TokenMint, *, audience: str) -> dict[str, str]:
    """By what is wrong with it: every way a token of `mint` for `audience` can be bad that we could think of."""
    stranger, impostor = _mint("stranger"), _mint(mint.kid)
    good = mint.access_token()
    head, body, signature = good.split(".")
    claims = json.loads(_unpadded(body))
    now = int(time.time())
    ec_key = ec.generate_private_key(ec.SECP256R1())
    return {
        "empty": "",
        "not a token": "abc",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.x",
        "alg none": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': mint.kid})}.{body}.",
        "alg none in capitals": f"{part({'alg': 'NONE', 'kid': mint.kid})}.{body}.",
        "HS256 with the public key as secret": _hs256(claims, mint),
        "ES256": jwt.encode(claims, _pem(ec_key), algorithm="ES256", headers={"kid": mint.kid}),
        "RS512": jwt.encode(claims, mint.private_pem, algorithm="RS512", headers={"kid": mint.kid}),
        "no kid": jwt.encode(claims, mint.private_pem, algorithm="RS256"),
        "unknown kid": stranger.access_token(),
        "our kid, another key": impostor.access_token(),
        "kid is a number": jwt.encode(claims, mint.private_pem, algorithm="RS256", headers={"kid": 7}),
        "jku": mint.access_token(header={"jku": "https://evil.example/keys"}),
        "x5u": mint.access_token(header={"x5u": "https://evil.example/keys"}),
        "its own key in the header": mint.access_token(header={"jwk": stranger.jwks()["keys"][0]}),
        "crit": mint.access_token(header={"crit": ["exp"]}),
        "another type of header": mint.access_token(header={"typ": "logout+jwt"}),
        "tampered body": f"{head}.{part(claims | {'realm_access': {'roles': ['admin']}})}.{signature}",
        "expired": mint.access_token(lifetime_seconds=-60),
        "no exp": mint.access_token(exp=None),
        "exp is text": mint.access_token(exp="tomorrow"),
        "not yet valid": mint.access_token(nbf=now + 600),
        "no iat": mint.access_token(iat=None),
        "another issuer": mint.access_token(iss="https://evil.example/realms/marquee"),
        "no issuer": mint.access_token(iss=None),
        "for another service": mint.access_token(audience=["marquee-elsewhere"]),
        "for nobody": mint.sign({k: v for k, v in claims.items() if k != "aud"}),
        "audience as a part of a word": mint.access_token(audience=f"{audience}-evil"),
        "an ID token": mint.access_token(typ="ID"),
        "a refresh token": mint.access_token(typ="Refresh"),
        "no type": mint.access_token(typ=None),
        "another client's": mint.access_token(azp="some-other-app"),
        "no client": mint.access_token(azp=""),
        "no subject": mint.sign({k: v for k, v in claims.items() if k != "sub"}),
    }


def part(content: dict[str, Any]) -> str:
    """A header or a body as it stands in a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _hs256(claims: dict[str, Any], mint: TokenMint) -> str:
    signing_input = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': mint.kid})}.{part(claims)}"
    secret = json.dumps(mint.jwks()["keys"][0]).encode()
    digest = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@functools.cache
def _mint(kid: str) -> TokenMint:
    return TokenMint(kid=kid)
