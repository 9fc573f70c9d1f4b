"""Stripe's documented test cards, and what an issuing bank answers for each.

Two numbers are this stand-in's own, since Stripe has no card that settles later: 4000 0000 0000 8807 is
processing and then succeeds, 4000 0000 0000 8815 is processing and then fails.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from local.stripe_fake.errors import CardRefused


@dataclass(frozen=True)
class Decline:
    code: str
    decline_code: str
    message: str


@dataclass(frozen=True)
class Behaviour:
    """How one test card behaves from confirmation to refund."""

    decline: Decline | None = None
    asks_holder: bool = False  # 3-D Secure: the bank asks its customer first
    settles_later: bool = False
    settles_well: bool = True
    refund: str = "succeeds"  # or "pends", "fails"


def _declined(decline_code: str, message: str = "Your card was declined.") -> Decline:
    return Decline("card_declined", decline_code, message)


GENERIC = _declined("generic_decline")
NO_FUNDS = _declined("insufficient_funds", "Your card has insufficient funds.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
BANK_ERROR = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
TOO_FAST = _declined(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)

BEHAVIOURS: dict[str, Behaviour] = {
    "4000000000000002": Behaviour(decline=GENERIC),
    "4000000000009995": Behaviour(decline=NO_FUNDS),
    "4000000000009987": Behaviour(decline=_declined("lost_card")),
    "4000000000009979": Behaviour(decline=_declined("stolen_card")),
    "4000000000000069": Behaviour(decline=EXPIRED),
    "4000000000000127": Behaviour(decline=WRONG_CVC),
    "4000000000000119": Behaviour(decline=BANK_ERROR),
    "4000000000006975": Behaviour(decline=TOO_FAST),
    "4000000000000341": Behaviour(decline=GENERIC),
    "4100000000000019": Behaviour(decline=_declined("fraudulent")),
    "4000002500003155": Behaviour(asks_holder=True),
    "4000002760003184": Behaviour(asks_holder=True),
    "4000000000003220": Behaviour(asks_holder=True),
    "4000008260003178": Behaviour(asks_holder=True, decline=NO_FUNDS),
    "4000008400001629": Behaviour(asks_holder=True, decline=GENERIC),
    "4000000000007726": Behaviour(refund="pends"),
    "4000000000005126": Behaviour(refund="fails"),
    "4000000000008807": Behaviour(settles_later=True),
    "4000000000008815": Behaviour(settles_later=True, settles_well=False, decline=GENERIC),
}

TOKENS: dict[str, str] = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_mastercard_debit": "5200828282828210",
    "pm_card_mastercard_prepaid": "5105105105105100",
    "pm_card_amex": "378282246310005",
    "pm_card_discover": "6011111111111117",
    "pm_card_diners": "3056930009020004",
    "pm_card_jcb": "3566002020360505",
    "pm_card_unionpay": "6200000000000005",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_radarBlock": "4100000000000019",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_threeDSecureRequired": "4000000000003220",
    "pm_card_threeDSecureRequiredChargeDeclined": "4000008400001629",
    "pm_card_threeDSecureOptional": "4000000000003055",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_processing": "4000000000008807",
    "pm_card_processingFails": "4000000000008815",
}

_BRANDS = (
    ("amex", ("34", "37"), (15,)),
    ("visa", ("4",), (16,)),
    ("mastercard", ("51", "52", "53", "54", "55", "22", "23", "24", "25", "26", "27"), (16,)),
    ("discover", ("6011", "65"), (16,)),
    ("diners", ("30", "36", "38"), (14, 16)),
    ("jcb", ("35",), (16,)),
    ("unionpay", ("62",), (16,)),
)


def behaviour_of(number: str) -> Behaviour:
    return BEHAVIOURS.get(number, Behaviour())


def brand_of(number: str) -> str:
    for brand, beginnings, _ in _BRANDS:
        if number.startswith(beginnings):
            return brand
    return "unknown"


def fingerprint_of(number: str) -> str:
    return hashlib.sha256(f"card {number}".encode()).hexdigest()[:16]


def refuse_impossible(number: str, month: int, year: int, cvc: str | None, now: float) -> None:
    """Raise CardRefused when the card's data cannot be right, in the order Stripe checks."""
    if not _has_possible_number(number):
        raise CardRefused("Your card number is incorrect.", code="incorrect_number", param="number")
    if not 1 <= month <= 12:
        raise CardRefused(
            "Your card's expiration month is invalid.", code="invalid_expiry_month", param="exp_month"
        )
    today = datetime.fromtimestamp(now, UTC)
    if year < today.year or year > today.year + 50:
        raise CardRefused(
            "Your card's expiration year is invalid.", code="invalid_expiry_year", param="exp_year"
        )
    if (year, month) < (today.year, today.month):
        raise CardRefused(
            "Your card's expiration month is invalid.", code="invalid_expiry_month", param="exp_month"
        )
    if cvc is not None and not _has_possible_cvc(number, cvc):
        raise CardRefused("Your card's security code is invalid.", code="invalid_cvc", param="cvc")


def _has_possible_number(number: str) -> bool:
    if not (number.isascii() and number.isdigit() and _passes_luhn(number)):
        return False
    return any(number.startswith(beginnings) and len(number) in lengths for _, beginnings, lengths in _BRANDS)


def _has_possible_cvc(number: str, cvc: str) -> bool:
    return cvc.isascii() and cvc.isdigit() and len(cvc) == (4 if brand_of(number) == "amex" else 3)


def _passes_luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(int(character) for character in reversed(number)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
