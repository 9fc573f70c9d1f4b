"""The browser side: the list, one mail, its parts, and the same as JSON for tests.

A mail's HTML is shown in a frame that may run nothing and load nothing but the mail's own pictures.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from urllib.parse import quote

from flask import Flask, Response, abort, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, Forbidden

from local.mailbox.letterbox import Letterbox
from local.mailbox.letters import Letter, Part
from local.mailbox.postman import Postman

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Links in a mail open in a tab of their own, outside the sandbox; scripts, forms and trackers do not work.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "style-src 'unsafe-inline'; font-src data:; frame-ancestors 'self'"
)
PART_POLICY = "sandbox; default-src 'none'; frame-ancestors 'self'"
SHOWN_IN_PLACE = {"image/png", "image/jpeg", "image/gif", "image/webp"}
LARGEST_LIST = 500
_HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)


def create_app(letterbox: Letterbox, postman: Postman) -> Flask:
    app = Flask(__name__)
    _add_guards(app)
    _add_pages(app, letterbox)
    _add_interface(app, letterbox)
    _add_switches(app, postman)
    return app


def _add_guards(app: Flask) -> None:
    @app.before_request
    def refuse_other_sites() -> None:
        """A page elsewhere must not empty the box through the browser of whoever runs the demo."""
        foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
        if foreign and request.method not in ("GET", "HEAD"):
            raise Forbidden

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _add_pages(app: Flask, letterbox: Letterbox) -> None:
    @app.get("/")
    def show_list() -> ResponseReturnValue:
        return render_template("list.html", letters=letterbox.newest(), count=len(letterbox.ids()))

    @app.get("/messages/<letter_id>")
    def show_letter(letter_id: str) -> ResponseReturnValue:
        return render_template("letter.html", letter=_found(letterbox, letter_id))

    @app.get("/messages/<letter_id>/html")
    def show_html(letter_id: str) -> ResponseReturnValue:
        letter = _found(letterbox, letter_id)
        html = letter.html_with_pictures(lambda part: f"/messages/{letter_id}/parts/{part.number}")
        response = Response(_with_links_in_tabs(html), mimetype="text/html")
        response.headers["Content-Security-Policy"] = MAIL_POLICY
        return response

    @app.get("/messages/<letter_id>/raw")
    def show_raw(letter_id: str) -> ResponseReturnValue:
        return Response(_found(letterbox, letter_id).raw, mimetype="text/plain")

    @app.get("/messages/<letter_id>/parts/<int:number>")
    def show_part(letter_id: str, number: int) -> ResponseReturnValue:
        parts = _found(letterbox, letter_id).parts
        return _serve(parts[number]) if number < len(parts) else abort(404)

    @app.post("/empty")
    def empty_from_page() -> ResponseReturnValue:
        letterbox.empty()
        return redirect("/", 303)


def _add_interface(app: Flask, letterbox: Letterbox) -> None:
    """The same as JSON, for tests."""

    @app.get("/api/messages")
    def list_messages() -> ResponseReturnValue:
        limit = min(request.args.get("limit", 100, type=int), LARGEST_LIST)
        wanted = request.args.get("to", "").casefold()
        letters = letterbox.newest(LARGEST_LIST if wanted else limit)
        if wanted:
            letters = [one for one in letters if wanted in (address.casefold() for address in one.recipients)]
        return jsonify(
            {"count": len(letterbox.ids()), "messages": [one.summary() for one in letters[:limit]]}
        )

    @app.get("/api/messages/<letter_id>")
    def read_message(letter_id: str) -> ResponseReturnValue:
        return jsonify(_found(letterbox, letter_id).to_json())

    @app.delete("/api/messages")
    def delete_messages() -> ResponseReturnValue:
        return jsonify({"deleted": letterbox.empty()})


def _add_switches(app: Flask, postman: Postman) -> None:
    @app.get("/_control")
    def show_switches() -> ResponseReturnValue:
        return jsonify({"refuse": asdict(postman.refusal)})

    @app.post("/_control")
    def set_switches() -> ResponseReturnValue:
        wishes = request.get_json()
        if not isinstance(wishes, dict) or not isinstance(wishes.get("refuse"), dict):
            raise BadRequest('{"refuse": {"count": 3, "code": 451, "text": "try again later"}}')
        try:
            return jsonify({"refuse": asdict(postman.refuse(**wishes["refuse"]))})
        except (ValueError, TypeError) as problem:
            raise BadRequest(str(problem)) from problem

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return {"status": "ok"}


def _found(letterbox: Letterbox, letter_id: str) -> Letter:
    letter = letterbox.find(letter_id)
    return letter if letter is not None else abort(404)


def _with_links_in_tabs(html: str) -> str:
    """Put <base> behind <head>, not first: anything before the doctype would change how the mail looks."""
    base = '<base target="_blank">'
    placed, count = _HEAD.subn(lambda head: head[0] + base, html, count=1)
    return placed if count else base + html


def _serve(part: Part) -> Response:
    """Pictures and PDFs open; anything else is only ever saved, whatever type the mail claims."""
    response = Response(part.content, mimetype=part.content_type)
    opens = part.content_type in SHOWN_IN_PLACE or part.content_type == "application/pdf"
    if not opens:
        response.mimetype = "application/octet-stream"
    manner = "inline" if opens else "attachment"
    response.headers["Content-Disposition"] = f"{manner}; filename*=UTF-8''{quote(part.name, safe='')}"
    # A sandboxed PDF stays blank in Chromium; its viewer is a sandbox of its own.
    if part.content_type == "application/pdf":
        response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
    else:
        response.headers["Content-Security-Policy"] = PART_POLICY
    return response
