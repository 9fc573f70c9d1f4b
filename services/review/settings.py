"""Variables of the review service."""

from marquee.settings import DatabaseSettings


class ReviewSettings(DatabaseSettings):
    service: str = "review"
    keycloak_client_id: str = "marquee-review"
