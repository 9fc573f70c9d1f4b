"""What the web service reads from its environment."""

from urllib.parse import urlsplit

from marquee.settings import Settings


class WebSettings(Settings):
    service: str = "web"
    keycloak_client_id: str = "marquee-web"

    secret_key: str  # several, separated by commas: the first signs, all are accepted
    public_url: str
    auth_url_external: str
    auth_url: str
    movies_url: str
    payment_url: str
    ticket_url: str
    notification_url: str
    stripe_publishable_key: str
    stripe_js_url: str = "https://js.stripe.com/v3/"

    # A page is many requests, and a school is one address: the gateway limits them, and what costs us limits itself.
    rate_limit: str = ""
    # Whole pages of people who are not signed in are kept this long.
    page_cache_seconds: float = 1.0
    # How long checkout waits for payment to prepare what the card form needs.
    payment_wait_seconds: float = 5.0

    @property
    def public_origin(self) -> str:
        return origin_of(self.public_url)

    @property
    def stripe_origin(self) -> str:
        return origin_of(self.stripe_js_url)

    @property
    def issuer_origin(self) -> str:
        return origin_of(self.keycloak_url_external)


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
