"""Who is looking: a signed-in person by auth's cookie, a guest by a token of ours, or nobody in particular.

The cookie holds an opaque session id; auth resolves it and its answer is remembered for two seconds, so that
signing out counts almost at once. While auth is away its last answer counts for a moment longer; then everybody is
a visitor, never an error page.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from flask import current_app, g, request, session

from marquee.auth import GUEST_HEADER, Person
from marquee.cookies import session_cookie_name
from marquee.errors import Problem
from marquee.http import NeighbourAway, NeighbourProblem, ServiceClient
from services.web.settings import WebSettings

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 2.0
# While auth is away: as long as the token lasts at the least, which auth renews 20 seconds before its end.
KEPT_SECONDS = 15.0
_MOST_REMEMBERED = 5_000
_STRENGTH = ("admin", "editor", "staff", "viewer")


@dataclass(frozen=True)
class Visitor:
    """`is_unsure` means: there is a cookie, but auth could not tell us whose."""

    person: Person | None = None
    given_name: str = ""
    access_token: str = ""
    is_unsure: bool = False

    @property
    def is_signed_in(self) -> bool:
        return self.person is not None

    @property
    def name(self) -> str:
        return (self.person.name or self.person.username) if self.person else ""

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper() or "?"

    @property
    def roles(self) -> list[str]:
        """Strongest first."""
        return [role for role in _STRENGTH if self.person and role in self.person.roles]

    def has(self, role: str) -> bool:
        return self.person is not None and self.person.has(role)


NOBODY = Visitor()
UNSURE = Visitor(is_unsure=True)


@dataclass(frozen=True)
class _Answer:
    """What auth said of a session, when, and until when it need not be asked again."""

    visitor: Visitor
    said_at: float
    until: float


class Sessions:
    """Auth's sessions as this process last saw them."""

    def __init__(self, auth: ServiceClient, now: Callable[[], float] = time.monotonic) -> None:
        self._auth, self._now = auth, now
        self._remembered: dict[str, _Answer] = {}

    def find(self, session_id: str) -> Visitor:
        known = self._remembered.get(session_id)
        return known.visitor if known and self._now() < known.until else self._ask(session_id, known)

    def end(self, session_id: str) -> str:
        """Sign out; answers where the browser ends its session with the issuer, or nothing."""
        # Remembered as over, not forgotten: while auth is away its answer from before must not come back.
        self._remember(session_id, NOBODY)
        answer = self._auth.post("/internal/sessions/end", {"session": session_id})
        return str((answer or {}).get("end_session_url") or "")

    def _ask(self, session_id: str, known: _Answer | None) -> Visitor:
        visitor = self._resolve(session_id)
        if self._remembered.get(session_id) is not known:
            # Somebody signed out, or asked as well, while we did: what they know is newer.
            return self.find(session_id)
        if visitor is UNSURE and known and self._now() < known.said_at + KEPT_SECONDS:
            self._remembered[session_id] = replace(known, until=self._now() + REMEMBERED_SECONDS)
            return known.visitor
        self._remember(session_id, visitor)
        return visitor

    def _remember(self, session_id: str, visitor: Visitor) -> None:
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[session_id] = _Answer(visitor, self._now(), self._now() + REMEMBERED_SECONDS)

    def _resolve(self, session_id: str) -> Visitor:
        try:
            return _visitor_from(self._auth.post("/internal/sessions/resolve", {"session": session_id}))
        except NeighbourProblem as problem:
            if problem.code != 404:
                log.error("session_resolve_refused", status=problem.code, problem=problem.kind)
            return NOBODY if problem.code == 404 else UNSURE
        except NeighbourAway:
            return UNSURE


def current_visitor() -> Visitor:
    if "visitor" not in g:
        session_id = session_id_of_request()
        g.visitor = _sessions().find(session_id) if session_id else NOBODY
        g.person = g.visitor.person
    visitor: Visitor = g.visitor
    return visitor


def session_id_of_request() -> str:
    return request.cookies.get(session_cookie_name(WebSettings.current().public_url), "")


def sign_out() -> str:
    """End the session everywhere we can; answers the issuer's address for the rest, or nothing."""
    session_id = session_id_of_request()
    session.clear()
    try:
        return _sessions().end(session_id) if session_id else ""
    except Problem:
        return ""


# --- guests -----------------------------------------------------------------------------------------------


def guest_token() -> str:
    """The guest's token, made when it is first needed."""
    if "guest" not in session:
        session["guest"] = secrets.token_urlsafe(32)
        session.permanent = True
    return str(session["guest"])


def is_guest() -> bool:
    """Whether this browser has a guest's token, also of somebody who signed in since."""
    return "guest" in session


def may_own_bookings() -> bool:
    """Whether it makes sense to ask for this visitor's bookings at all."""
    return is_guest() or current_visitor().is_signed_in


def is_person_and_guest() -> bool:
    """Whether somebody signed in after they had begun as a guest."""
    return is_guest() and current_visitor().is_signed_in


def identity_headers() -> dict[str, str]:
    """What proves to the other services who owns a booking: the person's token, the guest's, or both; and whose
    requests they are, where they count them."""
    visitor = current_visitor()
    bearer = {"Authorization": f"Bearer {visitor.access_token}"} if visitor.access_token else {}
    guest = {GUEST_HEADER: str(session["guest"])} if "guest" in session else {}
    return bearer | guest | {"X-Forwarded-For": request.remote_addr or ""}


def _visitor_from(answer: dict[str, Any]) -> Visitor:
    person = answer["person"]
    return Visitor(
        Person(
            id=person["id"],
            username=person.get("username", ""),
            name=person.get("name", ""),
            email=person.get("email", ""),
            roles=frozenset(person.get("roles", [])),
        ),
        given_name=person.get("given_name") or person.get("username", ""),
        access_token=answer["access_token"],
    )


def _sessions() -> Sessions:
    sessions: Sessions = current_app.extensions["marquee.sessions"]
    return sessions
