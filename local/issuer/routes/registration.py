"""Making an account: the form, and what Keycloak says about each field."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from local.issuer.errors import PageError
from local.issuer.issuer import current_issuer
from local.issuer.pending import Pending
from local.issuer.people import User, UserExists
from local.issuer.routes.authorization import with_error
from local.issuer.routes.under_way import (
    address,
    begun_login,
    client_of,
    form_action,
    registration_is_open,
    signed_in,
)

registration = Blueprint("registration", __name__, url_prefix="/realms/<realm>/login-actions/registration")

Errors = dict[str, str]
_FIELDS = ("username", "email", "firstName", "lastName")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_POLICY = re.compile(r"(\w+)(?:\((\d+)\))?")
_MISSING = {
    "username": "Please specify username.",
    "email": "Please specify email.",
    "firstName": "Please specify this field.",
    "lastName": "Please specify this field.",
    "password": "Please specify password.",
}
_TAKEN = {"username": "Username already exists.", "email": "Email already exists."}


@registration.route("", methods=["GET", "POST"])
def register() -> ResponseReturnValue:
    issuer, pending = current_issuer(), begun_login()
    if not registration_is_open():
        raise PageError("Registration not allowed")
    if pending.done:
        return with_error(pending.request, "temporarily_unavailable", "authentication_expired")
    if request.method == "GET":
        return _form(pending, {})
    if not pending.accepts(request.args.get("session_code", "")):
        return redirect(url_for(".register", **address(pending)))
    errors = field_errors(request.form.to_dict(), issuer.realm.raw["passwordPolicy"])
    if not errors:
        try:
            return signed_in(pending, _create_user())
        except UserExists as taken:
            errors = {str(taken): _TAKEN[str(taken)]}
    return _form(pending, errors)


def field_errors(form: dict[str, str], policy: str) -> Errors:
    """What is wrong with each field; empty when all is well."""
    errors = {name: text for name, text in _MISSING.items() if not form.get(name, "").strip()}
    username, email, password = (form.get(name, "").strip() for name in ("username", "email", "password"))
    if username and not 3 <= len(username) <= 255:
        errors["username"] = "Length must be between 3 and 255."
    if email and (len(email) > 255 or not _EMAIL.fullmatch(email)):
        errors["email"] = "Invalid email address."
    if password and form.get("password-confirm") != form["password"]:
        errors["password-confirm"] = "Password confirmation doesn't match."
    if password and (complaint := password_complaint(form["password"], username, email, policy)):
        errors["password"] = complaint
    return errors


def password_complaint(password: str, username: str, email: str, policy: str) -> str:
    """The first rule of the realm's `passwordPolicy` that the password breaks."""
    for rule in policy.split(" and "):
        found = _POLICY.fullmatch(rule.strip())
        name, limit = (found[1], int(found[2] or 0)) if found else (rule, 0)
        broken = {
            "length": (len(password) < limit, f"minimum length {limit}."),
            "maxLength": (len(password) > limit, f"maximum length {limit}."),
            "notUsername": (password.lower() == username.lower(), "must not be equal to the username."),
            "notEmail": (password.lower() == email.lower(), "must not be equal to the email."),
        }
        is_broken, text = broken[name]
        if is_broken:
            return f"Invalid password: {text}"
    return ""


def _create_user() -> User:
    form = request.form
    # Asked before the slow hash; `create` asks again, for two people who want one name at once.
    current_issuer().people.refuse_taken(form["username"], form["email"])
    return current_issuer().people.create(
        username=form["username"],
        email=form["email"],
        first_name=form["firstName"],
        last_name=form["lastName"],
        password=form["password"],
    )


def _form(pending: Pending, errors: Errors) -> ResponseReturnValue:
    renewed = current_issuer().pending.renew(pending)
    return render_template(
        "register.html",
        action=form_action(".register", renewed),
        login_url=url_for("login.authenticate", **address(renewed)),
        errors=errors,
        given={name: request.form.get(name, "") for name in _FIELDS},
        back_url=client_of(pending).base_url,
    )
