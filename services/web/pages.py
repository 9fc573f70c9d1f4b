"""Pages: routes that people's browsers ask for. Each declares who may see it, as the routes of an Api do.

pages = Pages("bookings", __name__)

@pages.get("/bookings", access=signed_in_page)
def my_bookings() -> str: ...
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint
from flask_babel import gettext

from marquee.auth import Access
from marquee.errors import Forbidden, Problem
from marquee.http import NeighbourAway
from services.web.visitor import current_visitor

View = TypeVar("View", bound=Callable[..., Any])


class SignInNeeded(Problem):
    """Only for people who are signed in: a page turns this into the way to sign in."""

    type, title, status = "/problems/unauthenticated", "Please sign in", 401


class Pages(Blueprint):
    """A blueprint whose routes each declare who may call them."""

    def get(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._declared(rule, "GET", **options)

    def post(self, rule: str, **options: Any) -> Callable[[View], View]:
        return self._declared(rule, "POST", **options)

    def _declared(self, rule: str, method: str, *, access: Access, **options: Any) -> Callable[[View], View]:
        register = self.route(rule, methods=[method], **options)

        def decorate(view: View) -> View:
            view.access = access  # type: ignore[attr-defined]
            register(view)
            return view

        return decorate


def role_page(*names: str) -> Access:
    """Any one of `names` (or admin): others see a page that says whom to ask."""

    def check() -> None:
        _require_sign_in()
        visitor = current_visitor()
        if not any(visitor.has(name) for name in names):
            raise Forbidden(f"This page is for people with the role {' or '.join(names)}.")

    return Access(f"role:{'|'.join(names)}", check)


def _require_sign_in() -> None:
    visitor = current_visitor()
    if visitor.is_unsure:
        # Signing in again would not help, and would lose what was typed.
        raise NeighbourAway(gettext("We cannot see who you are just now."))
    if not visitor.is_signed_in:
        raise SignInNeeded("Please sign in to see this page.")


PUBLIC_PAGE = Access("public", lambda: None)
signed_in_page = Access("signed in", _require_sign_in)
