"""Who is counted where a route is limited: the person, else the guest's browser, else the address.

@pages.post("/screenings/<uuid:screening_id>/hold", access=PUBLIC_PAGE)
@limited("60/minute")
def hold_seats(...): ...

A guest's token is signed by us, but whoever sends no cookies gets a new one: so guests are counted by their address
as well, which may ask ten times as often. A whole school may have one address.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import request, session

from marquee import limits
from marquee.auth import guest_id
from services.web.visitor import current_visitor, is_guest

View = TypeVar("View", bound=Callable[..., Any])

_GUESTS_OF_AN_ADDRESS = 10


def limited(words: str) -> Callable[[View], View]:
    """At most so many requests ("20/minute") per visitor, and ten times as many of all guests of one address."""
    amount, _, unit = words.partition("/")
    by_visitor = limits.limited(words, key=_visitor)
    by_address = limits.limited(f"{int(amount) * _GUESTS_OF_AN_ADDRESS}/{unit}", key=_guests)
    # The visitor's own count comes first: who is above it uses up nothing of the neighbours'.
    return lambda view: by_visitor(by_address(view))


def person_or_address() -> str:
    """For what nobody may do more often by sending no cookies."""
    person = current_visitor().person
    return f"person:{person.id}" if person else f"address:{request.remote_addr}"


def _visitor() -> str:
    is_known_guest = is_guest() and not current_visitor().is_signed_in
    return guest_id(session["guest"]) if is_known_guest else person_or_address()


def _guests() -> str | None:
    """People who signed in do not count among them."""
    return None if current_visitor().is_signed_in else f"guests:{request.remote_addr}"
