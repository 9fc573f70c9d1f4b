"""Shapes of the notification service."""

from datetime import datetime
from uuid import UUID

from marquee.addresses import Email
from marquee.api import Body, Shape


class NoticeShape(Shape):
    id: UUID
    kind: str
    text: str
    link: str
    created_at: datetime
    read_at: datetime | None


class Inbox(Shape):
    unread: int
    notices: list[NoticeShape]


class LookupRequest(Body):
    email: Email
