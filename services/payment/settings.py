"""Variables of the payment service."""

from marquee.settings import DatabaseSettings, several


class PaymentSettings(DatabaseSettings):
    service: str = "payment"
    keycloak_client_id: str = "marquee-payment"
    public_url: str
    stripe_api_key: str
    stripe_api_base: str = "https://api.stripe.com"
    # Several, separated by commas, while one is being rotated.
    stripe_webhook_secret: str
    # How often an open payment is read back when no webhook told us anything.
    check_seconds: float = 60.0
    # Live mode allows 25 calls a second on one endpoint; payments are started more slowly than that.
    starts_per_second: float = 20.0
    provider_threads: int = 3
    # Webhooks are only hints; Stripe repeats one for three days at most.
    webhooks_kept_days: int = 30
    # How long one worker may be busy with a payment before another takes it over.
    lease_seconds: float = 10.0

    @property
    def webhook_secrets(self) -> list[str]:
        return several(self.stripe_webhook_secret)
