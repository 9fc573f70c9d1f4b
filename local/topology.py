"""The one-machine run on one page: every program, its port, what it needs and when it counts as ready."""

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.processes import Command
from local.runner.keyring import Keyring
from local.runner.parts import Program, Step
from local.runner.probes import answers_http
from local.runner.state import StateDir
from local.servers import Postgres, Valkey

__all__ = ["PORTS", "SERVICES", "Site", "topology"]

ROOT = Path(__file__).resolve().parent.parent

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
    "stripe": ("STRIPE_PORT", 12111),
    "mailbox": ("MAIL_UI_PORT", 8025),
    "smtp": ("SMTP_PORT", 1025),
    "postgres": ("POSTGRES_PORT", 15432),
    "valkey": ("REDIS_PORT", 16379),
}
SERVICES = ("movies", "auth", "payment", "ticket", "review", "notification", "web")
WITH_DATABASE = tuple(name for name in SERVICES if name != "web")
WITH_WORKER = ("movies", "auth", "payment", "ticket", "review", "notification")


def topology(site: "Site") -> list[Program | Step]:
    """In the order of their start; `after` says what really has to wait."""
    return [*_servers(site), *_stand_ins(site), *_steps(site), *_services(site), *_workers(site)]


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

    def uses(self, stand_in: str) -> bool:
        """Whether the stand-in is needed: the real thing takes over as soon as it is named."""
        real = {"issuer": "KEYCLOAK_URL_EXTERNAL", "stripe": "STRIPE_API_KEY", "mailbox": "SMTP_URL"}
        return not self.given.get(real[stand_in])

    def browser_url(self, name: str) -> str:
        return f"http://localhost:{self.ports[name]}"

    def internal_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def database_password(self, service: str) -> str:
        return self.keyring.get(f"database-password-{service}")

    def database_url(self, service: str) -> str:
        return self.postgres.url(service, self.database_password(service))

    def needed_ports(self) -> dict[str, int]:
        unused = {name for name in ("issuer", "stripe", "mailbox") if not self.uses(name)}
        if "mailbox" in unused:
            unused.add("smtp")
        return {name: port for name, port in self.ports.items() if name not in unused}


# --- PostgreSQL and Valkey ---------------------------------------------------------------------------


def _servers(site: Site) -> list[Program | Step]:
    postgres, valkey = site.postgres, site.valkey
    site.state.folder("valkey")
    return [
        Step("cluster", "PostgreSQL's files", postgres.prepare),
        Program(
            "postgres", "PostgreSQL", postgres.command(), postgres.ready, ("cluster",), _at(site, "postgres")
        ),
        Program("valkey", "Valkey", valkey.command(), valkey.ready, address=_at(site, "valkey")),
    ]


# --- what stands in for Keycloak, Stripe and a mail provider -----------------------------------------


def _stand_ins(site: Site) -> list[Program | Step]:
    stand_ins = {
        "issuer": Program(
            "issuer",
            "Issuer (for Keycloak)",
            _python(
                "-m",
                "local.issuer",
                PORT=site.ports["issuer"],
                STATE_DIR=site.state.folder("issuer"),
                ISSUER_URL=site.browser_url("issuer"),
                # What keycloak/marquee-realm.json leaves open.
                MARQUEE_WEB_URL=_public_url(site),
                MARQUEE_AUTH_URL=_auth_url(site),
                MARQUEE_AUTH_INTERNAL_URL=site.internal_url("auth"),
                **{_client_secret_variable(name): _client_secret(site, name) for name in SERVICES},
            ),
            answers_http(site.ports["issuer"], "/realms/marquee/.well-known/openid-configuration"),
            address=site.browser_url("issuer"),
        ),
        "stripe": Program(
            "stripe",
            "Stripe fake",
            _python(
                "-m",
                "local.stripe_fake",
                PORT=site.ports["stripe"],
                STATE_FILE=site.state.folder("stripe") / "ledger.sqlite3",
                PUBLIC_URL=site.browser_url("stripe"),
                WEBHOOK_URL=f"{site.internal_url('payment')}/webhooks/stripe",
                **_stripe_keys(site),
            ),
            answers_http(site.ports["stripe"], "/healthz"),
            address=site.browser_url("stripe"),
        ),
        "mailbox": Program(
            "mailbox",
            "Mailbox",
            _python(
                "-m",
                "local.mailbox",
                PORT=site.ports["mailbox"],
                SMTP_PORT=site.ports["smtp"],
                STATE_DIR=site.state.folder("mailbox"),
            ),
            answers_http(site.ports["mailbox"], "/healthz"),
            address=site.browser_url("mailbox"),
        ),
    }
    return [program for name, program in stand_ins.items() if site.uses(name)]


# --- once per start ----------------------------------------------------------------------------------


def _steps(site: Site) -> list[Program | Step]:
    urls = {f"DATABASE_URL_{name.upper()}": site.database_url(name) for name in WITH_DATABASE}
    return [
        Step("fonts", "Fonts", _python("-m", "marquee.typography")),
        Step("databases", "Databases", lambda: _ensure_databases(site), ("postgres",)),
        Step("migrations", "Migrations", _python("-m", "marquee.migrate", "all", **urls), ("databases",)),
        Step(
            "demo",
            "Demo cinema",
            _python("-m", "services.movies.demo", **_environment(site, "movies")),
            ("migrations", "valkey"),
        ),
    ]


def _ensure_databases(site: Site) -> None:
    for service in WITH_DATABASE:
        site.postgres.ensure_database(service, site.database_password(service))


# --- Marquee itself ----------------------------------------------------------------------------------


