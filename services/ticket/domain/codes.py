"""The signed code on a ticket: what a scanner reads, and can trust without asking anybody.

Layout: version (1 byte) · key id (1) · ticket id (16) · screening id (16) · valid until (4, Unix seconds) ·
seat (UTF-8) · Ed25519 signature (64) over all before it; written as "MQ" and base32 so that a QR code can
use its compact alphanumeric mode. About 110 bytes.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

VERSION = 1
_PREFIX = "MQ"
_HEAD = struct.Struct(">BB16s16sI")
_SIGNATURE_BYTES = 64
_LONGEST_CODE = 320


class BadCode(Exception):
    """Not one of ours: forged, damaged, or something else altogether."""


@dataclass(frozen=True)
class Code:
    ticket_id: UUID
    screening_id: UUID
    seat: str
    valid_until: datetime
    key_id: int


class SigningKeys:
    """The house's keys: the newest signs, all of them verify."""

    def __init__(self, setting: str) -> None:
        """`setting` is "2:<base64 of 32 bytes>,1:…", newest first. Raises ValueError when it is not."""
        self._private: dict[int, Ed25519PrivateKey] = {}
        for part in filter(None, (p.strip() for p in setting.split(","))):
            key_id, _, seed = part.partition(":")
            self._private[_checked_id(key_id)] = Ed25519PrivateKey.from_private_bytes(
                base64.b64decode(seed, validate=True)
            )
        if not self._private:
            raise ValueError("TICKET_SIGNING_KEYS holds no key")
        self.current = next(iter(self._private))

    @property
    def public(self) -> dict[int, Ed25519PublicKey]:
        return {key_id: key.public_key() for key_id, key in self._private.items()}

    def public_base64(self) -> dict[str, str]:
        """What an offline scanner needs: key id to raw public key in base64."""
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return {
            str(key_id): base64.b64encode(key.public_bytes(*raw)).decode()
            for key_id, key in self.public.items()
        }

    def sign(self, ticket_id: UUID, screening_id: UUID, seat: str, valid_until: datetime, key_id: int) -> str:
        """The code of a ticket; always the same for the same facts (Ed25519 is deterministic)."""
        head = _HEAD.pack(VERSION, key_id, ticket_id.bytes, screening_id.bytes, int(valid_until.timestamp()))
        payload = head + seat.encode()
        return _write(payload + self._private[key_id].sign(payload))


def read_code(text: str, keys: dict[int, Ed25519PublicKey]) -> Code:
    """The facts of a code, once its signature holds. Raises BadCode."""
    raw = _read(text.strip())
    payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if len(payload) <= _HEAD.size or payload[0] != VERSION or payload[1] not in keys:
        raise BadCode("unknown version or key")
    try:
        keys[payload[1]].verify(signature, payload)
        seat = payload[_HEAD.size :].decode()
    except (InvalidSignature, UnicodeDecodeError) as error:
        raise BadCode("the signature does not hold") from error
    _, key_id, ticket, screening, until = _HEAD.unpack(payload[: _HEAD.size])
    return Code(UUID(bytes=ticket), UUID(bytes=screening), seat, datetime.fromtimestamp(until, UTC), key_id)


def _write(raw: bytes) -> str:
    return _PREFIX + base64.b32encode(raw).decode().rstrip("=")


def _read(text: str) -> bytes:
    if not text.startswith(_PREFIX) or len(text) > _LONGEST_CODE:
        raise BadCode("not a Marquee code")
    body = text.removeprefix(_PREFIX)
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError) as error:
        raise BadCode("not a Marquee code") from error
    if _write(raw) != text:
        # Spare bits of base32 could spell the same bytes in several ways; only one of them is the code.
        raise BadCode("not as we write it")
    return raw


def _checked_id(text: str) -> int:
    key_id = int(text)
    if not 1 <= key_id <= 255:
        raise ValueError("a signing key's id is 1 to 255")
    return key_id
