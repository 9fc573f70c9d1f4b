from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    state_dir: Path
    host: str = "127.0.0.1"
    smtp_port: int = 1025
    port: int = 8025
    keep: int = 500

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        return cls(
            state_dir=Path(environment.get("STATE_DIR", "mailbox")),
            host=environment.get("STAND_IN_HOST", cls.host),
            smtp_port=int(environment.get("SMTP_PORT", cls.smtp_port)),
            port=int(environment.get("PORT", cls.port)),
        )
