"""What browsers may do with our pages, and which requests we take from them."""

from flask import Flask, Response, g, request
from flask_wtf import CSRFProtect

from marquee.errors import Forbidden
from services.web.settings import WebSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Stripe's own list: https://docs.stripe.com/security/guide#content-security-policy
_STRIPE_HOSTS = (
    "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com https://api.stripe.com"
)
_STRIPE_CHECKOUT = "https://checkout.stripe.com"

csrf = CSRFProtect()


class ForeignRequest(Forbidden):
    """Another site made this person's browser send it."""

    type, title = "/problems/foreign-request", "That came from another site"


def install(app: Flask) -> None:
    # Tokens live as long as the session: a page left open over lunch must still be able to buy.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)
    app.before_request(refuse_foreign_requests)
    app.after_request(_add_policy)


def refuse_foreign_requests() -> None:
    """Beside the token: browsers say where an unsafe request comes from, and it must be from our own pages."""
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignRequest("Nothing was changed. Please use the page on this site.")
    origin = request.headers.get("Origin")
    if origin is not None and origin not in _own_origins():
        raise ForeignRequest("Nothing was changed. Please use the page on this site.")


def allow_payment() -> None:
    """This page shows the provider's card fields and may lead to its own page."""
    g.allows_payment = True


def content_policy(settings: WebSettings, *, payment: bool) -> str:
    stripe = _stripe_sources(settings) if payment else ""
    forms = f"{settings.issuer_origin} " + (_stripe_forms(settings) if payment else "")
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' {stripe}",
        "style-src": "'self'",
        "img-src": f"'self' data: {'https://*.stripe.com' if payment and _is_real(settings) else ''}",
        "font-src": "'self'",
        "connect-src": f"'self' {stripe}",
        "frame-src": stripe or "'none'",
        "manifest-src": "'self'",
        # Signing out goes on to the issuer; browsers apply this rule to redirects after a form, too.
        "form-action": f"'self' {forms}",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in rules.items())


def _add_policy(response: Response) -> Response:
    if response.mimetype == "text/html":
        settings = WebSettings.current()
        policy = content_policy(settings, payment=bool(g.get("allows_payment")))
        response.headers.setdefault("Content-Security-Policy", policy)
    return response


def _own_origins() -> set[str]:
    settings = WebSettings.current()
    return {settings.public_origin, request.host_url.rstrip("/")}


def _is_real(settings: WebSettings) -> bool:
    return settings.stripe_origin == "https://js.stripe.com"


def _stripe_sources(settings: WebSettings) -> str:
    return _STRIPE_HOSTS if _is_real(settings) else settings.stripe_origin


def _stripe_forms(settings: WebSettings) -> str:
    return _STRIPE_CHECKOUT if _is_real(settings) else settings.stripe_origin
