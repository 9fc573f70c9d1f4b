"""How the stack starts Redis and RabbitMQ: with the passwords of the day, those of a rotation among them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pika
import pytest
import redis
from pika.exceptions import ProbableAuthenticationError

from local.ports import answers, free_port
from local.servers.binaries import find_valkey
from marquee.messaging.rabbit import RabbitBroker
from tests.journeys.house import until
from tests.shared.messaging.rabbitmq_server import PROGRAM, RabbitServer
from tests.stack.rendering import ROOT, rendered

STACK = rendered()["services"]


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., str]:
    """What the script of a service writes into `file` when its secrets say `passwords`."""

    def told(script: str, file: str, **passwords: str) -> str:
        for secret, password in passwords.items():
            (tmp_path / secret).write_text(password)
        words = script.replace("/run/secrets", str(tmp_path)).replace(f"/tmp/{file}", str(tmp_path / file))
        subprocess.run(["sh", "-c", words.partition("exec ")[0] + "true"], check=True)
        assert (tmp_path / file).stat().st_mode & 0o077 == 0
        return (tmp_path / file).read_text()

    return told


def test_redis_takes_every_password_of_the_list_and_no_other(
    tmp_path: Path, told: Callable[..., str]
) -> None:
    told(STACK["redis"]["command"][2], "redis.conf", redis_password="old-1,new_2")
    port = free_port()
    server = subprocess.Popen(
        [find_valkey(), tmp_path / "redis.conf", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(port), what="redis")
        for password in ("old-1", "new_2"):
            with redis.Redis(port=port, password=password) as client:
                assert client.set("a", "b")
        for password in ("", "old-1,new_2", "other"):
            with (
                redis.Redis(port=port, password=password) as client,
                pytest.raises(redis.AuthenticationError),
            ):
                client.ping()
    finally:
        server.kill()
        server.wait()


def accounts_of_rabbitmq(told: Callable[..., str], passwords: str) -> str:
    script = STACK["rabbitmq"]["entrypoint"][2]
    return told(script, "accounts.json", rabbitmq_password=passwords, rabbitmq_operators="seen,hidden")


def test_rabbitmqs_accounts_have_the_passwords_in_use_and_only_operators_administrate(
    told: Callable[..., str],
) -> None:
    accounts = json.loads(accounts_of_rabbitmq(told, "new,old"))

    assert accounts["users"] == [
        {"name": "marquee", "password": "new", "tags": []},
        {"name": "operators", "password": "seen", "tags": ["administrator"]},
    ]
    assert "load_definitions = /tmp/accounts.json" in (ROOT / "docker" / "rabbitmq.conf").read_text()


@pytest.mark.slow
@pytest.mark.rabbitmq
@pytest.mark.timeout(600)
def test_a_new_password_counts_from_the_next_start_on_and_queues_stay(
    tmp_path: Path, told: Callable[..., str]
) -> None:
    if not PROGRAM.exists():
        pytest.skip("no RabbitMQ: install rabbitmq-server")
    server = RabbitServer(tmp_path)
    with (tmp_path / "rabbitmq.conf").open("a") as conf:
        conf.write(f"load_definitions = {tmp_path / 'accounts.json'}\n")

    def start(passwords: str) -> str:
        accounts_of_rabbitmq(told, passwords)
        server.start()
        return ",".join(
            server.url.replace("guest:guest", f"marquee:{password}") for password in passwords.split(",")
        )

    try:
        both = start("old,new")
        with pika.BlockingConnection(pika.URLParameters(both.split(",")[0])) as connection:
            connection.channel().queue_declare("kept", durable=True)
        server.kill()

        both = start("new,old")

        with pytest.raises(ProbableAuthenticationError):
            pika.BlockingConnection(pika.URLParameters(both.split(",")[1]))
        # A program that knows both gets in whichever it tries first.
        broker = RabbitBroker(both)
        for _ in range(8):
            broker.ping()
        # All that workers do there, and what a restore does, needs no administrator.
        broker.declare()
        broker.forget()
        assert "marquee\t[]" in server.control("list_users")
        with pika.BlockingConnection(pika.URLParameters(both.split(",")[0])) as connection:
            connection.channel().queue_declare("kept", passive=True)
    finally:
        server.stop()
