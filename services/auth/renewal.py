"""Keeping a session's access token fresh: one renewal at a time, however many pages ask at once."""

import time

from marquee.db import Database
from services.auth.domain import sessions
from services.auth.domain.problems import NoSession, ProviderAway
from services.auth.domain.sessions import Vault
from services.auth.models import Session
from services.auth.provider import IdentityProvider, SessionGone
from services.auth.settings import AuthSettings

_LOOK_AGAIN_SECONDS = 0.05


def fresh_session(
    database: Database, provider: IdentityProvider, vault: Vault, settings: AuthSettings, secret: str
) -> Session:
    """The session behind a cookie with a token that still lasts. Raises NoSession, ProviderAway.

    While the provider is away, a token that has not ended yet goes on serving.
    """
    deadline = time.monotonic() + settings.refresh_lease_seconds + 1
    while time.monotonic() < deadline:
        with database.transaction() as session:
            found = sessions.find_session(session, secret, idle_seconds=settings.session_idle_seconds)
            if found is None:
                raise NoSession("Signed out, or idle for too long.")
            if not sessions.needs_renewal(session, found, ahead_seconds=settings.renew_ahead_seconds):
                return found
            mine = sessions.claim_renewal(
                session,
                found,
                ahead_seconds=settings.renew_ahead_seconds,
                lease_seconds=settings.refresh_lease_seconds,
            )
            is_valid = not sessions.needs_renewal(session, found, ahead_seconds=0)
        if mine:
            try:
                _renew(database, provider, vault, found)
            except ProviderAway:
                if is_valid:
                    return found
                raise
        elif is_valid:
            return found
        else:
            # Somebody else is renewing it; their result will do.
            time.sleep(_LOOK_AGAIN_SECONDS)
    raise ProviderAway("Renewing the session takes too long. Please try again.")


def _renew(database: Database, provider: IdentityProvider, vault: Vault, found: Session) -> None:
    """Ask the provider outside any transaction, then keep what it gave."""
    try:
        tokens = provider.refresh(vault.open(found.refresh_token))
    except SessionGone:
        with database.transaction() as session:
            sessions.drop_session(session, found.id)
        return
    with database.transaction() as session:
        sessions.renew_session(session, found.id, tokens, vault)
