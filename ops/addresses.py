"""Where the databases are: DATABASE_URL_<SERVICE> of each, or all of them by DATABASE_HOSTS (marquee.databases).

Keycloak's is named by DATABASE_URL_KEYCLOAK (as Keycloak has it: jdbc:postgresql://…, then as the role keycloak) and
DATABASE_PASSWORD_KEYCLOAK, where it shall be in the backup.
Each NAME may be given as NAME_FILE.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection
from sqlalchemy import make_url

from marquee.databases import SERVICES, address_of
from marquee.settings import several, with_password

__all__ = ["Address", "NotTold", "databases", "variable"]


class NotTold(SystemExit):
    """A variable is missing; the message names all that are."""


class Address:
    """One database, for psycopg2 and for PostgreSQL's own programs."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    @property
    def url(self) -> str:
        """With the password that the server takes just now."""
        return self._url.set(password=self.password).render_as_string(hide_password=False)

    @property
    def password(self) -> str:
        """Of several the one that fits."""
        *others, last = several(str(self._url.password or "")) or [""]
        return next((word for word in others if self._fits(word)), last)

    def connect(self, password: str | None = None) -> connection:
        """Without the time limits a service's role may have: a backup takes as long as it takes."""
        options = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c timezone=UTC"
        return psycopg2.connect(
            self.without_password(),
            password=self.password if password is None else password,
            connect_timeout=5,
            options=options,
            application_name="marquee-ops",
        )

    def without_password(self) -> str:
        """As libpq reads it, safe to be seen in a list of processes."""
        return self._url._replace(drivername="postgresql", password=None).render_as_string()

    def program_environment(self) -> dict[str, str]:
        return {**os.environ, "PGPASSWORD": self.password}

    def _fits(self, password: str) -> bool:
        try:
            self.connect(password).close()
        except psycopg2.OperationalError:
            return False
        return True


def databases(environment: Mapping[str, str] = os.environ) -> dict[str, Address]:
    """Every service's database, and Keycloak's where it is named."""
    hosts = "DATABASE_HOSTS" in environment
    urls = {name: address_of(name) if hosts else variable(_url_of(name), environment) for name in SERVICES}
    missing = [_url_of(name) for name, url in urls.items() if not url]
    if missing:
        raise NotTold(f"{', '.join(missing)}: not set")
    if keycloak := variable(_url_of("keycloak"), environment):
        password = variable("DATABASE_PASSWORD_KEYCLOAK", environment)
        keycloak = re.sub(r"^jdbc:postgresql://", "postgresql://keycloak@", keycloak)
        urls["keycloak"] = with_password(keycloak, password) if password else keycloak
    return {name: Address(url) for name, url in urls.items()}


def variable(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """NAME, or what the file says that NAME_FILE names."""
    path = environment.get(f"{name}_FILE")
    return Path(path).read_text().strip() if path else environment.get(name, "")


def _url_of(name: str) -> str:
    return f"DATABASE_URL_{name.upper()}"
