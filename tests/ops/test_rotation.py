"""The three steps of a secret's way, that none is taken out of turn, and all of them in one go."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from ops import rotation
from ops.rotation import WrongStep, advance, rotate
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


# --- in one go ----------------------------------------------------------------------------------------------


class Crowd:
    """The programs that read a secret's file whenever it is rolled out; `leave_at` breaks a rotation off there."""

    def __init__(self, path: Path, leave_at: int = 0) -> None:
        self.path, self.seen, self.leave_at = path, list[list[str]](), leave_at

    def roll_out(self) -> None:
        if len(self.seen) + 1 == self.leave_at:
            self.leave_at = 0
            raise KeyboardInterrupt
        self.seen.append(self.path.read_text().split(","))


def go_on(
    crowd: Crowd,
    name: str = "db_movies",
    *,
    given: str = "",
    retire_now: bool = False,
    say: Callable[[str], object] = len,
) -> bool:
    return advance(
        crowd.path, name=name, given=given, roll_out=crowd.roll_out, say=say, retire_now=retire_now
    )


def test_in_one_go_no_two_programs_ever_disagree(secret: Path) -> None:
    crowd = Crowd(secret)

    assert go_on(crowd)

    new = secret.read_text()
    assert crowd.seen == [["old", new], [new, "old"], [new]]
    assert [file.name for file in secret.parent.iterdir()] == ["db_movies"]


@pytest.mark.parametrize("leave_at", [1, 2, 3])
def test_a_rotation_broken_off_anywhere_is_carried_on(secret: Path, leave_at: int) -> None:
    crowd = Crowd(secret, leave_at)
    with pytest.raises(KeyboardInterrupt):
        go_on(crowd)

    assert go_on(crowd)

    new = secret.read_text()
    assert new != "old"
    assert crowd.seen == [["old", new], [new, "old"], [new]]


def test_the_old_key_stays_as_long_as_sessions_made_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "session_key"
    path.write_text(Fernet.generate_key().decode())
    crowd, said = Crowd(path), list[str]()

    assert not go_on(crowd, "session_key", say=said.append)
    assert not go_on(crowd, "session_key")
    assert "around until" in said[-1]
    assert len(path.read_text().split(",")) == 2

    monkeypatch.setitem(rotation.KEPT, "session_key", timedelta(0))
    assert go_on(crowd, "session_key")


def test_a_ticket_key_goes_only_when_somebody_says_so(tmp_path: Path) -> None:
    path = tmp_path / "ticket_signing_keys"
    path.write_text(f"1:{'A' * 43}=")
    crowd, said = Crowd(path), list[str]()

    assert not go_on(crowd, "ticket_signing_keys", say=said.append)
    assert "RETIRE=1" in said[-1]

    assert go_on(crowd, "ticket_signing_keys", retire_now=True)
    assert SigningKeys(path.read_text()).current == 2


def test_a_list_somebody_made_by_hand_is_left_to_them(secret: Path) -> None:
    secret.write_text("new,old")

    with pytest.raises(WrongStep, match="by hand"):
        go_on(Crowd(secret))

    assert secret.read_text() == "new,old"
