"""Variables of the auth service."""

from marquee.settings import DatabaseSettings


class AuthSettings(DatabaseSettings):
    service: str = "auth"
    keycloak_client_id: str = "marquee-auth"
    # The client people sign in through; its secret lets us redeem their codes.
    login_client_id: str = "marquee-web"
    login_client_secret: str  # several, separated by commas, while it is being rotated
    # Fernet keys, newest first, separated by commas: what is stored of a session is encrypted with the first.
    session_key: str
    public_url: str
    auth_url_external: str
    session_idle_seconds: int = 1800
    session_max_seconds: int = 43_200
    # A token is renewed when less than this is left of it.
    renew_ahead_seconds: int = 20
    refresh_lease_seconds: float = 5.0
