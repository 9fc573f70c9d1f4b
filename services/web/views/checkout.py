"""What checkout's script must know."""

from typing import Any

from flask_babel import gettext

from services.web.formats import currency_words
from services.web.settings import WebSettings
from services.web.views.booking import Hold
from services.web.views.script_data import clock_words, hold_data

# Where people mistype the part behind the @, and what they meant.
MAIL_HOSTS = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "proton.me",
    "protonmail.com", "gmx.de", "gmx.net", "web.de", "live.com", "me.com", "aol.com", "posteo.de", "mail.com",
)  # fmt: skip


def payment_page_data(settings: WebSettings, hold: Hold, screening: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": settings.stripe_publishable_key,
        "amount": expected_amount(hold.total_cents),
        "currency": hold.currency.lower(),
        "screening": hold.screening_id,
        "hold": hold_data(hold),
        "salesClose": screening.get("sales_close_at"),
        "returnUrl": f"{settings.public_url.rstrip('/')}/bookings/{hold.id}",
        "mailHosts": MAIL_HOSTS,
        "words": clock_words() | _words(hold),
    }


def expected_amount(cents: int) -> int:
    """In the provider's smallest unit, which is ours too, also for currencies without cents."""
    return cents


def decline_words(code: str, message: str) -> str:
    """What checkout.js says when it happens, for a page that is loaded after it."""
    if code == "payment_intent_authentication_failure":
        return str(gettext("You did not approve it at your bank."))
    return str(gettext("Your bank said no: %(reason)s", reason=message))


def _words(hold: Hold) -> dict[str, str]:
    return {
        "pay": gettext("Pay %(amount)s", amount=currency_words(hold.total_cents, hold.currency)),
        "asking": gettext("Asking your bank"),
        "declined": gettext("Your bank said no: {reason}"),
        "notApproved": gettext("You did not approve it at your bank."),
        "notPaid": gettext("The payment did not go through."),
        "nothingCharged": gettext("Nothing was charged. Try another card or wallet."),
        "letGo": gettext("These seats are not held any more. Nothing was charged."),
        "longer": gettext(
            "Nothing was charged. Your seats are held until {time}. Try another card or wallet."
        ),
        "emailNeeded": gettext("We need an address to send the ticket to, like mia@example.org."),
        "didYouMean": gettext("Did you mean"),
        "useIt": gettext("Use it"),
        "cardAway": gettext("The card form did not load. Check the connection and load this page again."),
        "unknown": gettext(
            "We are asking your bank. You can close this page: if you paid, the tickets come by mail; "
            "if not, nothing is charged."
        ),
    }
