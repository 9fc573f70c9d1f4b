"""What the website asks about a browser's session, and what anybody may ask about themselves and others."""

from datetime import UTC
from uuid import UUID

from flask import current_app

from marquee.api import Answer, Api
from marquee.auth import SIGNED_IN, permission, signed_in_person
from marquee.db import current_database, transaction
from services.auth.domain import people, sessions
from services.auth.provider import IdentityProvider
from services.auth.renewal import fresh_session
from services.auth.schemas import (
    People,
    PeopleQuery,
    PersonShape,
    PublicPerson,
    SessionSecret,
    SessionShape,
    SignedOut,
)
from services.auth.settings import AuthSettings

api = Api("sessions", __name__)
READ = permission("sessions.read")


@api.post("/internal/sessions/resolve", access=READ, answers={200: SessionShape}, problems=(404,))
def resolve_session(body: SessionSecret) -> Answer:
    """Who is behind a session cookie, with an access token that still lasts. 404: signed out."""
    vault = current_app.extensions["auth.vault"]
    found = fresh_session(current_database(), _provider(), vault, AuthSettings.current(), body.session)
    token = vault.open(found.access_token)
    who = current_app.extensions["marquee.verifier"].verify(token)
    return SessionShape(
        person=PersonShape(
            id=UUID(who.id), username=who.username, name=who.name, email=who.email, roles=sorted(who.roles)
        ),
        access_token=token,
        expires_at=found.access_expires_at.astimezone(UTC),
    )


@api.post("/internal/sessions/end", access=READ, answers={200: SignedOut})
def end_session(body: SessionSecret) -> Answer:
    """Sign a browser out here; the answer says where it goes to sign out at the provider too."""
    with transaction() as session:
        id_token = sessions.end_session(session, body.session, current_app.extensions["auth.vault"])
    return SignedOut(end_session_url=_provider().sign_out_url(id_token))


@api.get("/auth/me", access=SIGNED_IN, answers={200: PersonShape})
def who_am_i() -> Answer:
    """The caller, as their token says."""
    who = signed_in_person()
    return PersonShape(
        id=UUID(who.id), username=who.username, name=who.name, email=who.email, roles=sorted(who.roles)
    )


@api.get("/people", access=SIGNED_IN, answers={200: People})
def find_people(query: PeopleQuery) -> Answer:
    """Members by any part of their user name."""
    with transaction() as session:
        found = people.find_people(session, query.q)
        return People(people=[PublicPerson.model_validate(person) for person in found])


def _provider() -> IdentityProvider:
    provider: IdentityProvider = current_app.extensions["auth.provider"]
    return provider
