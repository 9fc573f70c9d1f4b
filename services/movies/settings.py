"""What the movies service reads from its environment."""

from marquee.settings import DoorsSettings


class MoviesSettings(DoorsSettings):
    service: str = "movies"
    keycloak_client_id: str = "marquee-movies"

    # The numbers of docs/rules/holds.md.
    hold_ttl_seconds: int = 600
    hold_extensions: int = 10
    seats_per_holder: int = 8
    holds_per_holder: int = 2
    sales_close_minutes_after_start: int = 10

    # The numbers of docs/rules/refunds.md.
    pay_ttl_seconds: int = 600
    decline_grace_seconds: int = 180
    pay_limit_seconds: int = 1800
    pay_max_seconds: int = 900
    cancel_until_minutes: int = 60

    # Keep the demo cinemas' schedule a fortnight ahead.
    demo_world: bool = False
    demo_seconds: float = 3600.0

    sweep_seconds: float = 1.0
    reconcile_seconds: float = 60.0
    # How long a paid booking may wait for its tickets, or for its money back, before we ask again.
    remind_seconds: int = 120
