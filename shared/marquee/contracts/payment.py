"""Asking for money, and what became of it."""

from typing import ClassVar, Literal
from uuid import UUID

from marquee.contracts.base import Event


class PaymentRequested(Event):
    """movies → payment. One per attempt; repeating it changes nothing."""

    publisher: ClassVar[str] = "movies"
    reservation_id: UUID
    attempt: int
    owner: str
    email: str
    amount_cents: int
    currency: str
    # "element": the card fields on our page. "hosted": the provider's own page, which needs no script of ours.
    method: Literal["element", "hosted"]
    description: str
    link_key: str


class PaymentCancelRequested(Event):
    """movies → payment. Make sure that nothing can be charged any more, then say payment.failed."""

    publisher: ClassVar[str] = "movies"
    reservation_id: UUID
    attempt: int


class RefundRequested(Event):
    """movies → payment. All of it, once."""

    publisher: ClassVar[str] = "movies"
    reservation_id: UUID
    reason: str


class PaymentSucceeded(Event):
    """The money is ours."""

    reservation_id: UUID
    attempt: int
    amount_cents: int
    currency: str


class PaymentDeclined(Event):
    """The bank said no; the same attempt may go on with another card."""

    reservation_id: UUID
    attempt: int
    code: str
    message: str


class PaymentFailed(Event):
    """The attempt is over and can never charge."""

    reservation_id: UUID
    attempt: int
    reason: str


class PaymentRefunded(Event):
    """The buyer has it back (the provider says so, not we)."""

    reservation_id: UUID
    amount_cents: int
    currency: str


class PaymentRefundFailed(Event):
    """The money could not be given back, and is with us: somebody has to look. It is not tried again by itself."""

    reservation_id: UUID
    reason: str
