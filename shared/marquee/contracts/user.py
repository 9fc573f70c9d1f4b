"""People, as they sign in."""

from uuid import UUID

from marquee.contracts.base import Event


class UserRegistered(Event):
    """Somebody signed in here for the first time."""

    user_id: UUID
    username: str
    name: str
    email: str


class UserUpdated(Event):
    """Their name, user name or mail address changed at the identity provider."""

    user_id: UUID
    username: str
    name: str
    email: str
