"""The three steps of a secret's way, and that none is taken out of turn."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from ops.rotation import WrongStep, rotate
from services.ticket.domain.codes import SigningKeys


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "db_movies"
    path.write_text("old\n")
    path.chmod(0o600)
    return path


def test_a_secret_goes_from_old_to_new_in_three_steps(secret: Path) -> None:
    rotate("add", secret)
    old, new = secret.read_text().split(",")
    assert (old, len(new)) == ("old", 43)

    rotate("promote", secret)
    assert secret.read_text() == f"{new},old"

    rotate("retire", secret)
    assert secret.read_text() == new
    assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("value", "step"), [("old", "promote"), ("old", "retire"), ("old,new", "add")])
def test_a_step_out_of_turn_changes_nothing(secret: Path, value: str, step: str) -> None:
    secret.write_text(value)

    with pytest.raises(WrongStep):
        rotate(step, secret)

    assert secret.read_text() == value


def test_a_ticket_key_gets_the_next_number(tmp_path: Path) -> None:
    path = tmp_path / "ticket_signing_keys"
    path.write_text(f"1:{'A' * 43}=")

    rotate("add", path)
    assert SigningKeys(path.read_text()).current == 1

    rotate("promote", path)
    assert SigningKeys(path.read_text()).current == 2


def test_a_session_key_is_one_that_encrypts(tmp_path: Path) -> None:
    path = tmp_path / "session_key"
    old = Fernet.generate_key().decode()
    path.write_text(old)

    rotate("add", path)

    kept, added = path.read_text().split(",")
    assert kept == old
    assert Fernet(added).encrypt(b"a token")


def test_what_a_provider_makes_is_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / "stripe_webhook_secret"
    path.write_text("whsec_old")

    with pytest.raises(WrongStep, match="comes from its provider"):
        rotate("add", path)

    rotate("add", path, "whsec_new")
    assert path.read_text() == "whsec_old,whsec_new"
