"""The secrets: files only you can reach, made once, kept for ever. Docker gets copies; `make secrets` fills gaps."""

import base64
import os
import secrets
from pathlib import Path

from swarm import Failed

FOLDER = Path(os.environ.get("SECRETS_DIR") or ".secrets")


def _word() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _ticket_key() -> str:
    return f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}"


SERVICES = ("web", "auth", "movies", "payment", "ticket", "review", "notification")
MADE = {
    "db_superuser": _word,
    **{f"db_{service}": _word for service in SERVICES if service != "web"},
    "keycloak_db": _word,
    "keycloak_admin": _word,
    **{f"client_{service}": _word for service in SERVICES},
    "redis_password": _word,
    "rabbitmq_password": _word,
    "web_secret_key": _word,
    "session_key": _fernet_key,
    "ticket_signing_keys": _ticket_key,
}
# Only others can give these. What stands in for them is for trying things out.
GIVEN = {
    "stripe_api_key": lambda: f"sk_test_{secrets.token_hex(16)}",
    "stripe_publishable_key": lambda: f"pk_test_{secrets.token_hex(16)}",
    "stripe_webhook_secret": lambda: f"whsec_{secrets.token_hex(24)}",
    "smtp_url": lambda: "smtp://mailbox:1025",
}
NAMES = (*MADE, *GIVEN)
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


def _add(name: str) -> bool:
    make = MADE.get(name) or (GIVEN[name] if os.environ.get("STAND_INS") == "1" else lambda: "")
    secret = os.environ.get(name.upper(), "") if name in GIVEN else ""
    secret = secret or make()
    if secret:
        _write(path(name), secret)
    return bool(secret)


def _write(file: Path, secret: str) -> None:
    """Complete or not at all. The folder keeps others out; the file itself may be read, because containers that get
    it without Swarm read it under an account of their own."""
    unfinished = file.with_name(f".{file.name}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "w") as output:
        output.write(secret)
    unfinished.chmod(0o444)
    unfinished.rename(file)
