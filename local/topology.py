"""The one-machine run on one page: every program, its port, what it needs and when it counts as ready."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.processes import Command
from local.runner.parts import Program, Step
from local.runner.probes import answers_http
from local.runner.zygote import Zygote
from local.site import DEMO_PASSWORD, PORTS, SERVICES, Site
from marquee.settings import several

__all__ = ["DEMO_PASSWORD", "PORTS", "SERVICES", "Site", "forked", "topology"]

ROOT = Path(__file__).resolve().parent.parent

WITH_DATABASE = tuple(name for name in SERVICES if name != "web")
WITH_WORKER = ("movies", "auth", "payment", "ticket", "review", "notification")


def topology(site: Site) -> list[Program | Step]:
    """In the order of their start; `after` says what really has to wait."""
    return [
        *_servers(site),
        *_identity(site),
        *_stand_ins(site),
        *_steps(site),
        *_services(site),
        *_workers(site),
    ]


# --- the process our Python programs are forked from -------------------------------------------------

# What most of them import anyway. What only one service needs stays out.
_SHARED = (
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "marquee.app",
    "marquee.contracts.movie",
    "marquee.contracts.payment",
    "marquee.contracts.reservation",
    "marquee.contracts.ticket",
    "marquee.contracts.user",
    "marquee.http",
    "marquee.messaging.streams",
    "marquee.messaging.worker",
    "psycopg2.extras",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "werkzeug.serving",
)
# gevent must patch the standard library before anything is imported; fonts need none of it.
_NOT_FORKED = ("web", "movies", "fonts")


def forked(parts: Sequence[Program | Step], zygote: Zygote) -> list[Program | Step]:
    """The same parts, our Python programs among them forked from a zygote that comes first."""
    command = _python("-m", "local.runner.forking", *_SHARED)
    first = Program("zygote", "Python's libraries", command, zygote.ready, launch=zygote.start)
    return [first, *(_forked(part, zygote) if _is_python(part) else part for part in parts)]


def _forked(part: Program | Step, zygote: Zygote) -> Program | Step:
    return replace(part, launch=zygote.fork, after=(*part.after, "zygote"))


def _is_python(part: Program | Step) -> bool:
    command = part.command if isinstance(part, Program) else part.run
    own = isinstance(command, Command) and command.argv[0] == sys.executable
    return own and part.name not in _NOT_FORKED


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


# --- Keycloak, or what stands in for it ---------------------------------------------------------------


def _identity(site: Site) -> list[Program | Step]:
    if site.has_keycloak:
        keycloak, address = site.keycloak, site.browser_url("issuer")
        return [
            Step("keycloak", "Keycloak's files", keycloak.prepare),
            Program("issuer", "Keycloak", keycloak.command(), keycloak.ready, ("keycloak",), address),
            # As at every deploy: ports and the mail server may have changed since the realm was imported.
            Step(
                "realm", "Keycloak's realm", _python("-m", "marquee.realm", **_realm_job(site)), ("issuer",)
            ),
        ]
    if not site.uses("issuer"):
        return []
    return [
        Program(
            "issuer",
            "Issuer (for Keycloak)",
            _python(
                "-m",
                "local.issuer",
                PORT=site.ports["issuer"],
                STATE_DIR=site.state.folder("issuer"),
                ISSUER_URL=site.browser_url("issuer"),
                **site.realm_variables,
            ),
            answers_http(site.ports["issuer"], "/realms/marquee/.well-known/openid-configuration"),
            address=site.browser_url("issuer"),
        )
    ]


def _realm_job(site: Site) -> dict[str, object]:
    name, password = site.keycloak.admin
    return {
        **site.realm_variables,
        "KEYCLOAK_URL_INTERNAL": site.internal_url("issuer"),
        "KC_BOOTSTRAP_ADMIN_USERNAME": name,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
        "SMTP_URL": site.smtp_url,
        "VERIFY_EMAIL": "false",  # making an account should take one page here
    }


# --- what stands in for Stripe and a mail provider ---------------------------------------------------


def _stand_ins(site: Site) -> list[Program | Step]:
    stand_ins = {
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
                **site.stripe_keys,
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
        site.postgres.ensure_database(service, several(site.database_password(service))[0])


# --- Marquee itself ----------------------------------------------------------------------------------


def _services(site: Site) -> list[Program | Step]:
    return [
        Program(
            service,
            f"Service {service}",
            _python(
                *("-m", "gunicorn", "-c", "shared/marquee/gunicorn.py", "--graceful-timeout", "4"),
                f"services.{service}:create_app()",
                # One instance of each, and somebody who pressed Ctrl-C: nobody to hand over to.
                DRAIN_SECONDS=site.given.get("DRAIN_SECONDS") or 0,
                **_environment(site, service),
            ),
            answers_http(site.ports[service], "/readyz"),
            # web keeps nothing in a database, and may begin its long import while the others wait for theirs.
            ("fonts", "valkey") if service == "web" else ("fonts", "migrations", "valkey"),
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
        "PUBLIC_URL": site.public_url,
        "AUTH_URL_EXTERNAL": site.auth_url,
        "KEYCLOAK_URL_EXTERNAL": issuer or site.browser_url("issuer"),
        "KEYCLOAK_URL_INTERNAL": site.given.get("KEYCLOAK_URL_INTERNAL")
        or issuer
        or site.internal_url("issuer"),
        "KEYCLOAK_REALM": site.given.get("KEYCLOAK_REALM") or "marquee",
        "KEYCLOAK_CLIENT_ID": f"marquee-{service}",
        "KEYCLOAK_CLIENT_SECRET": site.client_secret(service),
        **{f"{name.upper()}_URL": site.internal_url(name) for name in SERVICES if name != "web"},
    }
    if service in WITH_DATABASE:
        environment["DATABASE_URL"] = site.database_url(service)
    return environment | _own_environment(site, service)


def _own_environment(site: Site, service: str) -> dict[str, object]:
    match service:
        case "movies":
            return {"DEMO_WORLD": "1"}
        case "web":
            return {"SECRET_KEY": site.secret("SECRET_KEY"), **site.stripe_keys}
        case "auth":
            # People sign in to auth through the client called marquee-web.
            login = {"LOGIN_CLIENT_SECRET": site.client_secret("web")}
            return {"SESSION_KEY": site.secret("SESSION_KEY"), **login}
        case "payment":
            return site.stripe_keys
        case "ticket":
            return {"TICKET_SIGNING_KEYS": site.secret("TICKET_SIGNING_KEYS")}
        case "notification":
            return {"SMTP_URL": site.smtp_url}
    return {}


# --- commands ----------------------------------------------------------------------------------------


def _python(*arguments: str, **environment: object) -> Command:
    path = os.pathsep.join((str(ROOT), str(ROOT / "shared")))
    settings = {name: str(value) for name, value in environment.items()}
    # Unbuffered: what a program said last must be in its log when it is killed.
    return Command((sys.executable, "-u", *arguments), {**settings, "PYTHONPATH": path}, cwd=ROOT)


def _at(site: Site, name: str) -> str:
    return f"127.0.0.1:{site.ports[name]}"
