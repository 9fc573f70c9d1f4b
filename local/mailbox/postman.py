"""The SMTP side: accepts every mail, or refuses it when a test says so."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local.mailbox.letterbox import Letterbox

LARGEST_MAIL_BYTES = 25_000_000


@dataclass(frozen=True)
class Refusal:
    """How many of the next mails are refused, and with what; -1 refuses all until changed."""

    count: int = 0
    code: int = 451
    text: str = "try again later"


class Postman:
    def __init__(self, letterbox: Letterbox) -> None:
        self._letterbox = letterbox
        self._lock = threading.Lock()
        self.refusal = Refusal()

    def refuse(self, **wishes: Any) -> Refusal:
        """Raises ValueError when the wish makes no sense."""
        unknown = set(wishes) - set(asdict(self.refusal))
        if unknown:
            raise ValueError(f"no such switch: {', '.join(sorted(unknown))}")
        refusal = Refusal(**{**asdict(Refusal()), **wishes})
        if not 400 <= int(refusal.code) <= 599:
            raise ValueError("an SMTP refusal has a code from 400 to 599")
        with self._lock:
            self.refusal = Refusal(int(refusal.count), int(refusal.code), " ".join(str(refusal.text).split()))
        return self.refusal

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        refused = self._refuses()
        if refused is not None:
            return f"{refused.code} {refused.text}"
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        letter_id = self._letterbox.put(raw, envelope.rcpt_tos)
        return f"250 kept as {letter_id}"

    def _refuses(self) -> Refusal | None:
        with self._lock:
            refusal = self.refusal
            if refusal.count == 0:
                return None
            if refusal.count > 0:
                self.refusal = Refusal(refusal.count - 1, refusal.code, refusal.text)
            return refusal


def listen(postman: Postman, host: str, port: int) -> Controller:
    return Controller(
        postman,
        hostname=host,
        port=port,
        ident="Marquee mailbox",
        data_size_limit=LARGEST_MAIL_BYTES,
        enable_SMTPUTF8=True,
    )
