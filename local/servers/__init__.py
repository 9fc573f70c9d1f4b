"""PostgreSQL, Valkey and Keycloak as plain child processes on 127.0.0.1."""

from .binaries import ProgramMissing, find_postgres
from .keycloak import Keycloak
from .postgres import Postgres
from .server import ServerFailed
from .valkey import Valkey

__all__ = ["Keycloak", "Postgres", "ProgramMissing", "ServerFailed", "Valkey", "find_postgres"]
