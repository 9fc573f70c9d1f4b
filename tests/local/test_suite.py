import re
import socket

import pytest

from local.ports import free_ports
from local.processes import Command
from local.runner.state import AlreadyRunning, StateDir
from local.suite import PortsTaken, Suite, scratch_ports
from local.topology import PORTS, SERVICES, Site, topology
from local.welcome import welcome


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


def make_site(folder, **given):
    return Site(StateDir(folder), {name: port for name, (_, port) in PORTS.items()}, given)


def commands(site) -> dict[str, Command]:
    found = {}
    for part in topology(site):
        command = getattr(part, "command", None) or part.run
        if isinstance(command, Command):
            found[part.name] = command
    return found


def test_every_part_stands_behind_what_it_needs(site):
    seen = set()
    for part in topology(site):
        assert set(part.after) <= seen
        seen.add(part.name)


def test_a_taken_port_is_named_with_its_variable(tmp_path):
    ports = scratch_ports()
    refusal = rf"Port {ports['movies']} \(movies\).*MOVIES_PORT=\d+ make run"
    with socket.create_server(("127.0.0.1", ports["movies"])), pytest.raises(PortsTaken, match=refusal):
        Suite(tmp_path, ports).start()


def test_all_taken_ports_are_named_at_once(tmp_path):
    ports = scratch_ports()
    squatters = [socket.create_server(("127.0.0.1", ports[name])) for name in ("web", "smtp")]

    with pytest.raises(PortsTaken) as refusal:
        Suite(tmp_path, ports).start()

    for squatter in squatters:
        squatter.close()
    assert set(re.findall(r"(\w+)=\d+ make run", str(refusal.value))) == {"WEB_PORT", "SMTP_PORT"}


def test_a_port_of_a_stand_in_that_is_not_used_may_be_taken(tmp_path):
    site = make_site(tmp_path, STRIPE_API_KEY="sk_test_mine", SMTP_URL="smtp://mail.example")

    assert not {"stripe", "mailbox", "smtp"} & set(site.needed_ports())


def test_a_refused_start_leaves_the_folder_free(tmp_path):
    ports = scratch_ports()
    with socket.create_server(("127.0.0.1", ports["web"])), pytest.raises(PortsTaken):
        Suite(tmp_path, ports).start()

    assert not StateDir(tmp_path).is_running()


def test_a_second_suite_in_the_same_folder_is_refused(tmp_path):
    running = StateDir(tmp_path)
    running.lock()
    try:
        with pytest.raises(AlreadyRunning):
            Suite(tmp_path, scratch_ports()).start()
    finally:
        running.unlock()


def test_ports_come_from_the_variables(tmp_path):
    [port] = free_ports(1)

    assert Suite(tmp_path, env={"WEB_PORT": str(port)}).url("web") == f"http://localhost:{port}"


def test_each_service_gets_its_own_database_and_role(site):
    urls = {name: commands(site)[name].env.get("DATABASE_URL") for name in SERVICES}

    assert urls.pop("web") is None
    assert len(set(urls.values())) == 6
    assert all(url.startswith(f"postgresql+psycopg2://{name}:") for name, url in urls.items())


def test_secrets_outlast_a_run(tmp_path):
    first, second = (commands(make_site(tmp_path))["ticket"].env["TICKET_SIGNING_KEYS"] for _ in range(2))

    assert first == second


def test_issuer_and_service_share_the_client_secret(site):
    issuer, movies = commands(site)["issuer"].env, commands(site)["movies"].env

    assert issuer["MARQUEE_MOVIES_SECRET"] == movies["KEYCLOAK_CLIENT_SECRET"]


def test_real_stripe_replaces_the_fake(tmp_path):
    site = make_site(tmp_path, STRIPE_API_KEY="sk_test_mine", STRIPE_WEBHOOK_SECRET="whsec_mine")

    assert "stripe" not in commands(site)
    assert commands(site)["payment"].env["STRIPE_API_KEY"] == "sk_test_mine"
    assert "STRIPE_API_BASE" not in commands(site)["payment"].env


def test_fake_and_service_share_the_webhook_secret(site):
    fake, payment = commands(site)["stripe"].env, commands(site)["payment"].env

    assert fake["STRIPE_WEBHOOK_SECRET"] == payment["STRIPE_WEBHOOK_SECRET"]


def test_keycloak_replaces_the_issuer(tmp_path):
    site = make_site(tmp_path, KEYCLOAK_URL_EXTERNAL="https://id.example")

    assert "issuer" not in commands(site)
    assert commands(site)["web"].env["KEYCLOAK_URL_EXTERNAL"] == "https://id.example"


def test_a_key_in_the_shell_does_not_reach_a_suite_in_a_test(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIPE_API_KEY", "sk_live_never")

    assert Suite(tmp_path).site.uses("stripe")


def test_the_box_tells_where_to_click_and_as_whom(site):
    text = welcome(site)

    for words in ("http://localhost:8081", "marquee-demo", "4242 4242 4242 4242", "http://localhost:8025"):
        assert words in text


def test_the_box_is_a_box(site):
    lines = welcome(site).strip().splitlines()

    assert len({len(line) for line in lines}) == 1


def test_keycloak_itself_runs_in_the_issuers_place(tmp_path):
    site = make_site(tmp_path, IDENTITY="keycloak")
    parts = {part.name: part for part in topology(site)}

    assert parts["issuer"].command.argv[0].endswith("/bin/kc.sh")
    assert (
        parts["issuer"].command.env["MARQUEE_WEB_SECRET"] == parts["auth"].command.env["LOGIN_CLIENT_SECRET"]
    )
    assert parts["realm"].after == ("issuer",)
    assert "KC_BOOTSTRAP_ADMIN_PASSWORD" not in parts["web"].command.env
    assert "issuer-management" in site.needed_ports()


def test_without_keycloak_its_second_port_may_be_taken(site):
    assert "issuer-management" not in site.needed_ports()
    assert "realm" not in {part.name for part in topology(site)}


def test_the_box_names_keycloaks_console(tmp_path):
    assert "http://localhost:8180/admin" in welcome(make_site(tmp_path, IDENTITY="keycloak"))
