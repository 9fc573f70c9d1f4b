"""Signing in and out, and the page about oneself."""

from contextlib import suppress
from urllib.parse import quote

from flask import make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from marquee.cookies import is_secure, session_cookie_name
from marquee.http import NeighbourProblem
from marquee.links import is_path_of_ours
from services.web.clients import movies, or_without, take_along_what_was_held_as_a_guest
from services.web.pages import PUBLIC_PAGE, Pages, signed_in_page
from services.web.settings import WebSettings
from services.web.views.booking import booking_from, split_by_time
from services.web.visitor import current_visitor, is_guest, sign_out

pages = Pages("account", __name__)


@pages.get("/login", access=PUBLIC_PAGE)
def login() -> AnyResponse:
    return redirect(_auth_url("login"))


@pages.get("/register", access=PUBLIC_PAGE)
def register() -> AnyResponse:
    return redirect(_auth_url("register"))


@pages.get("/signed-in", access=PUBLIC_PAGE)
def signed_in() -> AnyResponse:
    """Where a guest comes by on the way back: what they hold is the person's from now on."""
    with suppress(NeighbourProblem):  # paying takes it along, too
        take_along_what_was_held_as_a_guest()
    return redirect(session.pop("back_to", "/"))


@pages.get("/logout", access=PUBLIC_PAGE)
def logout_typed() -> AnyResponse:
    """A link signs nobody out: to the page that has the button."""
    return redirect(url_for("account.me" if current_visitor().is_signed_in else "programme.home"))


@pages.post("/logout", access=PUBLIC_PAGE)
def logout() -> AnyResponse:
    """Ends our session, the guest's token on this device, and leads on to the issuer to end its own."""
    settings = WebSettings.current()
    ending = sign_out()
    response: AnyResponse = redirect(ending or url_for("account.signed_out"), 303)
    response.delete_cookie(
        session_cookie_name(settings.public_url),
        secure=is_secure(settings.public_url),
        httponly=True,
        samesite="Lax",
    )
    return response


@pages.get("/signed-out", access=PUBLIC_PAGE)
def signed_out() -> str:
    return render_template("views/signed_out.html")


@pages.get("/me", access=signed_in_page)
def me() -> str:
    answer = or_without(lambda: movies().my_reservations())
    to_come, _ = split_by_time([booking_from(entry) for entry in answer or []])
    return render_template("views/me.html", to_come=to_come)


@pages.get("/dashboard", access=PUBLIC_PAGE)
def dashboard() -> AnyResponse:
    """The signed-in person's own page, or the way to sign in."""
    page = render_template("views/dashboard.html")
    return make_response(page)


def _auth_url(action: str) -> str:
    wanted = request.args.get("next", "")
    path = wanted if is_path_of_ours(wanted) else "/"
    if is_guest():
        session["back_to"], path = path, url_for("account.signed_in")
    return f"{WebSettings.current().auth_url_external.rstrip('/')}/auth/{action}?next={quote(path, safe='/')}"
