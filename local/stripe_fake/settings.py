"""What the stand-in is told by its environment; every value has a harmless default for the local run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True)
class Settings:
    state_file: Path
    host: str = "127.0.0.1"
    port: int = 12111
    api_key: str = "sk_test_marquee"
    publishable_key: str = "pk_test_marquee"
    webhook_secret: str = "whsec_marquee"  # noqa: S105 - a test value, harmless by design
    webhook_url: str = "http://localhost:5004/webhooks/stripe"
    public_url: str = "http://localhost:12111"
    processing_seconds: float = 20.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        port = int(environment.get("PORT", cls.port))
        return cls(
            state_file=Path(environment.get("STATE_FILE", "stripe-fake.sqlite3")),
            host=environment.get("STAND_IN_HOST", cls.host),
            port=port,
            api_key=environment.get("STRIPE_API_KEY", cls.api_key),
            publishable_key=environment.get("STRIPE_PUBLISHABLE_KEY", cls.publishable_key),
            # Readers accept several secrets while one is being rotated; the sender uses the first.
            webhook_secret=environment.get("STRIPE_WEBHOOK_SECRET", cls.webhook_secret).split(",")[0].strip(),
            webhook_url=environment.get("WEBHOOK_URL", cls.webhook_url),
            public_url=environment.get("PUBLIC_URL", f"http://localhost:{port}").rstrip("/"),
            processing_seconds=float(environment.get("PROCESSING_SECONDS", cls.processing_seconds)),
        )
