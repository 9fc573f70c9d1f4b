"""Tokens: everything that is not exactly right is refused, and an issuer outage or a key rotation refuses nobody."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from marquee.auth import KeySet, TokenVerifier
from marquee.errors import Problem, Unauthenticated, Unavailable
from marquee.testing.bad_tokens import bad_tokens, part
from marquee.testing.tokens import TokenMint

AUDIENCE = "marquee-movies"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Issuer:
    """Published keys that can change, and be away; counts how often it is asked."""

    def __init__(self, *mints: TokenMint) -> None:
        self.mints, self.asked, self.is_away = list(mints), 0, False

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.is_away:
            raise ConnectionError("away")
        return {"keys": [key for mint in self.mints for key in mint.jwks()["keys"]]}


MINT = TokenMint()


def verifier(issuer: Issuer, clock: Clock | None = None) -> TokenVerifier:
    return TokenVerifier(
        KeySet(issuer, now=clock or Clock()),
        issuer=MINT.issuer,
        audience=AUDIENCE,
        clients=frozenset({"marquee-web", "marquee-notification"}),
    )


@pytest.fixture
def mint() -> TokenMint:
    return MINT


def test_a_good_token_says_who_it_is(mint: TokenMint) -> None:
    person = verifier(Issuer(mint)).verify(mint.access_token(sub="abc", roles=["editor", "offline_access"]))

    assert (person.id, person.username) == ("abc", "viola")
    assert person.roles == {"editor"}


def test_a_service_token_carries_its_permissions_and_no_roles(mint: TokenMint) -> None:
    token = mint.service_token("marquee-notification", audience=AUDIENCE, permissions=["tickets.read"])

    person = verifier(Issuer(mint)).verify(token)

    assert person.permissions == {"tickets.read"}
    assert person.roles == frozenset()


def test_roles_in_the_wrong_claim_do_not_count(mint: TokenMint) -> None:
    token = mint.access_token(
        roles=[], role="admin", roles_=["admin"], resource_access={"marquee-ticket": {"roles": ["admin"]}}
    )

    person = verifier(Issuer(mint)).verify(token)

    assert person.roles == frozenset()
    assert person.permissions == frozenset()


BAD_TOKENS = bad_tokens(MINT, audience=AUDIENCE)


@pytest.mark.parametrize("case", sorted(BAD_TOKENS))
def test_bad_tokens_are_refused(mint: TokenMint, case: str) -> None:
    with pytest.raises(Unauthenticated):
        verifier(Issuer(mint)).verify(BAD_TOKENS[case])


def test_the_matrix_is_as_large_as_it_should_be() -> None:
    assert len(BAD_TOKENS) >= 20


def test_a_token_that_ends_is_not_remembered_beyond_its_end(
    mint: TokenMint, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = verifier(Issuer(mint))
    token = mint.access_token(lifetime_seconds=30)
    checks.verify(token)
    later = time.time() + 120
    monkeypatch.setattr("marquee.auth.time.time", lambda: later)
    monkeypatch.setattr("jose.jwt.timegm", lambda _: int(later))

    with pytest.raises(Unauthenticated):
        checks.verify(token)


def test_a_rotated_key_is_found_at_once_and_the_old_one_stays_good() -> None:
    old, new = TokenMint(kid="old"), TokenMint(kid="new")
    issuer, clock = Issuer(old), Clock()
    checks = verifier(issuer, clock)
    checks.verify(old.access_token())

    issuer.mints.append(new)
    clock.now += 31

    assert checks.verify(new.access_token()).username == "viola"
    assert checks.verify(old.access_token()).username == "viola"


def test_ten_minutes_without_an_issuer_refuse_nobody(mint: TokenMint) -> None:
    issuer, clock = Issuer(mint), Clock()
    checks = verifier(issuer, clock)
    checks.verify(mint.access_token())

    issuer.is_away = True
    clock.now += 600

    assert checks.verify(mint.access_token(sub="somebody else")).id == "somebody else"


def test_a_flood_of_unknown_kids_costs_two_fetches_a_minute(mint: TokenMint) -> None:
    issuer, clock = Issuer(mint), Clock()
    checks = verifier(issuer, clock)
    checks.verify(mint.access_token())
    asked_before = issuer.asked

    _, body, signature = mint.access_token().split(".")
    for number in range(1000):
        clock.now += 0.06
        header = part({"alg": "RS256", "typ": "JWT", "kid": f"random-{number}"})
        _refused(checks.verify, f"{header}.{body}.{signature}")

    assert issuer.asked - asked_before <= 2


def test_without_any_key_the_answer_is_later_and_never_yes(mint: TokenMint) -> None:
    issuer = Issuer(mint)
    issuer.is_away = True

    with pytest.raises(Unavailable):
        verifier(issuer).verify(mint.access_token())


def test_encryption_keys_of_the_realm_sign_nothing(mint: TokenMint) -> None:
    def published() -> dict[str, Any]:
        return {"keys": [key | {"use": "enc", "alg": "RSA-OAEP"} for key in mint.jwks()["keys"]]}

    keys = KeySet(published, now=Clock())

    assert keys.find(mint.kid) is None


def _refused(verify: Callable[[str], object], token: str) -> None:
    with pytest.raises(Problem):
        verify(token)


class SlowIssuer(Issuer):
    """Takes its time; says when it was asked, and waits to be let go on."""

    def __init__(self, *mints: TokenMint) -> None:
        super().__init__(*mints)
        self.was_asked, self.may_answer = threading.Event(), threading.Event()

    def __call__(self) -> dict[str, Any]:
        self.was_asked.set()
        self.may_answer.wait(60)
        return super().__call__()


@pytest.mark.parametrize("known", [[], [TokenMint(kid="the-old-key")]], ids=["first start", "rotation"])
def test_callers_wait_for_keys_that_are_on_their_way(mint: TokenMint, known: list[TokenMint]) -> None:
    issuer, clock = SlowIssuer(*known), Clock()
    verify = verifier(issuer, clock).verify
    issuer.may_answer.set()
    if known:
        verify(known[0].access_token())
    clock.now += 60
    issuer.mints.append(mint)
    issuer.was_asked.clear()
    issuer.may_answer.clear()
    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(verify, mint.access_token(sub=f"caller-{n}")) for n in range(4)]
        issuer.was_asked.wait(60)
        time.sleep(0.1)  # so that the others arrive while the first one still asks
        issuer.may_answer.set()
        assert {caller.result(60).id for caller in callers} == {f"caller-{n}" for n in range(4)}


def test_whose_key_is_known_does_not_wait_for_its_renewal(mint: TokenMint) -> None:
    issuer, clock = SlowIssuer(mint), Clock()
    verify = verifier(issuer, clock).verify
    issuer.may_answer.set()
    verify(mint.access_token())
    clock.now += 400
    issuer.was_asked.clear()
    issuer.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(verify, mint.access_token())
        issuer.was_asked.wait(60)
        verify(mint.access_token())
        assert not renewing.done()
        issuer.may_answer.set()
        renewing.result(60)
