"""An API's page for people: its openapi.json as HTML, without a script (docs/decisions/0012)."""

import base64
import hashlib

from flask import Response, render_template
from flask_openapi.openapi import OpenAPI

from marquee.api import PROBLEMS

# Nothing counts but the one style sheet that stands in the page, known by its hash.
_POLICY = (
    "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def api_page(app: OpenAPI) -> Response:
    # Drawn once: what it says never changes, and movies' takes 20 ms during which nobody else is answered.
    if "marquee.api_page" not in app.extensions:
        html = render_template("api_page.html", doc=app.api_doc, problems=PROBLEMS)
        app.extensions["marquee.api_page"] = (html, _POLICY.format(_hash_of_style(html)))
    html, policy = app.extensions["marquee.api_page"]
    return Response(
        html, headers={"Content-Security-Policy": policy}, content_type="text/html; charset=utf-8"
    )


def _hash_of_style(html: str) -> str:
    style = html.partition("<style>")[2].partition("</style>")[0]
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
