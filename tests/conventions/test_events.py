"""Every event has somebody who publishes it and somebody who does something about it."""

import ast
import base64
from pathlib import Path

import pytest

from marquee.contracts import EVENTS
from marquee.messaging.topology import SUBSCRIPTIONS, matches
from marquee.testing.apps import settings_for_tests
from services.movies.handlers import handlers_for
from services.movies.settings import MoviesSettings
from services.notification.handlers import HANDLERS as OF_NOTIFICATION
from services.payment.handlers import HANDLERS as OF_PAYMENT
from services.review.handlers import HANDLERS as OF_REVIEW
from services.ticket.domain.codes import SigningKeys
from services.ticket.handlers import handlers as ticket_handlers
from tests.conventions.houses import SERVICES

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = {
    "movies": handlers_for(MoviesSettings(**settings_for_tests(database_url="postgresql+psycopg2://"))),
    "payment": OF_PAYMENT,
    "ticket": ticket_handlers(SigningKeys(f"1:{base64.b64encode(b'k' * 32).decode()}")),
    "review": OF_REVIEW,
    "notification": OF_NOTIFICATION,
}


def subscribers(routing_key: str) -> set[str]:
    return {
        group
        for group, patterns in SUBSCRIPTIONS.items()
        if any(matches(pattern, routing_key) for pattern in patterns)
    }


def publishers() -> dict[str, set[str]]:
    """Which services make each event, by the events' routing keys."""
    found: dict[str, set[str]] = {key: set() for key in EVENTS}
    keys = {event.__name__: key for key, event in EVENTS.items()}
    for service in SERVICES:
        for path in (ROOT / "services" / service).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in keys:
                    found[keys[node.func.id]].add(service)
    return found


def test_every_service_that_subscribes_has_its_handlers_here():
    assert set(SUBSCRIPTIONS) == set(HANDLERS)


@pytest.mark.parametrize("key", sorted(EVENTS))
def test_every_event_is_made_by_exactly_one_service(key):
    assert len(publishers()[key]) == 1


@pytest.mark.parametrize("key", sorted(EVENTS))
def test_every_event_is_handled_by_somebody_who_hears_it(key):
    assert [group for group in subscribers(key) if EVENTS[key] in HANDLERS[group]]


@pytest.mark.parametrize("service", sorted(HANDLERS))
def test_every_handler_hears_its_event(service):
    deaf = [event.routing_key for event in HANDLERS[service] if service not in subscribers(event.routing_key)]

    assert deaf == []


@pytest.mark.parametrize("service", sorted(SUBSCRIPTIONS))
def test_whoever_hears_an_event_does_something_about_it(service):
    idle = [
        key for key, event in EVENTS.items() if service in subscribers(key) and event not in HANDLERS[service]
    ]

    assert idle == []
