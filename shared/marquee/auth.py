"""Who is calling. Keycloak's tokens are verified here and nowhere else.

A token counts only when: signed RS256 by a published key of the realm, issued by our issuer, meant for this
service (`aud`), of type Bearer, not expired, and obtained through a client we know (`azp`).
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
import urllib3
from flask import current_app, g, request
from jose import JWTError, jwk, jwt

from marquee.errors import Forbidden, Unauthenticated, Unavailable
from marquee.settings import Settings

log = structlog.get_logger(__name__)

ROLES = frozenset({"viewer", "staff", "editor", "admin"})
GUEST_HEADER = "X-Guest-Token"
_MIN_GUEST_TOKEN = 32
_LEEWAY_SECONDS = 5


@dataclass(frozen=True)
class Person:
    """A verified caller: somebody signed in, or a service on its own behalf."""

    id: str
    username: str = ""
    name: str = ""
    email: str = ""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    session_id: str = ""
    client: str = ""

    def has(self, role: str) -> bool:
        """Admins may do what any role may."""
        return role in self.roles or "admin" in self.roles


@dataclass(frozen=True)
class Holder:
    """Who owns a booking: a person, or a guest known only by an unguessable token.

    `ids` lists every identity the caller proved, so that somebody who signs in midway still owns
    what they held as a guest.
    """

    ids: tuple[str, ...]
    person: Person | None = None

    @property
    def id(self) -> str:
        return self.ids[0]

    def owns(self, owner: str) -> bool:
        return owner in self.ids


def guest_id(token: str) -> str:
    """What is stored of a guest: never the token itself."""
    return "guest:" + hashlib.sha256(token.encode()).hexdigest()


# --- keys -------------------------------------------------------------------------------------------------


class KeySet:
    """The realm's published keys by `kid`, kept through key rotation and an issuer outage.

    An unknown kid asks again, but not more often than `cooldown_seconds`, so that a flood of random kids
    costs two fetches a minute. When the issuer is away, the last good keys stay. While one thread fetches,
    those with a key to verify by go on; those without wait for its result instead of refusing their callers.
    """

    def __init__(
        self,
        fetch: Callable[[], dict[str, Any]],
        *,
        ttl_seconds: float = 300,
        cooldown_seconds: float = 30,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._ttl, self._cooldown, self._now = fetch, ttl_seconds, cooldown_seconds, now
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def find(self, kid: str) -> dict[str, Any] | None:
        is_stale = self._now() - self._fetched_at > self._ttl
        if kid not in self._keys:
            with self._lock:
                if kid not in self._keys:
                    self._refresh()
        elif is_stale and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._keys.get(kid)

    @property
    def is_empty(self) -> bool:
        return not self._keys

    def _refresh(self) -> None:
        # With nothing at all to verify by, every caller may try again each second.
        cooldown = self._cooldown if self._keys else 1.0
        if self._now() - self._tried_at < cooldown:
            return
        self._tried_at = self._now()
        try:
            published = self._fetch()["keys"]
            self._keys = {k["kid"]: k for k in published if k.get("use") == "sig" and k.get("alg") == "RS256"}
            self._fetched_at = self._now()
        except Exception as error:  # noqa: BLE001 - whatever the issuer does, the last good keys stay
            log.warning("issuer_keys_unavailable", error=repr(error))


def fetch_keys(url: str) -> dict[str, Any]:
    timeout = urllib3.Timeout(connect=1, read=2)
    answer = _pool.request("GET", url, timeout=timeout, retries=False, redirect=False)
    if answer.status != 200:
        raise ConnectionError(f"the issuer's keys answered {answer.status}")
    keys: dict[str, Any] = answer.json()
    return keys


_pool = urllib3.PoolManager(maxsize=2)


# --- tokens -----------------------------------------------------------------------------------------------


@dataclass
class TokenVerifier:
    """Turns a bearer token into a Person, or raises Unauthenticated. Verified tokens are remembered."""

    keys: KeySet
    issuer: str
    audience: str
    clients: frozenset[str]
    _verified: dict[bytes, tuple[float, Person]] = field(default_factory=dict)

    def verify(self, token: str) -> Person:
        fingerprint = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(fingerprint)
        if known and known[0] > time.time():
            return known[1]
        claims = self._claims(token)
        person = _person(claims, self.audience)
        self._remember(fingerprint, float(claims["exp"]), person)
        return person

    def _claims(self, token: str) -> dict[str, Any]:
        claims = read_claims(token, self.keys, issuer=self.issuer, audience=self.audience)
        if claims.get("typ") != "Bearer" or claims.get("azp") not in self.clients:
            raise Unauthenticated("The token was not issued for this use.")
        return claims

    def _remember(self, fingerprint: bytes, expires_at: float, person: Person) -> None:
        if len(self._verified) > 10_000:
            now = time.time()
            # A copy in one step: other threads add to it meanwhile.
            self._verified = {k: v for k, v in list(self._verified.items()) if v[0] > now}
        if len(self._verified) <= 10_000:
            self._verified[fingerprint] = (expires_at, person)


def read_claims(
    token: str, keys: KeySet, *, issuer: str, audience: str, header_types: tuple[str, ...] = ("JWT",)
) -> dict[str, Any]:
    """The claims of a token signed RS256 by one of `keys`, from `issuer`, for `audience`, not expired.

    What kind of token it is (`typ`, `azp`, `events`) is for the caller to check. Raises Unauthenticated.
    """
    key = keys.find(_kid(token, header_types))
    if key is None:
        if keys.is_empty:
            raise Unavailable("Sign-in is away for a moment. Please try again.")
        raise Unauthenticated("The token is signed by a key we do not know.")
    required = {f"require_{claim}": True for claim in ("exp", "iat", "iss", "aud", "sub")}
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            jwk.construct(key, "RS256"),
            algorithms=["RS256"],
            audience=audience,
            issuer=issuer,
            options={**required, "leeway": _LEEWAY_SECONDS},
        )
    except (JWTError, ValueError, TypeError, AttributeError) as error:
        raise Unauthenticated("The token is not valid, or no longer.") from error
    return claims


def _kid(token: str, header_types: tuple[str, ...]) -> str:
    """The header's key id. Headers that offer keys of their own (jku, jwk, x5u, x5c) are refused."""
    try:
        head = token.split(".")[0]
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        fine = (
            token.count(".") == 2
            and header["alg"] == "RS256"
            and header.get("typ", "JWT") in header_types
            and isinstance(header["kid"], str)
            and not header.keys() & {"jku", "jwk", "x5u", "x5c", "crit"}
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unauthenticated("That is not a token.") from error
    if not fine:
        raise Unauthenticated("The token's header is not acceptable.")
    return str(header["kid"])


def _person(claims: dict[str, Any], audience: str) -> Person:
    realm_roles = _roles(claims.get("realm_access"))
    here = claims.get("resource_access")
    return Person(
        id=str(claims["sub"]),
        username=str(claims.get("preferred_username", "")),
        name=str(claims.get("name", "")),
        email=str(claims.get("email", "")),
        roles=realm_roles & ROLES,
        permissions=_roles(here.get(audience)) if isinstance(here, dict) else frozenset(),
        session_id=str(claims.get("sid", "")),
        client=str(claims.get("azp", "")),
    )


def _roles(container: Any) -> frozenset[str]:
    roles = container.get("roles", []) if isinstance(container, dict) else []
    return frozenset(r for r in roles if isinstance(r, str)) if isinstance(roles, list) else frozenset()


def keys_from(settings: Settings) -> KeySet:
    url = f"{settings.issuer_internal}/protocol/openid-connect/certs"
    return KeySet(lambda: fetch_keys(url))


def verifier_from(settings: Settings) -> TokenVerifier:
    return TokenVerifier(
        keys_from(settings),
        issuer=settings.issuer,
        audience=settings.keycloak_client_id,
        clients=frozenset(settings.token_clients.split(",")),
    )


# --- access: what a route declares ------------------------------------------------------------------------


@dataclass(frozen=True)
class Access:
    """Who may call a route. `check` raises; it runs before anything of the request is read. `who` tells people."""

    name: str
    check: Callable[[], object]
    schemes: tuple[str, ...] = ()
    who: str = ""


def current_person() -> Person | None:
    """The signed-in caller, or None. A token that is present but bad is refused, never ignored."""
    if "person" not in g:
        g.person = _authenticate()
    person: Person | None = g.person
    return person


def signed_in_person() -> Person:
    person = current_person()
    if person is None:
        raise Unauthenticated("This needs a signed-in person.")
    return person


def current_holder() -> Holder:
    """The caller as owner of bookings: a signed-in person, a guest with a token, or both at once."""
    holder = holder_if_any()
    if holder is None:
        raise Unauthenticated(f"Sign in, or send a random {GUEST_HEADER} to book as a guest.")
    return holder


def holder_if_any() -> Holder | None:
    """On routes that are open to all but show an owner more. None for strangers, and for services: they own nothing."""
    if "holder" not in g:
        g.holder = _holder()
    holder: Holder | None = g.holder
    return holder


def _holder() -> Holder | None:
    person = current_person()
    token = request.headers.get(GUEST_HEADER, "")
    if token and len(token) < _MIN_GUEST_TOKEN:
        raise Unauthenticated(
            f"{GUEST_HEADER} must be a random token of {_MIN_GUEST_TOKEN} characters or more."
        )
    people = (f"person:{person.id}",) if person and person.roles else ()
    ids = people + ((guest_id(token),) if token else ())
    return Holder(ids, person) if ids else None


def _authenticate() -> Person | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("The Authorization header must read: Bearer <token>.")
    verifier: TokenVerifier = current_app.extensions["marquee.verifier"]
    return verifier.verify(token.strip())


def role(*names: str) -> Access:
    """Any one of `names` (or admin)."""

    def check() -> None:
        person = signed_in_person()
        if not any(person.has(name) for name in names):
            raise Forbidden(f"This needs the role {' or '.join(names)}.")

    return Access(f"role:{'|'.join(names)}", check, ("bearer",), f"{' or '.join(names)}, or admin")


def permission(name: str) -> Access:
    """A service on its own behalf that was given the client role `name` of this service."""

    def check() -> None:
        if name not in signed_in_person().permissions:
            raise Forbidden(f"This needs the permission {name}.")

    return Access(f"permission:{name}", check, ("bearer",), f"services with the permission {name}")


PUBLIC = Access("public", current_person, who="everybody")
SIGNED_IN = Access("signed in", signed_in_person, ("bearer",), "whoever is signed in")
HOLDER = Access("holder", current_holder, ("bearer", "guest"), "guests, and whoever is signed in")
# Callers prove themselves in another way than by a token: a webhook by its signature, a session by its secret.
SIGNATURE = Access("signature", lambda: None, who="whoever proves itself by a signature or a secret")
