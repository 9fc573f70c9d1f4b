"""The realm's keys: one signs, older ones stay published, one is for encryption and never for signatures."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import JWTError, jwk, jwt
from jose.backends.base import Key

from local.issuer.store import Store

_CHECKED_BY_US = {"verify_aud": False, "verify_exp": False, "verify_at_hash": False}


class BadToken(Exception):
    """Not signed by a key of ours that still counts, or not a token at all."""


class Keys:
    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        with store.transaction():
            if not self.components():
                self.add("rsa-generated", priority=100)
                self.add("rsa-enc-generated", priority=100, use="enc")

    def add(self, name: str, *, priority: int, use: str = "sig", active: bool = True) -> str:
        """A new key; the active one with the highest priority signs. Returns the component's id."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        component_id = str(uuid4())
        self._store.insert(
            "keys",
            kid=_thumbprint(key),
            component_id=component_id,
            name=name,
            use=use,
            pem=_pem(key),
            priority=priority,
            active=active,
            enabled=True,
        )
        return component_id

    def change(self, component_id: str, *, priority: int, active: bool, enabled: bool) -> None:
        self._store.run(
            "UPDATE keys SET priority = ?, active = ?, enabled = ? WHERE component_id = ?",
            priority,
            active,
            enabled,
            component_id,
        )

    def remove(self, component_id: str) -> None:
        self._store.run("DELETE FROM keys WHERE component_id = ?", component_id)

    def components(self) -> list[sqlite3.Row]:
        return self._store.all("SELECT * FROM keys ORDER BY use DESC, priority DESC, rowid DESC")

    def jwks(self) -> dict[str, Any]:
        return {"keys": [_published(row) for row in self.components() if row["enabled"]]}

    def sign(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        row = self._store.one(
            "SELECT kid, pem FROM keys WHERE use = 'sig' AND active AND enabled "
            "ORDER BY priority DESC, rowid DESC LIMIT 1"
        )
        if row is None:
            raise RuntimeError("no active key to sign with")
        headers = {"kid": row["kid"], "typ": typ}
        token: str = jwt.encode(claims, _signing_key(row["pem"]), algorithm="RS256", headers=headers)
        return token

    def read(self, token: str, *, allow_expired: bool = False) -> dict[str, Any]:
        """The claims of a token of ours. Raises BadToken."""
        try:
            kid = jwt.get_unverified_header(token).get("kid", "")
            row = self._store.one("SELECT pem FROM keys WHERE kid = ? AND use = 'sig' AND enabled", str(kid))
            if row is None:
                raise BadToken("unknown key")
            key = _signing_key(row["pem"]).public_key()
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=_CHECKED_BY_US)
        except JWTError as error:
            raise BadToken(str(error)) from error
        if not allow_expired and claims["exp"] <= self._clock():
            raise BadToken("expired")
        return claims


@lru_cache(maxsize=16)
def _signing_key(pem: str) -> Key:
    return jwk.construct(pem, "RS256")


def _private(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the stored key is not an RSA key")
    return key


def _published(row: sqlite3.Row) -> dict[str, str]:
    numbers = _private(row["pem"]).public_key().public_numbers()
    return {
        "kid": row["kid"],
        "kty": "RSA",
        "alg": "RS256" if row["use"] == "sig" else "RSA-OAEP",
        "use": row["use"],
        "n": _base64url(numbers.n.to_bytes(256, "big")),
        "e": _base64url(numbers.e.to_bytes(3, "big")),
    }


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _thumbprint(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _base64url(hashlib.sha256(public).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
