"""The stack on a real swarm: deployed, used, replaced under load, hurt and removed. In this order, on one deployment."""

import re
import time
from uuid import uuid4

import pytest
import requests

from local.topology import SERVICES, WITH_WORKER
from tests.swarm.town import STACK, Booking, Load, docker, form_token, inspect, until

LOOKING = ["/", "/api/movies/programme", "/movies", "/healthz"]
OURS = [*SERVICES, *(f"{name}-worker" for name in WITH_WORKER)]


def test_every_service_gets_well(town):
    assert {name for name, count in town.services().items() if count.startswith("0")} == set()
    assert set(OURS) <= set(town.services())


def test_a_guest_books_through_the_gateway(town, house):
    guest, screening = house.guest(), house.screening(0)

    reservation = guest.book(screening["id"], people=2)

    assert [ticket["state"] for ticket in guest.tickets(reservation["id"])] == ["valid", "valid"]
    assert house.net(reservation["id"]) == reservation["total_cents"]
    letter = until(lambda: house.mail("tickets", reservation["id"]), 60, what="the ticket mail")
    assert letter["to"] == [guest.email]


def test_somebody_signs_in_at_the_real_keycloak_and_out_again(town, house):
    browser = house.sign_in("viola")
    me = browser.get(f"{town.address}/me", timeout=20)
    assert me.ok
    assert "Viola" in me.text

    browser.post(f"{town.address}/logout", data={"csrf_token": form_token(me.text)}, timeout=20)

    assert browser.get(f"{town.address}/me", timeout=20, allow_redirects=False).is_redirect


def test_the_door_admits_a_ticket_once(town, house):
    guest, screening = house.guest(), house.screening(1)
    [ticket] = guest.tickets(guest.book(screening["id"], people=1)["id"])
    ada = house.sign_in("ada")
    door = f"{town.address}/door/{screening['id']}"

    def scan() -> str:
        form = {
            "code": ticket["code"],
            "early": "yes",
            "scan_id": str(uuid4()),
            "csrf_token": form_token(ada.get(door, timeout=20).text),
        }
        return ada.post(f"{door}/scans", data=form, timeout=20).text

    first, second = scan(), scan()

    assert ticket["seat"] in first
    assert first != second
    assert "already" in second.lower()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/metrics", 404),
        ("/api/movies/metrics", 404),
        ("/api/auth/internal/sessions/resolve", 404),
        ("/api/movies/%69nternal/x", 404),
        ("/api/postgres/", 404),
        ("/admin/", 403),
        ("/realms/master/", 403),
        ("/rabbitmq/", 403),
        ("/api/movies/programme", 200),
        ("/realms/marquee/.well-known/openid-configuration", 200),
    ],
)
def test_only_what_is_meant_for_everybody_is_open_to_everybody(town, path, status):
    assert requests.get(town.address + path, timeout=20).status_code == status


def test_static_files_are_kept_and_live_streams_flow(town, house):
    sheet = re.search(r'href="(/static/[^"]+\.css)"', requests.get(town.address, timeout=20).text)[1]
    for _ in range(2):
        kept = requests.get(town.address + sheet, timeout=20)
    assert "max-age=31536000" in kept.headers["Cache-Control"]
    assert kept.headers["X-Cache"] == "HIT"

    stream = requests.get(
        f"{town.address}/live/screenings/{house.screening(2)['id']}", stream=True, timeout=20
    )
    assert next(stream.iter_lines()).startswith(b"retry:")
    stream.close()


def test_no_container_shows_a_secret_or_may_do_what_it_need_not(town):
    held = {file.read_text() for file in town.secrets.iterdir()}
    for service in (*OURS, "gateway", "postgres", "redis", "rabbitmq"):
        [shown] = inspect(town.containers(service)[0])
        assert not [secret for secret in held if secret in str(shown)], service
        assert shown["HostConfig"]["ReadonlyRootfs"], service
        assert shown["HostConfig"]["CapDrop"] == ["ALL"], service
        assert town.run_in(service, "id", "-u").strip() != "0", service
    for service in OURS:
        # Of our own programs not even their own environment; PID 1 is Docker's init, which got it too.
        environment = town.run_in(service, "sh", "-c", "cat /proc/[0-9]*/environ")
        assert not [secret for secret in held if secret in environment], service


def test_networks_keep_apart_who_need_not_talk(town):
    def reaches(service: str, host: str, port: int) -> bool:
        code = f"import socket; socket.create_connection(({host!r}, {port}), 3)"
        try:
            town.run_in(service, "python", "-c", code)
        except AssertionError:
            return False
        return True

    assert reaches("movies", "postgres", 5432)
    assert not reaches("web", "postgres", 5432)
    assert not reaches("web", "rabbitmq", 5672)
    assert not reaches("movies", "postgres-keycloak", 5432)


