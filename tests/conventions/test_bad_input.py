"""What no service may choke on: a clear problem, nothing changed, never a 500."""

import pytest

from marquee.migrate import SERVICES as WITH_DATABASE

ID = "00000000-0000-4000-8000-000000000001"
NUL = [
    ("auth", "GET", "/people?q=%00", None),
    ("auth", "POST", "/internal/sessions/resolve", {"session": "\0" * 30}),
    ("movies", "GET", "/movies?q=%00", None),
    ("movies", "GET", "/programme?cinema=%00", None),
    ("movies", "POST", "/movies", {"title": "a\0b", "runtime_minutes": 90}),
    ("movies", "POST", "/reservations", {"hold_id": ID, "email": "a\0b@example.org"}),
    ("movies", "POST", f"/screenings/{ID}/holds", {"seats": [{"seat": "A\0"}]}),
    ("payment", "GET", f"/payments/{ID}?key=%00", None),
    ("ticket", "GET", f"/reservations/{ID}/tickets?key=%00", None),
    ("ticket", "POST", f"/door/admissions/{ID}/undo", {"reason": "a\0bc"}),
    ("notification", "POST", "/lookups", {"email": "a\0b@example.org"}),
    ("review", "GET", "/diary/me?before=%00", None),
]
# A route per service that takes JSON.
JSON_ROUTES = {
    "auth": "/internal/sessions/resolve",
    "movies": "/reservations",
    "ticket": "/door/scans",
    "notification": "/lookups",
}


@pytest.fixture
def admin(mint):
    def headers_for(service):
        permissions = {f"marquee-{service}": {"roles": ["tickets.read", "sessions.read"]}}
        return mint.headers(roles=["admin", "staff", "editor"], resource_access=permissions)

    return headers_for


@pytest.mark.parametrize(("service", "method", "path", "body"), NUL)
def test_the_one_character_that_no_text_can_hold(apps, admin, service, method, path, body):
    answer = apps[service].test_client().open(path, method=method, json=body, headers=admin(service))

    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("service", sorted(JSON_ROUTES))
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"surprise": 1}', "application/json", 422),
        (b'{"a": "' + b"x" * 2_000_000 + b'"}', "application/json", 413),
    ],
    ids=["broken", "empty", "not text", "deep", "form", "text", "list", "null", "nothing", "unknown", "2 MB"],
)
def test_a_body_that_is_not_what_it_should_be(apps, admin, service, body, content_type, status):
    answer = (
        apps[service]
        .test_client()
        .post(JSON_ROUTES[service], data=body, content_type=content_type, headers=admin(service))
    )

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert b"Traceback" not in answer.data


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_a_path_that_leads_nowhere_and_a_method_nobody_takes(apps, service):
    client = apps[service].test_client()

    nowhere, not_so = client.get("/nowhere"), client.delete("/healthz")

    assert (nowhere.status_code, not_so.status_code) == (404, 405)
    assert {nowhere.content_type, not_so.content_type} == {"application/problem+json"}
