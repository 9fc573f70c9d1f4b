"""The issuer's variables, and the `${VAR}`s the realm file takes from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_KEYCLOAK = Path(__file__).resolve().parents[2] / "keycloak"
DEFAULT_REALM_FILE = _KEYCLOAK / "marquee-realm.json"
DEMO_PEOPLE_FILE = _KEYCLOAK / "demo" / "marquee-users-0.json"
DEMO_PASSWORD = "marquee-demo"  # noqa: S105 - known to everybody, it is printed on the login page


@dataclass(frozen=True)
class Settings:
    issuer_url: str
    state_dir: Path
    realm_file: Path = DEFAULT_REALM_FILE
    port: int = 8180
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    admin_username: str = ""
    admin_password: str = field(default="", repr=False)
    password_grant: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        port = int(environment.get("PORT") or 8180)
        return cls(
            issuer_url=(environment.get("ISSUER_URL") or f"http://localhost:{port}").rstrip("/"),
            state_dir=Path(environment.get("STATE_DIR") or ".local/issuer"),
            realm_file=Path(environment.get("REALM_FILE") or DEFAULT_REALM_FILE),
            port=port,
            variables=_with_defaults(environment),
            admin_username=environment.get("KC_BOOTSTRAP_ADMIN_USERNAME") or "",
            admin_password=environment.get("KC_BOOTSTRAP_ADMIN_PASSWORD") or "",
            password_grant=environment.get("ISSUER_PASSWORD_GRANT") == "on",
        )


def _with_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """Addresses and the demo password may be left out on one machine; secrets may not."""
    auth_url = environment.get("MARQUEE_AUTH_URL") or "http://localhost:5001"
    defaults = {
        "MARQUEE_DEMO_PASSWORD": DEMO_PASSWORD,
        "MARQUEE_WEB_URL": "http://localhost:8081",
        "MARQUEE_AUTH_URL": auth_url,
        "MARQUEE_AUTH_INTERNAL_URL": auth_url,
    }
    return defaults | {name: value for name, value in environment.items() if value}
