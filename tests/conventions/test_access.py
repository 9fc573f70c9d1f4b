"""Every route says who may call it, and what it says is what happens."""

from uuid import UUID

import pytest

from marquee.api import declared_access
from marquee.auth import HOLDER, PUBLIC, SIGNATURE
from marquee.migrate import SERVICES as WITH_DATABASE
from tests.conventions.houses import SERVICES

# Open to anybody because the caller proves itself in another way; a new one belongs on this list on purpose.
PROVEN_OTHERWISE = {
    "payment": {"payments.receive_webhook"},
    "auth": {"login.backchannel_logout"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_declares_its_access(apps, service):
    forgotten = [name for name, access in declared_access(apps[service]).items() if access is None]

    assert forgotten == []


@pytest.mark.parametrize("service", SERVICES)
def test_only_known_routes_go_by_a_signature(apps, service):
    signed = {name for name, access in declared_access(apps[service]).items() if access is SIGNATURE}

    assert signed == PROVEN_OTHERWISE.get(service, set())


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_every_closed_route_is_closed_to_strangers(apps, service):
    client, open_accesses = apps[service].test_client(), (PUBLIC, SIGNATURE)
    access_of = declared_access(apps[service])
    answers = {
        (rule.endpoint, method): client.open(address_of(rule), method=method).status_code
        for rule in apps[service].url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if access_of[rule.endpoint] not in open_accesses
    }

    assert answers
    assert set(answers.values()) <= {401}


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_a_guest_gets_only_where_guests_may_go(apps, service):
    client, access_of = apps[service].test_client(), declared_access(apps[service])
    guest = {"X-Guest-Token": "g" * 40}
    answers = {
        (rule.endpoint, method): client.open(address_of(rule), method=method, headers=guest).status_code
        for rule in apps[service].url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if access_of[rule.endpoint] not in (PUBLIC, SIGNATURE, HOLDER)
    }

    assert set(answers.values()) <= {401}


def test_a_viewer_gets_into_no_route_of_staff_or_editors(apps, mint):
    viewer = mint.headers(roles=["viewer"])
    for service in WITH_DATABASE:
        access_of = declared_access(apps[service])
        for rule in apps[service].url_map.iter_rules():
            if not access_of[rule.endpoint].name.startswith(("role:", "permission:")):
                continue
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                answer = apps[service].test_client().open(address_of(rule), method=method, headers=viewer)
                assert answer.status_code == 403, (service, rule.rule, method)


def test_no_page_takes_a_form_that_did_not_come_from_the_site(apps):
    client, web = apps["web"].test_client(), apps["web"]
    answers = [
        (rule.endpoint, client.open(address_of(rule), method=method))
        for rule in web.url_map.iter_rules()
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
    ]

    assert answers
    # Pages that need a role lead strangers to sign in before they look at any form.
    taken = [
        endpoint
        for endpoint, answer in answers
        if answer.status_code != 403 and not answer.headers.get("Location", "").startswith("/login?")
    ]
    assert taken == []


def address_of(rule) -> str:
    """The rule with a well-formed value for each of its parameters."""
    values = {name: UUID(int=1) if name.endswith("_id") else "x" for name in rule.arguments}
    _, path = rule.build(values, append_unknown=False)
    return path
