"""Sessions of browsers. Only the database's clock decides whether one is over.

Verbs take a session, never commit, and never talk to the identity provider.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session as DatabaseSession

from marquee.settings import several
from services.auth.domain.problems import NoSession
from services.auth.models import Session
from services.auth.settings import AuthSettings

# Writing "last seen" on every request would make each page view a write.
_SEEN_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str
    id: str
    expires_in_seconds: int


class Vault:
    """Encrypts what is stored of a session; knows older keys too, while one is being rotated."""

    def __init__(self, keys: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in several(keys)])

    def seal(self, token: str) -> bytes:
        return self._fernet.encrypt(token.encode())

    def open(self, sealed: bytes) -> str:
        """Raises NoSession when it was sealed with a key that is no longer among ours."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise NoSession("It was kept under a key that is gone.") from error


def begin_session(
    session: DatabaseSession,
    *,
    person_id: UUID,
    provider_session: str,
    tokens: Tokens,
    vault: Vault,
    settings: AuthSettings,
) -> str:
    """A new session with a new id; answers the cookie's value, which is stored nowhere."""
    secret = secrets.token_urlsafe(32)
    row = Session(
        id=_hash(secret),
        person_id=person_id,
        provider_session=provider_session,
        expires_at=func.now() + timedelta(seconds=settings.session_max_seconds),
    )
    _keep(row, tokens, vault)
    session.add(row)
    return secret


def find_session(session: DatabaseSession, secret: str, *, idle_seconds: int) -> Session | None:
    """The live session of a cookie; None when it is unknown, too old, or was idle too long."""
    alive_since = func.now() - timedelta(seconds=idle_seconds)
    found = session.scalars(
        select(Session).where(
            Session.id == _hash(secret), Session.expires_at > func.now(), Session.last_seen_at > alive_since
        )
    ).one_or_none()
    if found is not None:
        session.execute(
            update(Session)
            .where(Session.id == found.id, Session.last_seen_at < func.now() - _SEEN_EVERY)
            .values(last_seen_at=func.now())
            .execution_options(synchronize_session=False)
        )
    return found


def needs_renewal(session: DatabaseSession, found: Session, *, ahead_seconds: int) -> bool:
    """By the database's clock, but about `found` as it was read.

    Asked of the row again, a renewal in between would make the ended token that was read look fresh.
    """
    soon = func.now() + timedelta(seconds=ahead_seconds)
    return bool(session.scalar(select(soon >= found.access_expires_at)))


def claim_renewal(
    session: DatabaseSession, found: Session, *, ahead_seconds: int, lease_seconds: float
) -> bool:
    """True for the one caller who shall renew, with `found` as it is now.

    Two renewals would end the session: refresh tokens work once. So whoever looked before somebody else's
    renewal and claims after it must not win: the claim asks again whether the token is about to end.
    """
    won = session.execute(
        update(Session)
        .where(
            Session.id == found.id,
            Session.access_expires_at <= func.now() + timedelta(seconds=ahead_seconds),
            or_(Session.refreshing_until.is_(None), Session.refreshing_until < func.now()),
        )
        .values(refreshing_until=func.now() + timedelta(seconds=lease_seconds))
        .returning(Session.id)
        .execution_options(synchronize_session=False)
    )
    if won.scalar_one_or_none() is None:
        return False
    session.refresh(found)
    return True


def renew_session(session: DatabaseSession, session_id: str, tokens: Tokens, vault: Vault) -> None:
    found = session.get(Session, session_id, with_for_update=True)
    if found is not None:
        _keep(found, tokens, vault)
        found.refreshing_until = None


def end_session(session: DatabaseSession, secret: str, vault: Vault) -> str | None:
    """Forget it; answers its ID token, by which the provider's session can be ended too."""
    found = session.get(Session, _hash(secret))
    if found is None:
        return None
    session.delete(found)
    try:
        return vault.open(found.id_token)
    except NoSession:
        return None


def drop_session(session: DatabaseSession, session_id: str) -> None:
    """The provider no longer knows it."""
    session.execute(delete(Session).where(Session.id == session_id))


def end_provider_sessions(session: DatabaseSession, *, provider_session: str, person_id: str) -> int:
    """What a back-channel logout asks for: that session, or all of the person when none is named."""
    which = (
        Session.provider_session == provider_session
        if provider_session
        else Session.person_id == UUID(person_id)
    )
    ended = session.execute(delete(Session).where(which).returning(Session.id))
    return len(ended.all())


def sweep_sessions(session: DatabaseSession, *, idle_seconds: int) -> int:
    """Delete what is over, a batch at a time."""
    over = (
        select(Session.id)
        .where(
            or_(
                Session.expires_at < func.now(),
                Session.last_seen_at < func.now() - timedelta(seconds=idle_seconds),
            )
        )
        .limit(500)
        .with_for_update(skip_locked=True)
    )
    gone = session.execute(delete(Session).where(Session.id.in_(over)).returning(Session.id))
    return len(gone.all())


def _keep(row: Session, tokens: Tokens, vault: Vault) -> None:
    row.access_token, row.refresh_token = vault.seal(tokens.access), vault.seal(tokens.refresh)
    row.id_token = vault.seal(tokens.id)
    row.access_expires_at = func.now() + timedelta(seconds=tokens.expires_in_seconds)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
