"""Backed up, lost, restored, its secrets rotated: by the operator's own commands, while people book."""

import re
import subprocess
import time

import pytest
import requests

from tests.swarm.town import STACK, Booking, Load, docker, until

pytestmark = pytest.mark.swarm_long
LOOKING = ["/", "/api/movies/programme", "/movies"]
# What a fire takes. The bank, people's mailboxes and the backups are elsewhere.
LOST = ("postgres", "postgres-keycloak", "redis", "rabbitmq")


def test_a_town_that_lost_everything_comes_back_from_a_backup_made_while_people_booked(town, house):
    guest = house.guest()
    kept = guest.book(house.screening(0)["id"], people=1)
    tickets = guest.tickets(kept["id"])
    with Booking(house) as bookings:
        until(lambda: len(bookings.paid) >= 3, 120, what="bookings")
        told = town.make("backup").stdout
        before = len(bookings.paid)
        until(lambda: len(bookings.paid) >= before + 3, 120, what="bookings after the backup")
    bookings.settle()
    [name] = re.findall(r"/backups/(\S+): ", told)
    assert name in town.make("backups").stdout

    town.make("stop")
    for volume in LOST:
        docker("volume", "rm", f"{STACK}_{volume}")
    town.make("deploy")
    began = time.monotonic()
    restored = town.make("restore", FROM=name, REPLACE="1").stdout

    town.say(f"restored in {time.monotonic() - began:.0f} s", restored.splitlines()[-1])
    assert "all invariants hold, with Stripe's ledger" in restored
    assert guest.tickets(kept["id"]) == tickets
    assert "Viola" in house.sign_in("viola").get(f"{town.address}/me", timeout=20).text
    latest, lost = bookings.paid[-1]
    assert latest.at["movies"].ask("GET", f"/reservations/{lost}").status_code == 404
    assert house.net(lost) == 0
    guest.book(house.screening(1)["id"], people=1)


@pytest.mark.parametrize("secret", ["db_movies", "db_superuser", "client_web", "session_key"])
def test_a_secret_is_rotated_and_nobody_notices(town, house, secret):
    browser = house.sign_in("viola")
    before = (town.secrets / secret).read_text()
    with Load(town, LOOKING) as load, Booking(house) as bookings:
        began = time.monotonic()
        town.make("rotate", SECRET=secret)
        took = time.monotonic() - began
    bookings.settle()

    town.say(f"{secret} rotated in {took:.0f} s", f"{load}; {bookings}")
    assert not (town.secrets / secret).read_text().startswith(before)
    assert load.failed == []
    assert bookings.failed == []
    assert "Viola" in browser.get(f"{town.address}/me", timeout=20).text
    assert requests.get(f"{town.address}/api/movies/programme", timeout=20).ok


@pytest.mark.parametrize("secret", ["redis_password", "rabbitmq_password"])
def test_a_server_that_starts_again_for_its_new_password_costs_time_only(town, house, secret):
    with Load(town, LOOKING) as load, Booking(house, patience=60) as bookings:
        town.make("rotate", SECRET=secret)
    bookings.settle()

    town.say(f"{secret} rotated", f"{load}; {bookings}")
    assert load.failed == []
    assert bookings.failed == []


@pytest.fixture
def certificate(town):
    """Signed by itself, among the secrets; gone again afterwards, also for the gateway."""
    certificate, key = town.secrets / "tls_certificate", town.secrets / "tls_key"
    ask_for = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
    names = ("-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(["openssl", *ask_for, *names, *files], check=True, capture_output=True)
    yield certificate
    certificate.unlink()
    key.unlink()
    town.make("deploy")


def test_with_a_certificate_everything_is_https(town, certificate, monkeypatch):
    address = "https://localhost:8443"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setattr(town, "address", address)

    town.make("deploy", PUBLIC_URL=address, GATEWAY_TLS_PORT="8443")

    led = requests.get("http://localhost:8081/movies?day=2", timeout=20, allow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (308, f"{address}/movies?day=2")
    house = town.house()
    browser = house.sign_in("viola")
    assert "Viola" in browser.get(f"{address}/me", timeout=20).text
    given = requests.get(f"{address}/", timeout=20).cookies
    assert [cookie.name for cookie in given if not cookie.secure] == []
    house.guest().book(house.screening(2)["id"], people=1)
