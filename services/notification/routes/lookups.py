"""For guests who lost their mail: their tickets once more."""

import hashlib

from flask import request

from marquee.addresses import mailable
from marquee.api import Answer, Api
from marquee.auth import PUBLIC
from marquee.db import transaction
from marquee.limits import limited
from services.notification.domain import lookups
from services.notification.schemas import LookupRequest

api = Api("lookups", __name__)


def address_asked_for() -> str:
    """The one that mail would go to, however it was typed. Hashed: Redis need not know whose tickets are wanted."""
    address = mailable(str(request.get_json()["email"]).strip()).lower()
    return hashlib.sha256(address.encode()).hexdigest()


# The website asks for all its guests, and counts each of them itself.
@api.post("/lookups", access=PUBLIC, answers={202: None})
@limited("300/minute")
@limited("3/hour", key=address_asked_for)
def ask_for_tickets(body: LookupRequest) -> Answer:
    """Mail the tickets of screenings to come to the address they were bought with.

    The answer is the same whether there are any or not.
    """
    with transaction() as session:
        lookups.ask(session, body.email)
    return None, 202
