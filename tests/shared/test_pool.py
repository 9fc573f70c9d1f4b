"""Who waits for a connection is served before who comes later."""

import threading
import time

import pytest
from sqlalchemy import exc

from marquee.pool import PoolInTurn


class Connection:
    def close(self) -> None: ...


def pool_of_one(timeout: float = 10) -> PoolInTurn:
    return PoolInTurn(Connection, pool_size=1, max_overflow=0, timeout=timeout, reset_on_return=None)


def test_who_gives_a_connection_back_does_not_get_it_again_before_who_waited():
    pool, served = pool_of_one(), []
    mine = pool.connect()

    def wait_for_it() -> None:
        with_it = pool.connect()
        served.append("who waited")
        with_it.close()

    other = threading.Thread(target=wait_for_it)
    other.start()
    time.sleep(0.2)  # it stands in line by now
    mine.close()
    again = pool.connect()
    served.append("who had it")
    again.close()
    other.join()

    assert served == ["who waited", "who had it"]


def test_waiting_in_line_ends_as_soon_as_waiting_in_front():
    pool, refused = pool_of_one(timeout=0.3), []
    kept = pool.connect()

    def wait_in_vain() -> None:
        began = time.monotonic()
        with pytest.raises(exc.TimeoutError):
            pool.connect()
        refused.append(time.monotonic() - began)

    line = [threading.Thread(target=wait_in_vain) for _ in range(3)]
    for one in line:
        one.start()
    for one in line:
        one.join()
    kept.close()

    assert len(refused) == 3
    assert max(refused) < 10
    assert min(refused) >= 0.25
    pool.connect().close()
