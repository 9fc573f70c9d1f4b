"""The caller's inbox on the website."""

from marquee.api import Answer, Api
from marquee.auth import HOLDER, current_holder
from marquee.db import transaction
from services.notification.domain import notices
from services.notification.schemas import Inbox, NoticeShape

api = Api("inbox", __name__)


@api.get("/inbox", access=HOLDER, answers={200: Inbox})
def read_inbox() -> Answer:
    """The last fifty notices, newest first."""
    holder = current_holder()
    with transaction() as session:
        found = [NoticeShape.model_validate(notice) for notice in notices.inbox(session, holder, limit=50)]
        return Inbox(unread=notices.unread(session, holder), notices=found)


@api.post("/inbox/read", access=HOLDER, answers={204: None})
def mark_read() -> Answer:
    """All of it was seen."""
    with transaction() as session:
        notices.mark_read(session, current_holder())
