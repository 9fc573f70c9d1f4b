"""Two instances replaced one after the other, asked all the time by whoever honours readiness: nobody is lost."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from tests.journeys.house import until
from tests.ops.front import Front
from tests.shared.test_gunicorn import Served, serve

__all__ = ["serve"]  # the fixture
# The front looks every 0.1 s; on a loaded machine it comes to it later.
DRAIN_SECONDS = 6


@contextmanager
def people_ask(front: Front, answers: Counter[object]) -> Iterator[None]:
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                answers[requests.get(f"{front.url}/quick", timeout=60).status_code] += 1
            except requests.RequestException as error:
                answers[repr(error)] += 1

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()


def test_a_rolling_restart_loses_no_request(serve: Callable[..., Served]) -> None:
    first, second = serve(drain_seconds=DRAIN_SECONDS), serve(drain_seconds=DRAIN_SECONDS)
    # One try: that nobody comes to a closed door is what draining is for.
    answers: Counter[object] = Counter()

    with Front([first.port, second.port], tries=1) as front:
        until(front.both_ready)
        with people_ask(front, answers):
            for old in (first, second):
                old.terminate()
                assert old.process.wait(60) == 0
                serve(drain_seconds=DRAIN_SECONDS, port=old.port)
                until(front.both_ready)

    assert answers.keys() == {200}
    assert answers[200] > 20
