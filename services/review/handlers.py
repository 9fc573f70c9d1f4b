"""Which event does what here."""

from sqlalchemy.orm import Session

from marquee.contracts.movie import MovieAdded, MovieChanged, MovieRemoved
from marquee.contracts.ticket import TicketAdmissionUndone, TicketAdmitted
from marquee.contracts.user import UserRegistered, UserUpdated
from marquee.messaging.consumer import Handlers, Meta
from services.review.domain import copies, diary


def log_admission(session: Session, event: TicketAdmitted, _: Meta) -> None:
    diary.log_admission(session, event)


def take_back_admission(session: Session, event: TicketAdmissionUndone, _: Meta) -> None:
    diary.take_back_admission(session, event)


def keep_member(session: Session, event: UserRegistered | UserUpdated, meta: Meta) -> None:
    copies.keep_member(
        session, member_id=event.user_id, username=event.username, name=event.name, told_at=meta.time
    )


def keep_title(session: Session, event: MovieAdded, meta: Meta) -> None:
    copies.keep_title(session, movie_id=event.movie_id, title=event.title, year=event.year, told_at=meta.time)


def mark_removed(session: Session, event: MovieRemoved, meta: Meta) -> None:
    copies.mark_removed(session, movie_id=event.movie_id, told_at=meta.time)


HANDLERS: Handlers = {
    TicketAdmitted: [log_admission],
    TicketAdmissionUndone: [take_back_admission],
    UserRegistered: [keep_member],
    UserUpdated: [keep_member],
    MovieAdded: [keep_title],
    MovieChanged: [keep_title],
    MovieRemoved: [mark_removed],
}
