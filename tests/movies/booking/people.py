"""Who books in these tests."""

from marquee.auth import Holder, Person, guest_id
from services.movies.domain.reservations import Buyer

BUYER = Buyer("ann@example.org", "Ann", "element")


def guest(name: str) -> Holder:
    return Holder((guest_id(name),))


def person(name: str, *, also_guest: str = "") -> Holder:
    ids = (f"person:{name}", guest_id(also_guest)) if also_guest else (f"person:{name}",)
    return Holder(ids, Person(id=name, roles=frozenset({"viewer"})))
