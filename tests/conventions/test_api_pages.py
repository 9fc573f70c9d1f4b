"""Each API has a page for people, which says all that its description says."""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask

from marquee.migrate import SERVICES as WITH_DATABASE

EACH_SERVICE = pytest.mark.parametrize("service", WITH_DATABASE)


def page_of(app: Flask) -> str:
    answer = app.test_client().get("/")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    return answer.text


def described(app: Any) -> dict[tuple[str, str], dict[str, Any]]:
    paths = app.api_doc["paths"]
    return {(method.upper(), path): said for path, item in paths.items() for method, said in item.items()}


def articles(html: str) -> dict[tuple[str, str], str]:
    """What the page says of each operation."""
    parts = re.findall(r"<article>\s*<h3>([A-Z]+) <code>(.+?)</code></h3>(.*?)</article>", html, re.DOTALL)
    return {(method, unescape(path)): unescape(text) for method, path, text in parts}


@EACH_SERVICE
def test_every_operation_stands_on_the_page_of_its_api(apps, service):
    shown, wanted = articles(page_of(apps[service])), described(apps[service])

    assert shown.keys() == wanted.keys()
    for operation, said in wanted.items():
        words = [
            said.get("summary", ""),
            said["x-access"],
            *(f"<code>{parameter['name']}</code>" for parameter in said.get("parameters", [])),
            *(f"#shape-{name}" for name in shapes_of(said)),
            *(f"<b>{status}</b>" for status in said["responses"] if status < "400"),
        ]
        assert [word for word in words if word not in shown[operation]] == [], operation


@EACH_SERVICE
def test_every_operation_says_what_it_is_for(apps, service):
    assert [
        operation for operation, said in described(apps[service]).items() if not said.get("summary")
    ] == []


def shapes_of(said: dict[str, Any]) -> set[str]:
    """The shapes that an operation takes or answers; its problems are told of once for all."""
    bodies = [said.get("requestBody", {}), *(r for s, r in said["responses"].items() if s < "400")]
    return set(re.findall(r"#/components/schemas/(\w+)", str(bodies)))


@EACH_SERVICE
def test_every_shape_stands_there_with_its_fields(apps, service):
    parts = page_of(apps[service]).split('<article id="shape-')[1:]
    shown = {part.partition('"')[0]: re.findall(r"<li><code>(\w+)</code>", part) for part in parts}
    shapes = apps[service].api_doc["components"]["schemas"]

    assert shown == {name: list(shape["properties"]) for name, shape in shapes.items()}


@EACH_SERVICE
def test_the_page_says_who_may_call_what(apps, service):
    assert [operation for operation, said in described(apps[service]).items() if not said["x-access"]] == []


def test_a_role_and_a_permission_are_named_on_the_page(apps):
    movies, auth = articles(page_of(apps["movies"])), articles(page_of(apps["auth"]))

    assert "<dd>editor, or admin</dd>" in movies["POST", "/screenings"]
    assert "<dd>guests, and whoever is signed in</dd>" in movies["POST", "/screenings/{screening_id}/holds"]
    assert any("<dd>services with the permission sessions.read</dd>" in text for text in auth.values())


@EACH_SERVICE
def test_every_link_on_the_page_leads_somewhere_behind_the_gateway_too(apps, service):
    html = page_of(apps[service])
    links, ids = set(re.findall(r'(?:href|src)="(.*?)"', html)), re.findall(r'\bid="(.*?)"', html)

    assert {link for link in links if not link.startswith("#")} == {"openapi.json"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert len(ids) == len(set(ids))


@EACH_SERVICE
def test_the_page_may_do_no_more_than_look_as_it_does(apps, service):
    policy = apps[service].test_client().get("/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "<script" not in page_of(apps[service])


def test_the_websites_root_stays_the_site(apps):
    assert ("GET", "/") not in described(apps["web"])
