"""A closed-loop load generator: some clients, each asking again as soon as it is answered.

It runs on the machine that is measured and competes with it; every figure includes that.
"""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Report:
    """How often, how long, how it ended. Times are in seconds."""

    name: str
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Client:
    """One kept-alive connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=30)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        self._connection.request(method, path, body, dict(headers or {}))
        answer = self._connection.getresponse()
        return answer.status, answer.read()


Act = Callable[[Client], int | None]


def closed_loop(name: str, url: str, act: Act, *, clients: int, seconds: float) -> Report:
    """Let `clients` repeat `act` for `seconds`; `act` answers the status, or None when there is no more to do."""
    report, lock, stop = Report(name), threading.Lock(), threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            repeat()
        except Exception as error:  # noqa: BLE001 - told to whoever started the load
            failures.append(error)
            stop.set()

    def repeat() -> None:
        client, times, statuses = Client(url), [], Counter[int]()
        while not stop.is_set():
            began = time.perf_counter()
            status = act(client)
            if status is None:
                break
            times.append(time.perf_counter() - began)
            statuses[status] += 1
        with lock:
            report.times += times
            report.statuses += statuses

    threads = [threading.Thread(target=run) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    _wait(threads, until=began + seconds)
    stop.set()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    report.seconds = time.perf_counter() - began
    return report


def get(path: str) -> Act:
    return lambda client: client.send("GET", path)[0]


def take_each(jobs: Iterator[Callable[[Client], int]]) -> Act:
    """Each job once, over all clients; None when they are used up."""
    lock = threading.Lock()

    def act(client: Client) -> int | None:
        with lock:
            job = next(jobs, None)
        return None if job is None else job(client)

    return act


def _wait(threads: list[threading.Thread], *, until: float) -> None:
    while time.perf_counter() < until and any(thread.is_alive() for thread in threads):
        time.sleep(0.05)
