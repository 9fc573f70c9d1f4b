"""The secrets: files only you can reach. Docker gets copies; `make secrets` fills gaps, `make rotate` changes them."""

import os
import secrets
import sys
from pathlib import Path

from swarm import Failed

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ops.rotation import new_value

FOLDER = Path(os.environ.get("SECRETS_DIR") or ".secrets")
SERVICES = ("web", "auth", "movies", "payment", "ticket", "review", "notification")
MADE = (
    "db_superuser",
    *(f"db_{service}" for service in SERVICES if service != "web"),
    "keycloak_db",
    "keycloak_admin",
    *(f"client_{service}" for service in SERVICES),
    "redis_password",
    "rabbitmq_password",
    "rabbitmq_operators",
    "web_secret_key",
    "session_key",
    "ticket_signing_keys",
)
# Only others can give these. What stands in for them is for trying things out.
GIVEN = {
    "stripe_api_key": lambda: f"sk_test_{secrets.token_hex(16)}",
    "stripe_publishable_key": lambda: f"pk_test_{secrets.token_hex(16)}",
    "stripe_webhook_secret": lambda: f"whsec_{secrets.token_hex(24)}",
    "smtp_url": lambda: "smtp://mailbox:1025",
}
# What a server was told at its very first start and never asks for again: so that a rotation does not restart it.
FIRST = {"db_superuser_first": "db_superuser"}
NAMES = (*MADE, *GIVEN, *FIRST)
# Their provider accepts two of them at a time, so their readers need not.
REPLACED = ("stripe_api_key", "stripe_publishable_key", "smtp_url")
# Keycloak knows one of each only.
BY_HAND = ("keycloak_db", "keycloak_admin")
# Files that are there or not: with both of them the gateway speaks https.
TLS = ("tls_certificate", "tls_key")


def complete() -> None:
    """Make what can be made; say what has to be given."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    FOLDER.chmod(0o700)
    new = [name for name in NAMES if not path(name).exists() and _add(name)]
    missing = [name for name in GIVEN if not path(name).exists()]
    if missing:
        variables = " ".join(f"{name.upper()}=..." for name in missing)
        raise Failed(
            f"Marquee needs what only you can give: {', '.join(missing)}.\n"
            f"  make secrets {variables}\n"
            "or, to try everything without a bank and without sending mail:\n"
            "  make secrets STAND_INS=1   (and STAND_INS=1 with every later command, or in stack.env)"
        )
    print(f"{len(NAMES)} secrets in {FOLDER}" + (f", new: {', '.join(new)}" if new else ""))


def path(name: str) -> Path:
    return FOLDER / name


def has_tls() -> bool:
    return all(path(name).exists() for name in TLS)


def replace(name: str, secret: str) -> None:
    _write(path(name), secret)


def _add(name: str) -> bool:
    secret = _new(name)
    if secret:
        _write(path(name), secret)
    return bool(secret)


def _new(name: str) -> str:
    if name in FIRST:
        return path(FIRST[name]).read_text()
    if name in MADE:
        return new_value(name, "")
    return os.environ.get(name.upper(), "") or (GIVEN[name]() if os.environ.get("STAND_INS") == "1" else "")


def _write(file: Path, secret: str) -> None:
    """Complete or not at all. The folder keeps others out; the file itself may be read, because containers that get
    it without Swarm read it under an account of their own."""
    unfinished = file.with_name(f".{file.name}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "w") as output:
        output.write(secret)
    unfinished.chmod(0o444)
    unfinished.rename(file)
