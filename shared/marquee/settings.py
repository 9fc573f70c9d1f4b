"""Settings come from the environment, once, typed and frozen; a start with any missing lists them all."""

import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from flask import current_app
from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import EnvSettingsSource as _Env


class SettingsError(SystemExit):
    """The process must not start; the message names every variable that is missing or wrong."""


class _SecretFiles(_Env):
    """NAME_FILE=/run/secrets/name stands for NAME=<what the file holds>."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path, key, is_complex = super().get_field_value(field, f"{field_name}_file")
        value = Path(path).read_text().strip() if path else None
        return value, field_name, is_complex and key == field_name

    def prepare_field_value(
        self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool
    ) -> Any:
        return value


class Variables(BaseSettings):
    """Reads NAME or NAME_FILE for each of its fields."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _SecretFiles(settings_cls), env_settings

    @model_validator(mode="before")
    @classmethod
    def _put_passwords_into_addresses(cls, given: dict[str, Any]) -> dict[str, Any]:
        complete = {"redis": _with_first, "rabbitmq": _with_each, "database": with_password}
        addresses = {
            f"{server}_url": put(given[f"{server}_url"], given[f"{server}_password"])
            for server, put in complete.items()
            if given.get(f"{server}_password") and given.get(f"{server}_url")
        }
        return given | addresses

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment; exit with one line per missing or unreadable variable."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(_complaint(e) for e in error.errors())) from None


class Settings(Variables):
    """What every service needs. A service's own settings.py subclasses this."""

    service: str
    port: int = 5000
    # Addresses may be written down, passwords may not: where one is given, it is put into its address.
    redis_url: str
    redis_password: str = ""
    rabbitmq_url: str | None = None
    rabbitmq_password: str = ""
    keycloak_url_external: str
    keycloak_url_internal: str
    keycloak_realm: str = "marquee"
    keycloak_client_id: str
    keycloak_client_secret: str = ""
    # Clients whose users' tokens we honour (the token's `azp`).
    token_clients: str = "marquee-web,marquee-notification"  # noqa: S105 - names, no secret
    log_level: str = "INFO"
    body_limit_bytes: int = 1_000_000
    trusted_proxies: int = 0
    rate_limits: bool = True
    # Of one person, else address, over all routes of a service; routes that cost more have limits of their own.
    rate_limit: str = "3000/minute, 60000/hour, 500000/day"

    @property
    def issuer(self) -> str:
        """The `iss` of tokens: always the public address, whichever way we reach Keycloak."""
        return f"{self.keycloak_url_external.rstrip('/')}/realms/{self.keycloak_realm}"

    @classmethod
    def current(cls) -> Self:
        """Those of the app that answers this request."""
        found: Self = current_app.extensions["marquee.settings"]
        return found

    @property
    def issuer_internal(self) -> str:
        return f"{self.keycloak_url_internal.rstrip('/')}/realms/{self.keycloak_realm}"


class DatabaseSettings(Settings):
    """For the services that own a database."""

    database_url: str
    database_password: str = ""
    database_pool_size: int = 3
    # Beside these a worker holds one that listens to its outbox.
    worker_database_pool_size: int = 2


class DoorsSettings(DatabaseSettings):
    """For the services that let people in or tell them when: one number, given to all of them (docs/rules/door.md)."""

    doors_minutes: int = 30


def several(secret: str) -> list[str]:
    """A secret is a list while it is being rotated, separated by commas: the first is in use, all are accepted."""
    return [one.strip() for one in secret.split(",") if one.strip()]


def with_password(url: str, password: str) -> str:
    """`amqp://marquee@mq1,amqp://marquee@mq2` with the password in each address; one that has its own keeps it."""
    return re.sub(r"(\w+://)([^:@/,?]*)@|(\w+://)(?![^/,?]*@)", lambda found: _signed(found, password), url)


def _with_first(url: str, passwords: str) -> str:
    """Our Redis accepts every password of the list."""
    return with_password(url, several(passwords)[0])


def _with_each(url: str, passwords: str) -> str:
    """RabbitMQ knows one password of an account. Of several addresses the first that lets us in is used."""
    return ",".join(with_password(url, password) for password in several(passwords))


def _signed(found: re.Match[str], password: str) -> str:
    scheme, user = found[1] or found[3], found[2] or ""
    return f"{scheme}{user}:{quote(password, safe='')}@"


def _complaint(error: Any) -> str:
    name = str(error["loc"][0]).upper()
    return f"{name} is not set" if error["type"] == "missing" else f"{name}: {error['msg']}"
