"""Where a run happens: its folder, its ports, its addresses and its secrets."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from local.runner.keyring import Keyring
from local.runner.state import StateDir
from local.servers import Keycloak, Postgres, Valkey
from marquee.settings import several

__all__ = ["DEMO_PASSWORD", "PORTS", "SERVICES", "Site"]

DEMO_PASSWORD = "marquee-demo"  # noqa: S105 - known to everybody, the sign-in page tells it

# name: (the variable that changes it, the port it has otherwise)
PORTS = {
    "web": ("WEB_PORT", 8081),
    "auth": ("AUTH_PORT", 5001),
    "movies": ("MOVIES_PORT", 5002),
    "ticket": ("TICKET_PORT", 5003),
    "payment": ("PAYMENT_PORT", 5004),
    "review": ("REVIEW_PORT", 5005),
    "notification": ("NOTIFICATION_PORT", 5006),
    # Workers answer /healthz and /metrics there.
    "auth-worker": ("AUTH_WORKER_PORT", 5101),
    "movies-worker": ("MOVIES_WORKER_PORT", 5102),
    "ticket-worker": ("TICKET_WORKER_PORT", 5103),
    "payment-worker": ("PAYMENT_WORKER_PORT", 5104),
    "review-worker": ("REVIEW_WORKER_PORT", 5105),
    "notification-worker": ("NOTIFICATION_WORKER_PORT", 5106),
    "issuer": ("KEYCLOAK_PORT", 8180),
    "issuer-management": ("KEYCLOAK_MANAGEMENT_PORT", 8190),
    "stripe": ("STRIPE_PORT", 12111),
    "mailbox": ("MAIL_UI_PORT", 8025),
    "smtp": ("SMTP_PORT", 1025),
    "postgres": ("POSTGRES_PORT", 15432),
    "valkey": ("REDIS_PORT", 16379),
}
SERVICES = ("movies", "auth", "payment", "ticket", "review", "notification", "web")

_MAKERS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(32),
    "SESSION_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "TICKET_SIGNING_KEYS": lambda: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    "STRIPE_API_KEY": lambda: f"sk_test_{secrets.token_hex(16)}",
    "STRIPE_PUBLISHABLE_KEY": lambda: f"pk_test_{secrets.token_hex(16)}",
    "STRIPE_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_hex(24)}",
}


@dataclass(frozen=True)
class Site:
    """Where a run happens: its folder, its ports, and the variables the person set."""

    state: StateDir
    ports: Mapping[str, int]
    given: Mapping[str, str]

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.state.path / "secrets")

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.state.path / "postgres", self.ports["postgres"])

    @property
    def valkey(self) -> Valkey:
        return Valkey(self.state.path / "valkey", self.ports["valkey"])

    @property
    def keycloak(self) -> Keycloak:
        return Keycloak(
            self.state.path / "keycloak",
            self.ports["issuer"],
            management_port=self.ports["issuer-management"],
            admin=("admin", self.keyring.get("keycloak-admin-password")),
            variables=self.realm_variables,
        )

    @property
    def has_keycloak(self) -> bool:
        """IDENTITY=keycloak: the real one runs beside the suite instead of the stand-in."""
        return self.given.get("IDENTITY") == "keycloak" and self.uses("issuer")

    def uses(self, stand_in: str) -> bool:
        """Whether the stand-in is needed: the real thing takes over as soon as it is named."""
        real = {"issuer": "KEYCLOAK_URL_EXTERNAL", "stripe": "STRIPE_API_KEY", "mailbox": "SMTP_URL"}
        return not self.given.get(real[stand_in])

    def browser_url(self, name: str) -> str:
        return f"http://localhost:{self.ports[name]}"

    def internal_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def database_password(self, service: str) -> str:
        """Of several, while it is being rotated, the first is the one that counts at the server."""
        return self.keyring.get(f"database-password-{service}")

    def database_url(self, service: str) -> str:
        return self.postgres.url(service, self.database_password(service))

    def needed_ports(self) -> dict[str, int]:
        unused = {name for name in ("issuer", "stripe", "mailbox") if not self.uses(name)}
        if "mailbox" in unused:
            unused.add("smtp")
        if not self.has_keycloak:
            unused.add("issuer-management")
        return {name: port for name, port in self.ports.items() if name not in unused}

    # --- addresses -------------------------------------------------------------------------------

    @property
    def public_url(self) -> str:
        return self.given.get("PUBLIC_URL") or self.browser_url("web")

    @property
    def auth_url(self) -> str:
        return self.given.get("AUTH_URL_EXTERNAL") or self.browser_url("auth")

    @property
    def smtp_url(self) -> str:
        return self.given.get("SMTP_URL") or f"smtp://127.0.0.1:{self.ports['smtp']}"

    # --- secrets ---------------------------------------------------------------------------------

    def secret(self, variable: str) -> str:
        name = variable.lower().replace("_", "-")
        return self.given.get(variable) or self.keyring.get(name, _MAKERS[variable])

    def client_secret(self, service: str) -> str:
        return self.given.get(_client_secret_variable(service)) or self.keyring.get(
            f"client-secret-{service}"
        )

    @property
    def realm_variables(self) -> dict[str, str]:
        """What keycloak/marquee-realm.json and the demo's people leave open."""
        return {
            "MARQUEE_WEB_URL": self.public_url,
            "MARQUEE_AUTH_URL": self.auth_url,
            "MARQUEE_AUTH_INTERNAL_URL": self.internal_url("auth"),
            "MARQUEE_DEMO_PASSWORD": self.given.get("MARQUEE_DEMO_PASSWORD") or DEMO_PASSWORD,
            # The issuer knows one secret of each client; its clients know several while they are being rotated.
            **{_client_secret_variable(name): several(self.client_secret(name))[0] for name in SERVICES},
        }

    @property
    def stripe_keys(self) -> dict[str, object]:
        """Of the fake, or what the person gave for real Stripe: the two are never mixed."""
        names = ("STRIPE_API_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
        if not self.uses("stripe"):
            given = (*names, "STRIPE_API_BASE", "STRIPE_JS_URL")
            return {name: self.given[name] for name in given if self.given.get(name)}
        return {
            **{name: self.secret(name) for name in names},
            "STRIPE_API_BASE": self.internal_url("stripe"),
            "STRIPE_JS_URL": f"{self.browser_url('stripe')}/v3/",
        }


def _client_secret_variable(service: str) -> str:
    return f"MARQUEE_{service.upper()}_SECRET"  # as the realm file calls it
