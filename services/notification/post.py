"""The post round: take a due mail, get its papers, send it, note that it went.

No transaction is open meanwhile.
"""

import threading
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import OperationalError

from marquee import logs
from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from marquee.http import NeighbourAway, NeighbourProblem
from services.notification.clients import TicketClient
from services.notification.domain import lookups, notices
from services.notification.letters import Letterhead, Papers, Reprint, lookup_message, message_of
from services.notification.mailer import MailAway, MailRefused, SmtpMailer
from services.notification.models import Mail
from services.notification.settings import NotificationSettings

log = structlog.get_logger(__name__)

CANCELLED = 410
MOST_REPRINTS = 10  # docs/rules/lookups.md


class PostRound:
    """Any number may run: a mail is leased to one at a time.

    A crash between sending and noting sends a second copy, under the same Message-ID.
    """

    def __init__(
        self, database: Database, mailer: SmtpMailer, tickets: TicketClient, settings: NotificationSettings
    ) -> None:
        self._database, self._mailer, self._tickets = database, mailer, tickets
        self._lease_seconds = settings.lease_seconds
        self._letterhead = Letterhead(
            settings.mail_from, settings.public_url.rstrip("/"), settings.doors_minutes
        )

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; outages are waited out."""
        while not stop.is_set():
            try:
                worked = self.take_one()
            except OperationalError as error:
                log.warning("database_unavailable", error=str(error).splitlines()[0])
                worked = False
            except Exception as error:  # the mail stays due; one bad row must not stop the rest
                log.error("post_round_failed", exc_info=error)
                worked = False
            if not worked:
                stop.wait(0.5)

    def take_one(self) -> bool:
        """Send one due mail; False when none was due."""
        with self._database.transaction() as session:
            mail = notices.take_due(session, lease_seconds=self._lease_seconds)
        if mail is None:
            return False
        with logs.about(mail.subject_id):
            self._deliver(mail)
        return True

    def _deliver(self, mail: Mail) -> None:
        try:
            message = self._message(mail)
            if message:
                self._mailer.send(message)
        except (MailAway, NeighbourAway, NeighbourProblem) as error:
            self._put_off(mail, error)
        except MailRefused as error:
            self._put_off(mail, error, for_good=True)
        except (
            Exception
        ) as error:  # a fault of ours: counted like any other try, or the row would come round for ever
            log.error("mail_failed", mail=str(mail.id), template=mail.template, exc_info=error)
            self._put_off(mail, error)
        else:
            self._done(mail, is_sent=message is not None)

    def _message(self, mail: Mail) -> EmailMessage | None:
        """None: there is nothing to say."""
        if mail.template == lookups.TEMPLATE:
            return self._looked_up(mail)
        return message_of(mail, self._papers(mail), self._letterhead)

    def _looked_up(self, mail: Mail) -> EmailMessage | None:
        with self._database.transaction() as session:
            bookings = lookups.bookings_to_come(session, mail.recipient)
        found = [one for one in map(self._reprint, bookings[:MOST_REPRINTS]) if one]
        more = len(bookings[MOST_REPRINTS:])
        return lookup_message(mail, found, more=more, letterhead=self._letterhead) if found else None

    def _done(self, mail: Mail, *, is_sent: bool) -> None:
        with self._database.transaction() as session:
            (notices.sent if is_sent else lookups.forget)(session, mail.id)
        log.info("mail_sent" if is_sent else "nothing_to_send", mail=str(mail.id), template=mail.template)

    def _put_off(self, mail: Mail, error: Exception, *, for_good: bool = False) -> None:
        # The server's words stay in the row: they often repeat the address, which is none of the log's business.
        log.warning("mail_not_sent", mail=str(mail.id), template=mail.template, reason=type(error).__name__)
        with self._database.transaction() as session:
            notices.not_sent(session, mail.id, error=str(error), for_good=for_good)

    def _papers(self, mail: Mail) -> Papers:
        if mail.template != "tickets":
            return Papers()
        try:
            return self._tickets.papers(BookingFacts.model_validate(mail.facts["booking"]))
        except NeighbourProblem as error:
            if error.code == CANCELLED:  # the mail still says where the booking is
                return Papers()
            raise

    def _reprint(self, booking: BookingFacts) -> Reprint | None:
        """None when it was cancelled meanwhile."""
        starts = booking.starts_at.astimezone(ZoneInfo(booking.timezone))
        try:
            return Reprint(booking, self._tickets.pdf(booking, f"tickets-{starts:%Y-%m-%d-%H%M}.pdf"))
        except NeighbourProblem as error:
            if error.code == CANCELLED:
                return None
            raise
