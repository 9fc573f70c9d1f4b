"""Shapes of the auth service."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from marquee.api import Body, Parameters, Shape


class Next(Parameters):
    # A path stays as it came; whether it is one of ours is asked elsewhere.
    model_config = ConfigDict(frozen=True, str_strip_whitespace=False)

    next: str = Field("", max_length=500, description="Path on the website to come back to")


class Callback(Parameters):
    """What the identity provider sends along; read by the OIDC client."""

    code: str = ""
    state: str = ""
    error: str = ""
    error_description: str = ""


class LogoutForm(Parameters):
    logout_token: str = Field("", max_length=8000)


class SessionSecret(Body):
    session: str = Field(min_length=20, max_length=200, description="The session cookie's value")


class PersonShape(Shape):
    id: UUID
    username: str
    name: str
    email: str
    roles: list[str]


class SessionShape(Shape):
    person: PersonShape
    access_token: str
    expires_at: datetime


class SignedOut(Shape):
    end_session_url: str


class PublicPerson(Shape):
    """What anybody may know of a member. Never an address."""

    id: UUID
    username: str
    name: str


class People(Shape):
    people: list[PublicPerson]


class PeopleQuery(Parameters):
    q: str = Field(min_length=1, max_length=60)
