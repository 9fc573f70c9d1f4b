"""After a restore: what happened at Stripe since the backup, and our books do not know.

An intent or hosted page that we do not know becomes a payment that shall be stopped, and so does one that the backup
caught while it was being made. When it was faster and money came, movies is told as always, and asks for a refund of
what it never asked for. A refund that we do not know makes its payment one that shall be refunded. The
steps and the events do the rest.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import stripe
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marquee.db import Database
from services.payment.domain import payments
from services.payment.models import Payment

# A charge may be some seconds older than the row that knows it.
MARGIN = timedelta(minutes=5)
_PAGE = 100
_UNFINISHED = ("creating", "open", "processing", "refunding")
Found = TypeVar("Found")


def settle_since(database: Database, client: stripe.StripeClient, since: datetime) -> dict[str, int]:
    """Bring the books up to what Stripe says happened after `since`; answers what was found. May be repeated."""
    created = {"gte": int((since - MARGIN).timestamp())}
    v1 = client.v1
    pages = each_of(v1.checkout.sessions, created=created, status="open")
    intents, refunds = each_of(v1.payment_intents, created=created), each_of(v1.refunds, created=created)
    # Pages first: an intent that belongs to an open one goes with it.
    found = {
        "hosted pages": sum(_in(database, adopt_page, page) for page in pages),
        "payments": sum(_in(database, adopt_intent, intent) for intent in intents),
        "refunds": sum(_in(database, note_refund, refund) for refund in refunds),
    }
    database.run(_look_at_all)
    return found


def adopt_page(session: Session, page: Any) -> bool:
    return _adopt(session, page, page["id"], page["amount_total"])


def adopt_intent(session: Session, intent: Any) -> bool:
    return intent["status"] != "canceled" and _adopt(session, intent, intent["id"], intent["amount"])


def note_refund(session: Session, refund: Any) -> bool:
    """Only whole ones are ours; of others the check of the books will tell."""
    if refund["status"] not in {"pending", "succeeded"}:
        return False
    noted = session.execute(
        update(Payment)
        .where(
            Payment.intent_id == refund["payment_intent"],
            Payment.amount_cents == refund["amount"],
            Payment.state.in_(("open", "processing", "succeeded")),
            Payment.wanted != "refunded",
        )
        .values(wanted="refunded", due_at=func.now())
        .returning(Payment.id)
    )
    return noted.first() is not None


def _adopt(session: Session, thing: Any, provider_id: str, amount_cents: int) -> bool:
    about = thing["metadata"]
    if "reservation_id" not in about or "attempt" not in about:
        return False
    known = or_(Payment.provider_id == provider_id, Payment.intent_id == provider_id)
    if session.scalar(select(Payment.id).where(known)):
        return False
    begun = payments.find(session, UUID(about["reservation_id"]), attempt=int(about["attempt"]))
    if begun is not None:
        return begun.state == "creating" and _stop_begun(session, begun, provider_id)
    adopted = session.execute(
        insert(Payment)
        .values(
            reservation_id=UUID(about["reservation_id"]),
            attempt=int(about["attempt"]),
            owner="",
            link_key="",
            email="",
            method="hosted" if provider_id.startswith("cs_") else "element",
            description="found at Stripe after a restore",
            amount_cents=amount_cents,
            currency=thing["currency"].upper(),
            state="open",
            wanted="stopped",
            provider_id=provider_id,
            intent_id=provider_id if provider_id.startswith("pi_") else None,
            due_at=func.now(),
        )
        .on_conflict_do_nothing()
        .returning(Payment.id)
    )
    return adopted.first() is not None


def _stop_begun(session: Session, payment: Payment, provider_id: str) -> bool:
    payments.opened(session, payment, provider_id=provider_id, client_secret=None, hosted_url=None)
    payment.wanted = "stopped"
    payments.make_due(session, payment)
    return True


def _look_at_all(session: Session) -> None:
    session.execute(update(Payment).where(Payment.state.in_(_UNFINISHED)).values(due_at=func.now()))
    payments.wake_worker(session)


def _in(database: Database, verb: Callable[[Session, Any], Found], thing: Any) -> Found:
    return database.run(lambda session: verb(session, thing))


def each_of(resource: Any, **wanted: Any) -> Iterator[Any]:
    """Everything Stripe lists, page after page, newest first."""
    more: dict[str, Any] = {}
    while True:
        page = resource.list({"limit": _PAGE, **wanted, **more})
        yield from page["data"]
        if not page["has_more"]:
            return
        more = {"starting_after": page["data"][-1]["id"]}
