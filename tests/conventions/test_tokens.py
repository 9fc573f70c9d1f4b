"""The token matrix against every service: whatever is wrong with a token, the door stays shut."""

import pytest

from marquee.migrate import SERVICES as WITH_DATABASE
from marquee.testing.bad_tokens import bad_tokens

# One route a signed-in person may call, by service; web takes no bearer tokens at all.
CLOSED = {
    "auth": "/auth/me",
    "movies": "/reservations/me",
    "payment": "/payments/00000000-0000-4000-8000-000000000001",
    "ticket": "/reservations/00000000-0000-4000-8000-000000000001/tickets",
    "review": "/diary/me",
    "notification": "/inbox",
}


def test_every_service_has_a_closed_route_here():
    assert set(CLOSED) == set(WITH_DATABASE)


@pytest.mark.parametrize("service", sorted(CLOSED))
def test_a_good_token_opens_the_door(apps, mint, service):
    answer = apps[service].test_client().get(CLOSED[service], headers=mint.headers(roles=["viewer"]))

    assert answer.status_code in (200, 404)


@pytest.mark.parametrize("service", sorted(CLOSED))
def test_no_bad_token_opens_it(apps, mint, service):
    client = apps[service].test_client()
    wrong = bad_tokens(mint, audience=f"marquee-{service}")
    answers = {
        case: client.get(CLOSED[service], headers={"Authorization": f"Bearer {token}"}).status_code
        for case, token in wrong.items()
    }

    assert len(answers) >= 20
    assert {case: code for case, code in answers.items() if code != 401} == {}


@pytest.mark.parametrize("service", sorted(CLOSED))
@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic dmlvbGE6dmlvbGE=", "bearer a b", "Token x"]
)
def test_a_header_of_another_kind_does_not_either(apps, service, header):
    answer = apps[service].test_client().get(CLOSED[service], headers={"Authorization": header})

    assert answer.status_code == 401
