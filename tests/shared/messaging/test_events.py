"""Names, versions, envelopes and the topic rules."""

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

import pytest
from pydantic import ValidationError

from marquee.contracts.base import EVENTS, Event, json_schemas, routing_key_from
from marquee.messaging.envelope import UnreadableEvent, open_envelope, wrap
from marquee.messaging.topology import RETRY_SECONDS, SUBSCRIPTIONS, groups_for, matches, retry_level


@pytest.fixture(autouse=True)
def _unchanged_catalogue() -> Iterator[None]:
    before = dict(EVENTS)
    yield
    EVENTS.clear()
    EVENTS.update(before)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("PaymentSucceeded", "payment.succeeded"),
        ("ReservationRefundDue", "reservation.refund_due"),
        ("TicketV2Issued", "ticket.v2_issued"),
    ],
)
def test_the_routing_key_follows_from_the_name(name: str, key: str) -> None:
    assert routing_key_from(name) == key


def test_a_name_without_a_happening_is_refused() -> None:
    with pytest.raises(TypeError, match="what happened"):

        class Payment(Event):
            pass


def test_two_events_cannot_share_a_key() -> None:
    class DogBarked(Event):
        pass

    with pytest.raises(TypeError, match=r"dog\.barked is already"):

        class HoundBarked(Event):
            routing_key: ClassVar[str] = "dog.barked"

    assert EVENTS["dog.barked"] is DogBarked


def test_an_event_is_about_the_aggregate_it_names() -> None:
    class DogSlept(Event):
        dog_id: UUID

    class DogDreamt(Event):
        of: str

    assert DogSlept(dog_id=UUID(int=3)).subject() == str(UUID(int=3))
    assert DogDreamt(of="cats").subject() is None
    assert json_schemas()["dog.slept"]["schema"]["required"] == ["dog_id"]


def test_events_are_frozen() -> None:
    class DogSlept(Event):
        hours: int

    with pytest.raises(ValidationError, match="frozen"):
        DogSlept(hours=1).hours = 2


def test_an_envelope_survives_the_journey() -> None:
    class DogSlept(Event):
        version: ClassVar[int] = 3
        hours: int

    sent = wrap(DogSlept(hours=7), subject="rex", request_id="r", traceparent="t")
    envelope, event = open_envelope(sent.to_bytes())
    assert event == DogSlept(hours=7)
    assert envelope == sent
    assert (envelope.type, envelope.dataschema) == ("dog.slept", "urn:marquee:event:dog.slept:3")
    assert (envelope.subject, envelope.requestid, envelope.traceparent) == ("rex", "r", "t")


def test_a_newer_version_is_unreadable_to_an_older_reader() -> None:
    class DogSlept(Event):
        hours: int

    newer = wrap(DogSlept(hours=7)).model_copy(update={"dataschema": "urn:marquee:event:dog.slept:2"})
    with pytest.raises(UnreadableEvent, match=r"dog\.slept:2, this reader knows .*:1"):
        open_envelope(newer.to_bytes())


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("payment.*", "payment.failed", True),
        ("payment.*", "payment.failed.twice", False),
        ("payment.*", "payment", False),
        ("*.failed", "payment.failed", True),
        ("payment.failed", "payment.failed", True),
        ("payment.failed", "paymentxfailed", False),
        ("payment.#", "payment", True),
        ("payment.#", "payment.failed.twice", True),
        ("payment.#", "payments.failed", False),
        ("#", "anything.at.all", True),
        ("#.failed", "failed", True),
        ("#.failed", "card.payment.failed", True),
        ("#.failed", "payment.xfailed", False),
        ("a.#.z", "a.z", True),
        ("a.#.z", "a.b.c.z", True),
    ],
)
def test_topic_rules(pattern: str, key: str, fits: bool) -> None:
    assert matches(pattern, key) is fits


def test_every_group_is_found_for_its_keys() -> None:
    assert groups_for("ticket.issued", SUBSCRIPTIONS) == ["movies", "notification"]
    assert groups_for("nobody.cares", SUBSCRIPTIONS) == []


@pytest.mark.parametrize(("wish", "level"), [(0, 1), (1, 1), (1.5, 5), (20, 25), (3600, RETRY_SECONDS[-1])])
def test_a_wished_wait_is_rounded_up_to_a_level(wish: float, level: int) -> None:
    assert retry_level(wish) == level
