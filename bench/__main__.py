"""`make bench`: start a suite on scratch ports, measure it against the references, write bench/RESULTS.md."""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Lock

from bench.bookings import Buyer, Place, free_places, hold_jobs, open_loop
from bench.load import Act, Client, Report, closed_loop, get, take_each
from bench.references import bare_flask, pgbench_holds
from bench.results import Line, Results, write
from local.suite import Suite, scratch_ports

SECONDS = 10.0
CLIENTS = 8
# Holds and the reference take turns, for the machine drifts within seconds. The first ones fill what a process keeps
# (the plans of all rooms, PostgreSQL's of each statement) and do not count.
TURNS, WARMING_UP = 8, 3
# The rest of the demo world's seats are booked and handed to pgbench.
MOST_HOLDS = 16000
_POST = {"Content-Type": "application/json"}


def main() -> None:
    results = Results()
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder:
        Path(folder).chmod(0o755)
        state, ports = Path(folder) / "state", scratch_ports()
        _say("starting the suite once, to fill its caches")
        Suite(state, ports, {"RATE_LIMITS": "false"}).__enter__().stop()
        suite = Suite(state, ports, {"RATE_LIMITS": "false"})
        began = time.perf_counter()
        with suite:
            results.start_seconds = time.perf_counter() - began
            results.memory_mb = suite.memory_bytes() / 1e6
            _measure(suite, results)
            results.memory_after_mb = suite.memory_bytes() / 1e6
    write(results)


def _measure(suite: Suite, results: Results) -> None:
    _say("looking for free seats")
    places = iter(free_places(suite))
    with bare_flask(suite) as reference:
        _wait_for(reference)
        _pages(suite, reference, results)
        _holds(suite, reference, places, results)
    _bookings(suite, places, results)
    _say("pgbench with the statements of a hold")
    results.pgbench = pgbench_holds(suite, [next(places) for _ in range(4000)], clients=CLIENTS, seconds=10)
    _say("five bookings a second, for twenty seconds")
    times = open_loop(suite, places, per_second=5, seconds=20)
    results.pay_to_ticket = Report("pay → ticket", 20, times, Counter({200: len(times)}))


def _pages(suite: Suite, reference: str, results: Results) -> None:
    """Each page between two runs of the reference, for the machine drifts."""
    screening, movie = _something_on(suite)
    for name, path in (
        ("home", "/"),
        ("film page", f"/movies/{movie}"),
        ("seat map", f"/screenings/{screening}/seats"),
    ):
        _say(name)
        before = _run("hello", reference, get("/hello"), seconds=SECONDS / 2)
        page = _run(name, suite.url("web"), get(path))
        after = _run("hello", reference, get("/hello"), seconds=SECONDS / 2)
        results.pages.append(Line(page, _together([before, after])))


def _holds(suite: Suite, reference: str, places: Iterator[Place], results: Results) -> None:
    _say("holds")
    insert: Act = lambda client: client.send("POST", "/insert", b"{}", _POST)[0]  # noqa: E731
    hold = take_each(hold_jobs(islice(places, MOST_HOLDS)))
    inserts, holds = [], []
    for _ in range(WARMING_UP + TURNS):
        inserts.append(_run("insert and commit", reference, insert, seconds=SECONDS / TURNS))
        holds.append(_run("hold one seat", suite.url("movies"), hold, seconds=SECONDS / TURNS))
    results.holds = Line(_together(holds[WARMING_UP:]), _together(inserts[WARMING_UP:]))


def _bookings(suite: Suite, places: Iterator[Place], results: Results) -> None:
    _say("whole bookings")
    lock, buyers = Lock(), {}

    def book(client: Client) -> int:
        with lock:
            place = next(places)
            buyer = buyers.setdefault(client, Buyer(suite))
        buyer.book(place)
        return 200

    results.bookings = _run("whole booking", suite.url("movies"), book)


def _run(name: str, url: str, act: Act, *, seconds: float = SECONDS) -> Report:
    report = closed_loop(name, url, act, clients=CLIENTS, seconds=seconds)
    bad = {status: n for status, n in report.statuses.items() if status >= 400}
    if bad:
        raise RuntimeError(f"{name}: {bad}")
    return report


def _together(runs: list[Report]) -> Report:
    return Report(
        runs[0].name,
        sum(run.seconds for run in runs),
        [time for run in runs for time in run.times],
        sum((run.statuses for run in runs), Counter[int]()),
    )


def _something_on(suite: Suite) -> tuple[str, str]:
    """A screening and its film, of tomorrow: seats of today may run out of time while we measure."""
    movies = Client(suite.url("movies"))
    slug = json.loads(movies.send("GET", "/cinemas")[1])["cinemas"][0]["slug"]
    day = json.loads(movies.send("GET", f"/programme?cinema={slug}")[1])["days"][1]["day"]
    film = json.loads(movies.send("GET", f"/programme?cinema={slug}&day={day}")[1])["films"][0]
    return film["screenings"][0]["id"], film["movie"]["id"]


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            if Client(url).send("GET", "/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(url)


def _say(words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    main()
