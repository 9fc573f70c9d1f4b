"""What everything stands on goes away and comes back; who was booking meanwhile ends up with tickets."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
import requests

from tests.faults.persistence import book, client_secret, ends, hold, insist, pay, reserve
from tests.journeys.house import Door, until

pytestmark = [pytest.mark.journey, pytest.mark.slow]
BUYERS = 6


def book_meanwhile(house, hurt):
    """Six buyers set out, `hurt` happens, and every one of them gets there."""
    with ThreadPoolExecutor(BUYERS) as buyers:
        under_way = [buyers.submit(book, house, number) for number in range(BUYERS)]
        time.sleep(0.3)
        hurt()
        return [one.result(timeout=250) for one in under_way]


def test_redis_may_be_emptied_at_any_moment(house, sound):
    server = redis.Redis.from_url(house.suite.redis_url)

    def empty_it() -> None:
        for _ in range(5):
            server.flushall()
            time.sleep(0.4)

    book_meanwhile(house, empty_it)
    server.close()

    sound()


def test_without_redis_pages_and_holds_go_on(house, sound):
    buyer, screening = house.guest(), house.screening(18)["id"]
    house.suite.halt("valkey", hard=True)
    try:
        programme = house.movies.ask("GET", "/programme")
        page = requests.get(house.suite.url("web"), timeout=60)
        held = buyer.hold(screening, house.seats_for(screening, 1))
        reservation = buyer.reserve(held)
    finally:
        house.suite.restart("valkey")

    assert (programme.status_code, page.status_code) == (200, 200)
    pay(buyer, reservation)
    ends(buyer, reservation, "ticketed")
    sound()


def test_bookings_outlast_a_broker_that_dies(house, sound):
    def die_twice() -> None:
        for _ in range(2):
            house.suite.halt("valkey", hard=True)
            time.sleep(2)
            house.suite.restart("valkey")
            time.sleep(1)

    book_meanwhile(house, die_twice)

    sound()


def test_bookings_outlast_a_database_that_is_killed(house, sound):
    def die() -> None:
        house.suite.kill("postgres")
        house.suite.wait_ready("postgres")

    book_meanwhile(house, die)

    sound()


@pytest.mark.parametrize("service", ["movies", "payment", "ticket", "notification"])
def test_bookings_outlast_a_service_that_is_killed_with_its_worker(house, sound, service):
    def die() -> None:
        for program in (service, f"{service}-worker"):
            house.suite.kill(program)
        for program in (service, f"{service}-worker"):
            house.suite.wait_ready(program)

    book_meanwhile(house, die)

    sound()


def test_a_payment_worker_that_sleeps_beyond_the_time_to_pay(house, sound):
    """It wakes up with orders that are long out of date: whoever paid has tickets or the money back."""
    buyer, screening = house.guest(), house.screening(19)["id"]
    reservation = reserve(buyer, hold(buyer, screening, house.seats_for(screening, 2)))
    secret = client_secret(buyer, reservation)
    sleeper = house.suite.pid("payment-worker")
    os.kill(sleeper, signal.SIGSTOP)
    try:
        insist(buyer, "movies", "POST", f"/reservations/{reservation['id']}/release")
        ends(buyer, reservation, "expired")
        house.pay(secret)
        rival = house.guest()
        resold = reserve(rival, hold(rival, screening, [seat["seat"] for seat in reservation["seats"]]))
    finally:
        os.kill(sleeper, signal.SIGCONT)

    pay(rival, resold)
    ends(rival, resold, "ticketed")
    ends(buyer, reservation, "refunded")
    assert house.net(reservation["id"]) == 0
    sound()


def test_without_the_issuer_people_who_are_in_stay_in(house, sound):
    viola = house.person("viola")
    viola.book(house.screening(20)["id"], people=1)  # so that every service has seen the issuer's keys
    house.suite.halt("issuer")
    try:
        reservation = viola.book(house.screening(20)["id"], people=1)
        refused = requests.get(f"{house.suite.url('auth')}/auth/callback?code=x&state=y", timeout=60)
    finally:
        house.suite.restart("issuer")

    assert refused.status_code in (401, 503)
    assert house.person("viola").state(reservation["id"]) == "ticketed"
    sound()


def test_mail_waits_for_its_server(house, sound):
    mailbox = Door(house.suite.url("mailbox"))
    mailbox.post("/_control", {"refuse": {"count": 3, "code": 451, "text": "busy"}})

    _, reservation = book(house, 21)

    letter = house.mail("tickets", reservation["id"])
    assert len(letter["attachments"]) == 2
    sound()


def test_a_slow_or_dead_neighbour_leaves_film_pages_readable(house):
    film = house.movies.get("/movies")["movies"][0]
    with house.without("review", "ticket", "notification"):
        answer = requests.get(f"{house.suite.url('web')}/movies/{film['id']}", timeout=60)

    assert answer.status_code == 200
    assert film["title"] in answer.text


def test_every_program_comes_back_after_a_rolling_restart(house, sound):
    def roll() -> None:
        for program in ("movies", "payment", "ticket", "movies-worker", "payment-worker", "ticket-worker"):
            house.suite.restart(program)

    book_meanwhile(house, roll)

    sound()
    assert until(lambda: house.movies.ask("GET", "/readyz").status_code == 200)
