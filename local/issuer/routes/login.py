"""Signing in: the authorization endpoint and the login form behind it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from local.issuer.issuer import current_issuer
from local.issuer.pending import Pending
from local.issuer.people import User, password_matches
from local.issuer.routes.authorization import (
    Refused,
    addressed_client,
    checked_request,
    with_code,
    with_error,
)
from local.issuer.routes.cookies import browser_id, signed_in_session
from local.issuer.routes.under_way import (
    address,
    begin,
    begun_login,
    client_of,
    form_action,
    registration_is_open,
    signed_in,
)
from local.issuer.sessions import Session

login = Blueprint("login", __name__, url_prefix="/realms/<realm>")

INVALID = "Invalid username or password."
DISABLED = "Account is disabled, contact your administrator."
STALE = "Action expired. Please continue with login now."
TIMED_OUT = "Your login attempt timed out. Login will start from the beginning."
AGAIN = "Please re-authenticate to continue"
LOGIN_SECONDS = 1800


@login.route("/protocol/openid-connect/auth", methods=["GET", "POST"])
def authorize() -> ResponseReturnValue:
    asked = request.values.to_dict()
    client = addressed_client(current_issuer(), asked)
    try:
        wanted = checked_request(asked)
    except Refused as refused:
        return with_error(asked, refused.error, refused.description)
    prompts = asked.get("prompt", "").split()
    if "create" in prompts:
        return begin(wanted, "registration.register")
    session = signed_in_session()
    if session and not _must_sign_in_again(session, prompts, asked.get("max_age")):
        if _is_enabled(session):
            return with_code(client, session, wanted)
        session = None
    if "none" in prompts:
        return with_error(asked, "login_required")
    pending = current_issuer().pending.open(
        browser_id(), wanted | ({"again": session.sid} if session else {})
    )
    return login_form(pending, alert=AGAIN if session else "")


@login.get("/protocol/openid-connect/registrations")
def registrations() -> ResponseReturnValue:
    asked = request.args.to_dict()
    addressed_client(current_issuer(), asked)
    try:
        return begin(checked_request(asked), "registration.register")
    except Refused as refused:
        return with_error(asked, refused.error, refused.description)


@login.route("/login-actions/authenticate", methods=["GET", "POST"])
def authenticate() -> ResponseReturnValue:
    issuer, pending = current_issuer(), begun_login()
    if pending.done:
        return with_error(pending.request, "temporarily_unavailable", "authentication_expired")
    if issuer.pending.age_seconds(pending) > LOGIN_SECONDS:
        return login_form(pending, alert=TIMED_OUT)
    if request.method == "GET":
        return login_form(pending, alert=STALE if "stale" in request.args else "")
    if not pending.accepts(request.args.get("session_code", "")):
        return redirect(url_for(".authenticate", **address(pending), stale="1"))
    return _check_login(pending)


def login_form(
    pending: Pending, *, alert: str = "", error: str = "", username: str = ""
) -> ResponseReturnValue:
    issuer = current_issuer()
    renewed = issuer.pending.renew(pending)
    user = _person_again(pending)
    return render_template(
        "login.html",
        action=form_action(".authenticate", renewed),
        register_url=url_for("registration.register", **address(renewed)) if registration_is_open() else "",
        alert=alert,
        error=error,
        username=user.username if user else username,
        again=user is not None,
        demo_people=issuer.realm.users,
        demo_password=issuer.settings.variables["MARQUEE_DEMO_PASSWORD"],
        back_url=client_of(pending).base_url,
    )


def _check_login(pending: Pending) -> ResponseReturnValue:
    issuer = current_issuer()
    again = _person_again(pending)
    username = request.form.get("username", "").strip()
    user = again or issuer.people.named(username)
    # The password is looked at in every case, so that neither text nor time tells what was wrong.
    locked = user is not None and issuer.guard.is_locked(user.id)
    matches = password_matches(user, request.form.get("password", ""))
    if user is None or locked or not matches:
        if user and not locked:
            issuer.guard.record_failure(user.id)
        return login_form(pending, error=INVALID, username=username)
    if not user.enabled:
        return login_form(pending, alert=DISABLED, username=username)
    issuer.guard.forgive(user.id)
    return signed_in(pending, user, remembered=request.form.get("rememberMe") == "on")


def _must_sign_in_again(session: Session, prompts: list[str], max_age: str | None) -> bool:
    if "login" in prompts:
        return True
    if max_age is None or not max_age.isdigit():
        return False
    # In whole seconds, and only what is older: so max_age=0 lets pass who has signed in just now.
    return int(current_issuer().clock()) - int(session.auth_time) > int(max_age)


def _is_enabled(session: Session) -> bool:
    user = current_issuer().people.find(session.user_id)
    return user is not None and user.enabled


def _person_again(pending: Pending) -> User | None:
    issuer = current_issuer()
    session = issuer.sessions.find(pending.request.get("again", ""))
    return issuer.people.find(session.user_id) if session else None
