import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from local.ports import free_port, free_ports
from local.servers import Postgres, ProgramMissing, ServerFailed, Valkey
from local.servers.binaries import copy_postgres, find_postgres


def connect(url: str):
    return psycopg2.connect(url.replace("+psycopg2", ""))


def ask(url: str, statement: str):
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def test_a_database_belongs_to_its_own_role(create_database):
    url = create_database("owned")

    assert ask(
        url,
        "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = current_database()",
    )


def test_a_role_cannot_enter_another_database(create_database):
    first, second = create_database("mine"), create_database("yours")
    foreign = first.rsplit("/", 1)[0] + "/" + second.rsplit("/", 1)[1]

    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        connect(foreign)


def test_a_wrong_password_is_refused(create_database):
    url = create_database("guarded")

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(url.replace(":scratch@", ":guess@"))


def test_ensuring_a_database_twice_changes_only_the_password(postgres, create_database):
    url = create_database("twice")
    name = url.rsplit("/", 1)[1]

    again = postgres.ensure_database(name, "other")

    assert ask(again, "SELECT current_database()") == name


@pytest.mark.parametrize(
    ("setting", "value"),
    [("lock_timeout", "2s"), ("statement_timeout", "5s"), ("idle_in_transaction_session_timeout", "15s")],
)
def test_roles_wait_only_so_long(create_database, setting, value):
    assert ask(create_database("patient"), f"SHOW {setting}") == value


def test_similarity_knows_cyrillic(create_database):
    assert ask(create_database("letters"), "SELECT similarity('Интерстеллар', 'Интерстелар')") > 0.7


def test_postgres_recovers_after_being_killed(scratch_folder):
    server = Postgres(scratch_folder, free_port())
    server.start()
    try:
        url = server.ensure_database("kept", "secret")
        connection = connect(url)
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 7 AS number")
        connection.close()

        server.kill()
        server.start()

        assert ask(url, "SELECT number FROM kept") == 7
    finally:
        server.stop()


def test_postgres_says_why_it_cannot_start(scratch_folder, postgres, monkeypatch):
    monkeypatch.setattr("local.servers.server._RETRY_SECONDS", 0)
    server = Postgres(scratch_folder, postgres.port, durable=False)

    with pytest.raises(ServerFailed, match="Address already in use"):
        server.start()


def test_programs_come_from_the_folder_that_is_named(monkeypatch, tmp_path):
    (tmp_path / "postgres").touch()
    (tmp_path / "initdb").touch()
    monkeypatch.setenv("MARQUEE_PG_BIN", str(tmp_path))

    assert find_postgres() == tmp_path


def test_a_named_folder_without_programs_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("MARQUEE_PG_BIN", str(tmp_path))

    with pytest.raises(ProgramMissing, match="MARQUEE_PG_BIN"):
        find_postgres()


def test_copied_programs_still_find_their_libraries(tmp_path):
    copied = copy_postgres(find_postgres(), tmp_path)

    assert copied.is_relative_to(tmp_path)
    assert "psql" in subprocess.check_output([copied / "psql", "--version"], text=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change accounts")
def test_root_can_start_postgres_below_a_private_folder(tmp_path):
    (tmp_path / "private").mkdir(mode=0o700)
    server = Postgres(tmp_path / "private" / "postgres", free_port(), durable=False)
    try:
        server.start()
        assert server.ready()
    finally:
        server.stop()
        server.erase()


def test_valkey_keeps_what_it_was_told(scratch_folder):
    server = Valkey(scratch_folder, free_port())
    server.start()
    try:
        client = redis.Redis.from_url(server.url())
        client.set("film", "Solaris")
        client.close()

        server.stop()
        server.start()

        client = redis.Redis.from_url(server.url())
        assert client.get("film") == b"Solaris"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        client.close()
    finally:
        server.stop()


STARTER = """
import sys, time
from pathlib import Path
from local.servers import Postgres, Valkey
folder = Path(sys.argv[1])
postgres = Postgres(folder / "postgres", int(sys.argv[2]), durable=False)
servers = [postgres, Valkey(folder / "valkey", int(sys.argv[3]))]
for server in servers:
    server.start()
print(*(server.pid for server in servers), flush=True)
time.sleep(60)
"""


def test_servers_go_when_their_starter_is_killed(scratch_folder):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(scratch_folder), *map(str, free_ports(2))],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    pids = [int(word) for word in starter.stdout.readline().split()]
    assert len(pids) == 2

    starter.kill()
    starter.communicate()

    assert all(gone_within(30, pid) for pid in pids)


def gone_within(seconds: float, pid: int) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
