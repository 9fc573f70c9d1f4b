"""Messages that make no sense are put aside, alone, and hold nothing up."""

from uuid import uuid4

import orjson
import pytest

from marquee.contracts.payment import PaymentSucceeded
from marquee.messaging.broker import connect
from marquee.messaging.envelope import wrap
from marquee.messaging.topology import SUBSCRIPTIONS
from marquee.messaging.transport import Message
from tests.faults.persistence import book
from tests.journeys.house import until

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@pytest.fixture
def broker(house):
    found = connect(None, house.suite.redis_url)
    yield found
    found.close()


def poison(routing_key: str) -> list[Message]:
    """Not JSON; JSON of nothing we know; an event of a version nobody speaks."""
    strange = wrap(PaymentSucceeded(reservation_id=uuid4(), attempt=1, amount_cents=1, currency="EUR"))
    of_tomorrow = strange.model_copy(
        update={"id": uuid4(), "dataschema": "urn:marquee:event:payment.succeeded:99"}
    )
    bodies = (b"\x00 not json", orjson.dumps({"what": "is this"}), of_tomorrow.to_bytes())
    return [Message(uuid4(), routing_key, body) for body in bodies]


def test_poison_parks_alone_while_bookings_go_on(house, broker, sound):
    keys = {service: patterns[0].replace("*", "changed") for service, patterns in SUBSCRIPTIONS.items()}
    keys |= {"review": "ticket.admitted", "notification": "ticket.issued"}
    wrong = {service: poison(key) for service, key in keys.items()}
    parked_before = {service: len(broker.parked(service, limit=1000)) for service in SUBSCRIPTIONS}
    publisher = broker.publisher()
    publisher.epoch()
    for service in SUBSCRIPTIONS:
        publisher.publish(wrong[service])
    publisher.close()

    book(house, 27, people=1)

    def parked(service: str) -> list[bytes]:
        return [one.body for one in broker.parked(service, limit=1000)][parked_before[service] :]

    sent = {message.body for messages in wrong.values() for message in messages}
    for service in SUBSCRIPTIONS:
        until(lambda at=service: len(parked(at)) >= 3, what=f"poison parked at {service}")
        assert set(parked(service)) <= sent
        until(lambda at=service: broker.lag(at).waiting == 0, what=f"nothing waiting at {service}")
    sound()