def _services(site: Site) -> list[Program | Step]:
    return [
        Program(
            service,
            f"Service {service}",
            _python(
                *("-m", "gunicorn", "-c", "shared/marquee/gunicorn.py", "--graceful-timeout", "4"),
                f"services.{service}:create_app()",
                WORKER_CLASS="gevent" if service == "web" else "gthread",
                # One instance of each, and somebody who pressed Ctrl-C: nobody to hand over to.
                DRAIN_SECONDS=site.given.get("DRAIN_SECONDS") or 0,
                **_environment(site, service),
            ),
            answers_http(site.ports[service], "/readyz"),
            ("fonts", "migrations", "valkey"),
            site.browser_url(service),
        )
        for service in SERVICES
    ]


def _workers(site: Site) -> list[Program | Step]:
    return [
        Program(
            f"{service}-worker",
            f"Worker {service}",
            _python(
                *("-m", f"services.{service}.worker"),
                WORKER_PORT=site.ports[f"{service}-worker"],
                **_environment(site, service),
            ),
            answers_http(site.ports[f"{service}-worker"], "/healthz"),
            ("fonts", "migrations", "valkey"),
        )
        for service in WITH_WORKER
    ]


def _environment(site: Site, service: str) -> dict[str, object]:
    """The variables of one service: what all have, then its own."""
    issuer = site.given.get("KEYCLOAK_URL_EXTERNAL")
    environment: dict[str, object] = {
        "SERVICE": service,
        "HOST": "127.0.0.1",  # some shells have a HOST of their own
        "PORT": site.ports[service],
        "REDIS_URL": site.valkey.url(),
        "PUBLIC_URL": _public_url(site),
        "AUTH_URL_EXTERNAL": _auth_url(site),
        "KEYCLOAK_URL_EXTERNAL": issuer or site.browser_url("issuer"),
        "KEYCLOAK_URL_INTERNAL": site.given.get("KEYCLOAK_URL_INTERNAL")
        or issuer
        or site.internal_url("issuer"),
        "KEYCLOAK_REALM": site.given.get("KEYCLOAK_REALM") or "marquee",
        "KEYCLOAK_CLIENT_ID": f"marquee-{service}",
        "KEYCLOAK_CLIENT_SECRET": _client_secret(site, service),
        **{f"{name.upper()}_URL": site.internal_url(name) for name in SERVICES if name != "web"},
    }
    if service in WITH_DATABASE:
        environment["DATABASE_URL"] = site.database_url(service)
    return environment | _own_environment(site, service)


def _public_url(site: Site) -> str:
    return site.given.get("PUBLIC_URL") or site.browser_url("web")


def _auth_url(site: Site) -> str:
    return site.given.get("AUTH_URL_EXTERNAL") or site.browser_url("auth")


def _own_environment(site: Site, service: str) -> dict[str, object]:
    match service:
        case "movies":
            return {"DEMO_WORLD": "1"}
        case "web":
            return {"SECRET_KEY": _secret(site, "SECRET_KEY"), **_stripe_keys(site)}
        case "auth":
            # People sign in to auth through the client called marquee-web.
            login = {"LOGIN_CLIENT_SECRET": _client_secret(site, "web")}
            return {"SESSION_KEY": _secret(site, "SESSION_KEY"), **login}
        case "payment":
            return _stripe_keys(site)
        case "ticket":
            return {"TICKET_SIGNING_KEYS": _secret(site, "TICKET_SIGNING_KEYS")}
        case "notification":
            return {"SMTP_URL": site.given.get("SMTP_URL") or f"smtp://127.0.0.1:{site.ports['smtp']}"}
    return {}


# --- secrets -----------------------------------------------------------------------------------------

_MAKERS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(32),
    "SESSION_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "TICKET_SIGNING_KEYS": lambda: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    "STRIPE_API_KEY": lambda: f"sk_test_{secrets.token_hex(16)}",
    "STRIPE_PUBLISHABLE_KEY": lambda: f"pk_test_{secrets.token_hex(16)}",
    "STRIPE_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_hex(24)}",
}


def _secret(site: Site, variable: str) -> str:
    name = variable.lower().replace("_", "-")
    return site.given.get(variable) or site.keyring.get(name, _MAKERS[variable])


def _client_secret(site: Site, service: str) -> str:
    given = site.given.get(_client_secret_variable(service))
    return given or site.keyring.get(f"client-secret-{service}")


def _client_secret_variable(service: str) -> str:
    return f"MARQUEE_{service.upper()}_SECRET"  # as the realm file calls it


def _stripe_keys(site: Site) -> dict[str, object]:
    """Of the fake, or what the person gave for real Stripe: the two are never mixed."""
    names = ("STRIPE_API_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
    if not site.uses("stripe"):
        given = (*names, "STRIPE_API_BASE", "STRIPE_JS_URL")
        return {name: site.given[name] for name in given if site.given.get(name)}
    return {
        **{name: _secret(site, name) for name in names},
        "STRIPE_API_BASE": site.internal_url("stripe"),
        "STRIPE_JS_URL": f"{site.browser_url('stripe')}/v3/",
    }


# --- commands ----------------------------------------------------------------------------------------


def _python(*arguments: str, **environment: object) -> Command:
    path = os.pathsep.join((str(ROOT), str(ROOT / "shared")))
    settings = {name: str(value) for name, value in environment.items()}
    # Unbuffered: what a program said last must be in its log when it is killed.
    return Command((sys.executable, "-u", *arguments), {**settings, "PYTHONPATH": path}, cwd=ROOT)


def _at(site: Site, name: str) -> str:
    return f"127.0.0.1:{site.ports[name]}"
