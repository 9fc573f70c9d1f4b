"""The issuer's parts, wired once."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app

from local.issuer.backchannel import Poster, tell
from local.issuer.grants import Grants
from local.issuer.keys import Keys
from local.issuer.pending import PendingRequests
from local.issuer.people import LoginGuard, People
from local.issuer.realm import Client, read_realm
from local.issuer.sessions import Session, Sessions
from local.issuer.settings import DEMO_PEOPLE_FILE, Settings
from local.issuer.store import Store
from local.issuer.tokens import Tokens


class Issuer:
    def __init__(self, settings: Settings, clock: Callable[[], float], post: Poster) -> None:
        self.settings, self.clock, self._post = settings, clock, post
        self.realm = read_realm(settings.realm_file, settings.variables, DEMO_PEOPLE_FILE)
        self.url = f"{settings.issuer_url}/realms/{self.realm.name}"
        self.store = Store(settings.state_dir / "issuer.sqlite3")
        self.store.forget_old(clock())
        self.people = People(self.store, self.realm, clock)
        self.guard = LoginGuard(self.store, self.realm, clock)
        self.keys = Keys(self.store, clock)
        self.sessions = Sessions(self.store, self.realm, clock)
        self.tokens = Tokens(self.store, self.realm, self.keys, self.sessions, self.url, clock)
        self.pending = PendingRequests(self.store, clock)
        self.grants = Grants(
            self.store,
            self.people,
            self.guard,
            self.sessions,
            self.tokens,
            clock,
            password_grant=settings.password_grant,
        )

    def client(self, client_id: str) -> Client | None:
        return self.realm.clients.get(client_id)

    def sign_out(self, session: Session) -> None:
        """End the session, then tell its clients; answers only when all of them were told."""
        for client_id in self.sessions.end(session.sid):
            client = self.client(client_id)
            if client and client.backchannel_url:
                tell(self._post, client.backchannel_url, self.tokens.logout_token(client, session))


def current_issuer() -> Issuer:
    issuer: Issuer = current_app.extensions["issuer"]
    return issuer