def test_a_new_version_comes_while_people_book_and_nobody_notices(town, house):
    town.retag("next")
    with Load(town, LOOKING) as load, Booking(house) as bookings:
        began = time.monotonic()
        town.make("deploy", VERSION="next")
        took = time.monotonic() - began
    bookings.settle()

    town.say(f"rolling update of everything in {took:.0f} s", f"{load}; {bookings}")
    assert load.failed == []
    assert bookings.failed == []
    assert {town.image(service).rpartition(":")[2] for service in OURS} == {"next"}


def test_one_step_back(town):
    town.make("rollback", SERVICE="web")

    assert town.image("web").rpartition(":")[2] == town.settings["VERSION"]


def test_a_version_that_never_gets_ready_is_taken_back_and_takes_no_traffic(town, tmp_path):
    good, bad = town.image("review"), tmp_path / "bad.yml"
    # As ours are, but for the patience: nobody wants to wait five minutes for what is known here.
    health = '{test: [CMD, healthy, "5000"], interval: 5s, timeout: 10s, retries: 3, start_period: 10s}'
    bad.write_text(
        f'version: "3.9"\nservices: {{review: {{entrypoint: [sleep, "1000"], healthcheck: {health}}}}}\n'
    )
    with Load(town, ["/", "/api/review/healthz"]) as load:
        done = town.make("deploy", VERSION="next", STACK_FILES=str(bad), check=False)

    town.say("a bad version", f"{load}")
    assert done.returncode != 0
    assert "review" in done.stdout + done.stderr
    assert town.image("review") == good
    assert load.failed == []


def test_one_of_each_program_of_ours_is_killed_and_comes_back(town, house):
    with Load(town, LOOKING) as load, Booking(house) as bookings:
        began = time.monotonic()
        victims = {}
        for service in OURS:
            victims[service] = town.kill(service)
            time.sleep(2)
        until(town.is_well, 240, what="all of them again")
        took = time.monotonic() - began
    bookings.settle()

    town.say(
        f"one of each of {len(OURS)} programs killed, whole again after {took:.0f} s", f"{load}; {bookings}"
    )
    assert {s for s, victim in victims.items() if victim in town.containers(s)} == set()
    # What was in flight in a killed process is lost, no more.
    assert len(load.failed) <= 10
    assert len(bookings.failed) <= 3


@pytest.mark.parametrize(
    "service", ["redis", "rabbitmq", "postgres", "postgres-keycloak", "keycloak", "gateway"]
)
def test_a_killed_server_comes_back_with_all_it_had(town, house, service):
    guest = house.guest()
    before = guest.book(house.screening(3)["id"], people=1)
    with Load(town, LOOKING) as load:
        began = time.monotonic()
        victim = town.kill(service)
        until(lambda: town.has_replaced(service, victim), 300, what=f"a new {service}")
        took = time.monotonic() - began

    again = until(
        lambda: house.guest().book(house.screening(4)["id"], people=1), 120, what="the next booking"
    )
    town.say(f"{service} killed, back after {took:.0f} s", f"{load}")
    assert again["id"] != before["id"]
    assert guest.state(before["id"]) == "ticketed"
    if service in {"rabbitmq", "postgres-keycloak", "keycloak"}:
        assert load.failed == []


def test_scaling_holds_until_the_next_scaling(town, tmp_path):
    town.make("scale", SERVICE="review", REPLICAS="1", SETTINGS=str(tmp_path / "stack.env"))

    # Who was let go still answers for some seconds.
    until(lambda: town.services()["review"] == "1/1", 60, what="one review")
    assert (tmp_path / "stack.env").read_text() == "REVIEW_REPLICAS=1\n"


def test_deploying_the_same_again_touches_nothing(town):
    town.make("deploy", VERSION="next")
    before = {service: town.containers(service) for service in town.services()}

    town.make("deploy", VERSION="next")

    assert {service: town.containers(service) for service in town.services()} == before


def test_stopping_leaves_the_data_and_nothing_else(town):
    town.make("stop")
    mine = f"label=com.docker.stack.namespace={STACK}"

    for kind in ("service", "secret", "config", "network"):
        assert docker(kind, "ls", "-q", "--filter", mine) == ""
    assert docker("ps", "-aq", "--filter", mine) == ""
    assert {"marquee_postgres", "marquee_postgres-keycloak", "marquee_rabbitmq"} <= set(
        docker("volume", "ls", "-q").split()
    )
    assert "not deployed" in town.make("stop").stdout
