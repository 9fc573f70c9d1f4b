"""Between our rows and Stripe: take a due payment, do its next step outside any transaction, note the news."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from marquee import live, logs
from marquee.db import Database
from services.payment.bell import Bell
from services.payment.domain import payments
from services.payment.models import Payment
from services.payment.provider import ProviderAway, ProviderBroke, ProviderRefused, Refund, StripeProvider
from services.payment.settings import PaymentSettings

log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.5


class Steps:
    """May run in any number of threads and processes: a payment is leased to one at a time."""

    def __init__(
        self,
        database: Database,
        provider: StripeProvider,
        settings: PaymentSettings,
        bell: Bell | None = None,
    ) -> None:
        self._database, self._provider, self._settings = database, provider, settings
        self._bell = bell or Bell()
        self._pace = Pace(settings.starts_per_second)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; an outage of the database or of Stripe is waited out."""
        while not stop.is_set():
            try:
                worked = self.take_one()
            except OperationalError as error:
                log.warning("database_unavailable", error=str(error).splitlines()[0])
                worked = False
                stop.wait(1)
            except Exception as error:  # the payment stays due; one bad row must not stop the rest
                log.error("payment_step_failed", exc_info=error)
                worked = False
            if not worked:
                self._bell.wait(_POLL_SECONDS)

    def take_one(self) -> bool:
        """Do one due step; False when nothing was due."""
        with self._database.transaction() as session:
            payment_id = payments.take_due(session, lease_seconds=self._settings.lease_seconds)
        if payment_id is None:
            return False
        self.advance(payment_id)
        return True

    def advance(self, payment_id: UUID, *, puts_off: bool = True) -> None:
        """The next step of one payment, with Stripe asked between two transactions.

        `puts_off`: where Stripe does not answer, the next try waits. Not for a buyer who asks besides the worker:
        however often that fails, the worker's turn comes when it would have come.
        """
        with self._database.transaction() as session:
            payment = payments.lock(session, payment_id)
            due_when_begun = payment.due_at
        with logs.about(payment.reservation_id, request=logs.request_id.get()):
            try:
                note = self._ask(payment)
            except (ProviderAway, ProviderRefused) as error:
                # Refused: nothing that we can mend by asking, so somebody has to look; it is asked again all the same.
                level = log.warning if isinstance(error, ProviderAway) else log.error
                level("payment_step_put_off", payment=str(payment.id), error=str(error))
                if puts_off:
                    self._put_off(payment.id, error, due_when_begun)
            else:
                self._note(payment.id, note, due_when_begun)

    def _put_off(self, payment_id: UUID, error: Exception, due_when_begun: datetime | None) -> None:
        with self._database.transaction() as session:
            payment = payments.lock(session, payment_id)
            if isinstance(error, ProviderRefused) and payments.needs_refund(payment):
                payments.refund_refused(session, payment, str(error), due_when_begun=due_when_begun)
            else:
                is_new = isinstance(error, ProviderBroke)
                payments.try_later(payment, due_when_begun=due_when_begun, new_key=is_new)

    def _note(self, payment_id: UUID, note: Callable[..., None], due_when_begun: datetime | None) -> None:
        with self._database.transaction() as session:
            payment = payments.lock(session, payment_id)
            note(session, payment)
            payments.done_for_now(
                payment, due_when_begun=due_when_begun, check_seconds=self._settings.check_seconds
            )
            if payment.version:
                message = {"kind": "payment", "state": payment.state}
                live.publish_after_commit(session, f"reservation:{payment.reservation_id}", message)

    def _ask(self, payment: Payment) -> Callable[..., None]:
        """Ask Stripe what the payment's state and wish call for; answers how to note it down."""
        if payment.state == "creating":
            return self._open(payment)
        if payment.state in {"open", "processing"}:
            stopping = payment.wanted in {"stopped", "refunded"}
            news = self._provider.stop(payment) if stopping else self._provider.read(payment)
            cause = "stopped" if stopping else "read back"
            return lambda session, row: payments.heard(session, row, news, cause=cause)
        if payment.state == "refunding" or payments.needs_refund(payment):
            return _note_of(self._provider.refund(payment))
        if payment.state in {"succeeded", "refunded", "refund_failed"}:
            return _note_of(self._provider.given_back(payment) or _lost(payment))
        return _nothing_new

    def _open(self, payment: Payment) -> Callable[..., None]:
        self._pace.wait()
        try:
            opened = self._provider.open(payment)
        except ProviderRefused as error:
            reason = str(error)
            log.error("payment_refused", payment=str(payment.id), error=reason)
            return lambda session, row: payments.heard(session, row, payments.News("failed"), cause=reason)
        return lambda session, row: payments.opened(
            session,
            row,
            provider_id=opened.provider_id,
            client_secret=opened.client_secret,
            hosted_url=opened.hosted_url,
        )


def _note_of(refund: Refund | None) -> Callable[..., None]:
    if refund is None:
        return _nothing_new
    return lambda session, row: payments.refund_heard(session, row, refund_id=refund.id, status=refund.status)


def _lost(payment: Payment) -> Refund | None:
    """What we called given back is not, or not any more."""
    return Refund(payment.refund_id or "", "failed") if payment.state == "refunded" else None


def _nothing_new(session: Session, payment: Payment) -> None:
    pass


class Pace:
    """At most so many starts a second from this process."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._gap
        time.sleep(max(0.0, at - now))
