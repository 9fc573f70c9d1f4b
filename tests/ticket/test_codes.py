"""The signed code on a ticket."""

import base64
import random
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.ticket.domain.codes import BadCode, SigningKeys, read_code

UNTIL = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)


def keys(*ids: int) -> SigningKeys:
    return SigningKeys(",".join(f"{i}:{base64.b64encode(bytes([i]) * 32).decode()}" for i in ids))


def test_a_code_says_what_was_signed() -> None:
    ticket, screening = uuid4(), uuid4()
    code = keys(1).sign(ticket, screening, "G9", UNTIL, 1)

    found = read_code(code, keys(1).public)

    assert (found.ticket_id, found.screening_id, found.seat) == (ticket, screening, "G9")
    assert found.valid_until == UNTIL


def test_a_code_stays_under_200_bytes_and_in_the_compact_alphabet() -> None:
    code = keys(1).sign(uuid4(), uuid4(), "AB123", UNTIL, 1)

    assert len(code) < 200
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_ten_thousand_damaged_codes_are_all_refused() -> None:
    code = keys(1).sign(uuid4(), uuid4(), "G9", UNTIL, 1)
    public = keys(1).public
    chance = random.Random(20261121)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    accepted = 0
    for _ in range(10_000):
        place = chance.randrange(len(code))
        other = chance.choice([letter for letter in alphabet if letter != code[place]])
        try:
            read_code(code[:place] + other + code[place + 1 :], public)
            accepted += 1
        except BadCode:
            pass
    assert accepted == 0


@pytest.mark.parametrize(
    "text", ["", "MQ", "MQAAAA", "https://example.org", "MQ" + "A" * 180, "mq" * 60, "MQ1890"]
)
def test_other_texts_are_not_codes(text: str) -> None:
    with pytest.raises(BadCode):
        read_code(text, keys(1).public)


def test_old_tickets_stay_valid_when_the_key_is_rotated() -> None:
    old = keys(1).sign(uuid4(), uuid4(), "G9", UNTIL, 1)
    rotated = keys(2, 1)

    assert rotated.current == 2
    assert read_code(old, rotated.public).seat == "G9"


def test_a_key_that_was_withdrawn_opens_nothing() -> None:
    old = keys(1).sign(uuid4(), uuid4(), "G9", UNTIL, 1)

    with pytest.raises(BadCode):
        read_code(old, keys(2).public)


def test_a_code_signed_by_somebody_else_under_our_key_id_is_refused() -> None:
    theirs = SigningKeys(f"1:{base64.b64encode(b'x' * 32).decode()}")
    code = theirs.sign(uuid4(), uuid4(), "G9", UNTIL, 1)

    with pytest.raises(BadCode):
        read_code(code, keys(1).public)


@pytest.mark.parametrize("setting", ["", "1:short", "0:" + base64.b64encode(b"k" * 32).decode(), "x:y"])
def test_a_setting_without_good_keys_stops_the_start(setting: str) -> None:
    with pytest.raises(ValueError):
        SigningKeys(setting)
