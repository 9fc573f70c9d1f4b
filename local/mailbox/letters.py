"""Reading one mail: its parts as a page or a test wants them. Nothing in a mail is trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses
from typing import Any

_CONTENT_ID = re.compile(r"cid:([^\"'\s)>]+)")


@dataclass(frozen=True)
class Part:
    """An attachment or an inline picture, by its place in the mail."""

    number: int
    name: str
    content_type: str
    content: bytes
    content_id: str
    is_attachment: bool


class Letter:
    def __init__(self, letter_id: str, raw: bytes) -> None:
        self.id = letter_id
        self.raw = raw
        self._message: EmailMessage = BytesParser(policy=policy.default).parsebytes(raw)

    @property
    def subject(self) -> str:
        return self._header("Subject") or "(no subject)"

    @property
    def sender(self) -> str:
        return self._header("From")

    @property
    def recipients(self) -> list[str]:
        """Who it was delivered to, as the SMTP envelope said; else who it names."""
        envelope = self._header("X-Envelope-To")
        named = [envelope] if envelope else [self._header("To"), self._header("Cc")]
        return [address for _, address in getaddresses(named) if address]

    @property
    def received_at(self) -> str:
        return self._header("X-Received-At")

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, self._header_text(value)) for name, value in self._message.items()]

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def parts(self) -> list[Part]:
        bodies = {id(self._message.get_body((kind,))) for kind in ("plain", "html")}
        leaves = [part for part in self._message.walk() if not part.is_multipart() and id(part) not in bodies]
        return [_read_part(number, leaf) for number, leaf in enumerate(leaves)]

    def html_with_pictures(self, address_of: Any) -> str:
        """The HTML part with `cid:` pictures pointing at `address_of(part)`."""
        by_content_id = {part.content_id: part for part in self.parts if part.content_id}

        def replace(found: re.Match[str]) -> str:
            part = by_content_id.get(found[1])
            return address_of(part) if part else found[0]

        return _CONTENT_ID.sub(replace, self.html)

    def summary(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "subject": self.subject,
            "from": self.sender,
            "to": self.recipients,
            "received_at": self.received_at,
            "size": len(self.raw),
            "attachments": [part.name for part in self.parts if part.is_attachment],
        }

    def to_json(self) -> dict[str, Any]:
        parts = [
            {
                "number": part.number,
                "name": part.name,
                "content_type": part.content_type,
                "size": len(part.content),
                "attachment": part.is_attachment,
            }
            for part in self.parts
        ]
        headers = [{"name": name, "value": value} for name, value in self.headers]
        return {**self.summary(), "headers": headers, "text": self.text, "html": self.html, "parts": parts}

    def _header(self, name: str) -> str:
        return self._header_text(self._message.get(name, ""))

    @staticmethod
    def _header_text(value: object) -> str:
        return " ".join(str(value).split())

    def _body(self, kind: str) -> str:
        part = self._message.get_body((kind,))
        return _decode(part) if part is not None else ""


def _read_part(number: int, leaf: EmailMessage) -> Part:
    content = leaf.get_payload(decode=True)
    content_id = str(leaf.get("Content-ID", "")).strip().strip("<>")
    return Part(
        number=number,
        name=leaf.get_filename() or f"part-{number}",
        content_type=leaf.get_content_type(),
        content=content if isinstance(content, bytes) else b"",
        content_id=content_id,
        # Some senders call their inline pictures attachments; the HTML that shows them knows better.
        is_attachment=leaf.get_content_disposition() == "attachment" and not content_id,
    )


def _decode(part: Any) -> str:
    """The text of a part; an unknown or lying charset must not make the mail unreadable."""
    content = part.get_payload(decode=True) or b""
    try:
        return str(content.decode(part.get_content_charset("utf-8")))
    except (LookupError, UnicodeDecodeError):
        return str(content.decode("utf-8", errors="replace"))
