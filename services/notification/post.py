"""The post round: take a due mail, get its papers, send it, note that it went.

No transaction is open meanwhile.
"""

import threading

import structlog
from sqlalchemy.exc import OperationalError

from marquee import logs
from marquee.contracts.reservation import BookingFacts
from marquee.db import Database
from marquee.http import NeighbourAway, NeighbourProblem
from services.notification.clients import TicketClient
from services.notification.domain import notices
from services.notification.letters import Papers, message_of
from services.notification.mailer import MailAway, MailRefused, SmtpMailer
from services.notification.models import Mail
from services.notification.settings import NotificationSettings

log = structlog.get_logger(__name__)


class PostRound:
    """Any number may run: a mail is leased to one at a time.

    A crash between sending and noting sends a second copy, under the same Message-ID.
    """

    def __init__(
        self, database: Database, mailer: SmtpMailer, tickets: TicketClient, settings: NotificationSettings
    ) -> None:
        self._database, self._mailer, self._tickets = database, mailer, tickets
        self._settings = settings

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
            mail = notices.take_due(session, lease_seconds=self._settings.lease_seconds)
        if mail is None:
            return False
        with logs.about(mail.subject_id):
            self._deliver(mail)
        return True

    def _deliver(self, mail: Mail) -> None:
        try:
            self._send(mail)
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
            with self._database.transaction() as session:
                notices.sent(session, mail.id)
            log.info("mail_sent", mail=str(mail.id), template=mail.template)

    def _send(self, mail: Mail) -> None:
        message = message_of(
            mail,
            self._papers(mail),
            sender=self._settings.mail_from,
            public_url=self._settings.public_url,
            doors_minutes=self._settings.doors_minutes,
        )
        self._mailer.send(message)

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
            if error.code == 410:  # cancelled meanwhile: the mail still says where the booking is
                return Papers()
            raise
