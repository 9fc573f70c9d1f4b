"""Rotation on the one-machine run: the files change at once, and the next start reads them."""

from pathlib import Path

import pytest

from local.operating import operate
from local.runner.state import StateDir
from local.site import PORTS, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """One that was started before."""
    site = Site(StateDir(tmp_path), {name: port for name, (_, port) in PORTS.items()}, {})
    for service in ("movies", "web"):
        site.database_password(service)
        site.client_secret(service)
    site.secret("SESSION_KEY")
    site.secret("STRIPE_WEBHOOK_SECRET")
    return site


def rotate(site: Site, *words: str) -> int:
    return operate("rotate", site.state.path, {}, words)


def test_a_password_is_another_at_once(site: Site) -> None:
    before = site.database_password("movies")

    assert rotate(site, "db_movies") == 0

    assert site.database_password("movies") not in ("", before)
    assert "," not in site.database_password("movies")


def test_what_sessions_were_made_with_is_kept(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    before = site.secret("SESSION_KEY")

    assert rotate(site, "session_key") == 0

    assert site.secret("SESSION_KEY").split(",")[1:] == [before]
    assert "next start" in capsys.readouterr().out


def test_the_banks_secret_is_made_here_too(site: Site) -> None:
    before = site.secret("STRIPE_WEBHOOK_SECRET")

    assert rotate(site, "stripe_webhook_secret") == 0

    assert site.secret("STRIPE_WEBHOOK_SECRET") != before


def test_before_the_first_start_there_is_nothing_to_rotate(tmp_path: Path) -> None:
    assert operate("rotate", tmp_path, {}, ["db_movies"]) == 1


def test_of_two_client_secrets_the_issuer_is_told_the_one_in_use(site: Site) -> None:
    (site.state.path / "secrets" / "client-secret-web").write_text("new,old")

    assert site.realm_variables["MARQUEE_WEB_SECRET"] == "new"
    assert site.client_secret("web") == "new,old"
