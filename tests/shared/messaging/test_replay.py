"""The command for what is parked."""

import threading
from pathlib import Path

import pytest

from marquee.messaging import replay
from marquee.messaging.memory import MemoryBroker
from marquee.messaging.replay import main
from marquee.messaging.transport import Park
from tests.shared.messaging.conftest import eventually, message


@pytest.fixture
def broker() -> MemoryBroker:
    """Two events parked for `movies`."""
    broker = MemoryBroker()
    broker.publish([message(key="payment.failed"), message(key="payment.failed")])
    stop = threading.Event()
    thread = threading.Thread(
        target=broker.subscription("movies").run, args=(lambda _: Park("no such reservation"), stop)
    )
    thread.start()
    eventually(lambda: broker.lag("movies").parked == 2)
    stop.set()
    thread.join()
    return broker


def test_it_lists_and_changes_nothing(broker: MemoryBroker, capsys: pytest.CaptureFixture[str]) -> None:
    main(["movies"], broker)
    assert capsys.readouterr().out.count("payment.failed  attempts 1  no such reservation") == 2
    assert broker.lag("movies").parked == 2


def test_it_puts_back_what_is_named(broker: MemoryBroker, capsys: pytest.CaptureFixture[str]) -> None:
    main(["movies", broker.parked("movies")[1].id], broker)
    assert (broker.lag("movies").waiting, broker.lag("movies").parked) == (1, 1)
    assert "1 events are back" in capsys.readouterr().out


def test_it_puts_back_everything(broker: MemoryBroker) -> None:
    main(["movies", "--all"], broker)
    assert (broker.lag("movies").waiting, broker.lag("movies").parked) == (2, 0)


def test_an_unknown_group_is_refused(broker: MemoryBroker) -> None:
    with pytest.raises(SystemExit):
        main(["moviez"], broker)


def test_the_brokers_password_may_stand_in_a_file_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("s3cret")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://marquee@rabbitmq:5672/")
    monkeypatch.setenv("RABBITMQ_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.delenv("REDIS_URL", raising=False)
    asked: list[tuple[str | None, str]] = []

    def connect(rabbitmq_url: str | None, redis_url: str) -> MemoryBroker:
        asked.append((rabbitmq_url, redis_url))
        return MemoryBroker()

    monkeypatch.setattr(replay, "connect", connect)
    main(["movies"])

    assert asked == [("amqp://marquee:s3cret@rabbitmq:5672/", "")]
