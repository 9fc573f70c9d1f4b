"""Signing in and out in a browser: code flow with PKCE, state and nonce; tokens never leave the server."""

from typing import Any
from uuid import UUID

import structlog
from flask import current_app, redirect, render_template, request
from flask import session as login_cookie
from werkzeug.wrappers import Response

from marquee import cookies
from marquee.api import Answer, Api
from marquee.auth import PUBLIC, SIGNATURE
from marquee.db import transaction
from marquee.errors import Problem, Unauthenticated, render
from marquee.limits import limited
from marquee.links import is_path_of_ours
from services.auth.domain import people, sessions
from services.auth.domain.problems import LoginRefused, NoCode
from services.auth.domain.sessions import Vault
from services.auth.provider import IdentityProvider
from services.auth.schemas import Callback, LogoutForm, Next
from services.auth.settings import AuthSettings

log = structlog.get_logger(__name__)
api = Api("login", __name__)
TO_PROVIDER: dict[int, Any] = {302: {"description": "To the identity provider"}}


@api.get("/auth/login", access=PUBLIC, answers=TO_PROVIDER)
@limited("30/minute")
def login(query: Next) -> Answer:
    """To the sign-in page, and back to `next` afterwards."""
    return _begin(query.next)


@api.get("/auth/signin", access=PUBLIC, answers=TO_PROVIDER)
@limited("30/minute")
def signin(query: Next) -> Answer:
    """The same under its older name."""
    return _begin(query.next)


@api.get("/auth/register", access=PUBLIC, answers=TO_PROVIDER)
@limited("30/minute")
def register(query: Next) -> Answer:
    """To the page where somebody makes an account."""
    return _begin(query.next, register=True)


@api.get("/auth/callback", access=PUBLIC, answers={302: {"description": "Signed in, back to the website"}})
def callback(query: Callback) -> Answer:
    """Redeem the code, begin a session with a new id, go back to where the person came from."""
    if query.error == "temporarily_unavailable":
        # The form was sent twice, or the page was old: Keycloak asks us to begin again.
        return _begin(login_cookie.get("next", ""))
    if not query.code:
        # Their words go to the log: nothing says yet that the provider sent them, and our page would show anybody's.
        log.info("sign_in_not_finished", error=query.error[:40], said=query.error_description[:200])
        raise NoCode("There was no code in the answer. Please sign in again.")
    tokens, claims = _provider().redeem()
    settings = AuthSettings.current()
    verified = current_app.extensions["marquee.verifier"].verify(tokens.access)
    if verified.id != claims["sub"]:
        raise LoginRefused("The tokens belong to two different people.")
    cookie_name = cookies.session_cookie_name(settings.public_url)
    with transaction() as session:
        if replaced := request.cookies.get(cookie_name):
            # Whoever stole or still shares the old cookie does not stay signed in beside the new one.
            sessions.end_session(session, replaced, _vault())
        person = people.note_person(session, claims)
        secret = sessions.begin_session(
            session,
            person_id=person.id,
            provider_session=verified.session_id,
            tokens=tokens,
            vault=_vault(),
            settings=settings,
        )
    log.info("signed_in", person=str(person.id))
    answer = redirect(settings.public_url.rstrip("/") + (login_cookie.pop("next", "") or "/"))
    answer.set_cookie(
        cookie_name,
        secret,
        httponly=True,
        samesite="Lax",
        secure=cookies.is_secure(settings.public_url),
        path="/",
    )
    return answer


@api.get("/auth/signout", access=PUBLIC, answers={302: {"description": "To the website's sign-out page"}})
def signout() -> Answer:
    """A link cannot sign anybody out (another site could embed it): the website asks, by a form."""
    return redirect(f"{AuthSettings.current().public_url.rstrip('/')}/me")


@api.post("/auth/backchannel-logout", access=SIGNATURE, answers={200: {"description": "Sessions ended"}})
def backchannel_logout(form: LogoutForm) -> Answer:
    """The provider ended a session: ours ends with it, on every replica, before this answers."""
    try:
        claims = _provider().read_logout_token(form.logout_token)
        person_id = str(UUID(str(claims["sub"])))
    except (Unauthenticated, ValueError) as error:
        raise InvalidLogout(str(error)) from error
    with transaction() as session:
        ended = sessions.end_provider_sessions(
            session, provider_session=str(claims.get("sid", "")), person_id=person_id
        )
    log.info("signed_out_by_provider", person=person_id, sessions=ended)
    return {"ended": ended}, 200


class InvalidLogout(Problem):
    """A logout token that is not to be believed (400 by the specification, section 2.8)."""

    type, title, status = "/problems/invalid-logout-token", "That logout token is not valid", 400


def page_or_problem(problem: Problem) -> Response:
    """People see a page in the website's dress; programs get the problem itself."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html":
        return render(problem)
    public_url = AuthSettings.current().public_url.rstrip("/")
    body = render_template("problem.html", problem=problem, public_url=public_url)
    answer = current_app.response_class(
        body, status=problem.status, headers=problem.headers, content_type="text/html; charset=utf-8"
    )
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {public_url}; font-src {public_url}; frame-ancestors 'none'"
    )
    return answer


def _begin(wanted: str, *, register: bool = False) -> Response:
    login_cookie["next"] = wanted if is_path_of_ours(wanted) else "/"
    return _provider().sign_in(register=register)


def _provider() -> IdentityProvider:
    provider: IdentityProvider = current_app.extensions["auth.provider"]
    return provider


def _vault() -> Vault:
    vault: Vault = current_app.extensions["auth.vault"]
    return vault
