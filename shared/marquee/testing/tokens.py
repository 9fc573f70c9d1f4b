"""Tokens of the realm's shape for tests: signed by a key of our own, wrong in whatever way a test needs."""

import base64
import time
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwt

ISSUER = "http://localhost:8180/realms/marquee"
APIS = [f"marquee-{name}" for name in ("auth", "movies", "payment", "ticket", "review", "notification")]


class TokenMint:
    """An issuer's signing key, its published form, and tokens made with it."""

    def __init__(self, *, issuer: str = ISSUER, kid: str = "test-key") -> None:
        self.issuer, self.kid = issuer, kid
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def private_pem(self) -> str:
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def jwks(self) -> dict[str, Any]:
        """What the issuer publishes: this key for signatures."""
        numbers = self._key.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kid": self.kid,
                    "kty": "RSA",
                    "alg": "RS256",
                    "use": "sig",
                    "n": _number(numbers.n),
                    "e": _number(numbers.e),
                }
            ]
        }

    def access_token(
        self,
        *,
        sub: str | None = None,
        roles: list[str] | None = None,
        audience: list[str] | str | None = None,
        azp: str = "marquee-web",
        lifetime_seconds: int = 300,
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A person's access token. A claim given as None is left out."""
        now = int(time.time())
        body: dict[str, Any] = {
            "exp": now + lifetime_seconds,
            "iat": now,
            "jti": f"onrtac:{uuid4()}",
            "iss": self.issuer,
            "aud": APIS if audience is None else audience,
            "sub": sub or str(uuid4()),
            "typ": "Bearer",
            "azp": azp,
            "sid": "6p1DxfsJFNvBGK4zatg1OkVI",
            "realm_access": {"roles": ["viewer"] if roles is None else roles},
            "scope": "openid profile email",
            "preferred_username": "viola",
            "name": "Viola Viewer",
            "email": "viola@marquee.example",
        } | claims
        return self.sign({name: value for name, value in body.items() if value is not None}, header)

    def service_token(self, client: str, *, audience: str, permissions: list[str]) -> str:
        """A service's own token by client credentials."""
        return self.access_token(
            azp=client,
            audience=audience,
            resource_access={audience: {"roles": permissions}},
            realm_access=None,
            sid=None,
        )

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Any claims, with any additions to the header."""
        token: str = jwt.encode(
            claims, self.private_pem, algorithm="RS256", headers={"kid": self.kid} | (header or {})
        )
        return token

    def headers(self, **token: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token(**token)}"}


def _number(value: int) -> str:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
