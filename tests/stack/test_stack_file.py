"""What every service of the stack has to be like, checked on the rendered file."""

import re

import pytest

from local.topology import SERVICES, WITH_DATABASE, WITH_WORKER
from tests.conventions.houses import settings_class
from tests.stack.rendering import ROOT, rendered

FILES = ("docker-stack.yml", "docker-stack.stand-ins.yml", "docker-stack.tls.yml", "monitoring/stack.yml")
STACK = rendered(*FILES)
PRODUCTION = rendered()
EACH = list(STACK["services"].items())
ONCE = {"migrate", "realm"}
ON_REQUEST = {"ops"}
STATEFUL = {
    *{"postgres", "postgres-keycloak", "redis", "rabbitmq", "keycloak", "stripe", "mailbox", "ops"},
    "prometheus",
}
# One per node, on the node's own port: the old one has to leave the port first.
ON_A_PORT_OF_THE_NODE = {"gateway"}
OURS = {name for name, service in EACH if "marquee/" in service["image"]} - {"keycloak"}
# Whose password is of use on which network only.
NETWORK_OF = {
    "database_password": "db",
    "keycloak_db": "keycloak-db",
    "redis_password": "cache",
    "rabbitmq_password": "messages",
    "stripe_api_key": "stripe",
    "smtp_url": "mail",
}


def each(services: list[tuple[str, dict]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "service"), services, ids=[name for name, _ in services])


each_service = each(EACH)
each_program = each([(name, service) for name, service in EACH if name.removesuffix("-worker") in SERVICES])


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


@each([(name, service) for name, service in EACH if name not in ONCE | ON_REQUEST])
def test_it_is_known_to_be_well_before_it_counts(name, service):
    health = service["healthcheck"]

    assert health["test"][0] in {"CMD", "CMD-SHELL"}
    assert seconds(health["start_period"]) >= 20
    assert health["retries"] >= 3


@each_service
def test_a_change_comes_one_by_one_and_is_taken_back_when_it_fails(name, service):
    update, back = service["deploy"]["update_config"], service["deploy"]["rollback_config"]
    order = "stop-first" if name in STATEFUL | ON_A_PORT_OF_THE_NODE else "start-first"
    # Swarm takes the end of a job for a failure, also a good one.
    on_failure = "continue" if name in ONCE | ON_REQUEST else "rollback"

    assert (update["order"], back["order"]) == (order, order)
    assert (update["failure_action"], update["parallelism"], update["max_failure_ratio"]) == (
        on_failure,
        1,
        0,
    )
    assert seconds(update["monitor"]) >= 20
    assert seconds(back["monitor"]) >= 20


@each_service
def test_it_comes_back_without_ever_giving_up(name, service):
    restart = service["deploy"]["restart_policy"]

    condition = "on-failure" if name in ONCE else "none" if name in ON_REQUEST else "any"
    assert restart["condition"] == condition
    assert "max_attempts" not in restart


@each_service
def test_it_takes_no_more_than_its_share(name, service):
    limits, reserved = (
        service["deploy"]["resources"]["limits"],
        service["deploy"]["resources"]["reservations"],
    )

    assert {"cpus", "memory", "pids"} <= limits.keys()
    assert {"cpus", "memory"} <= reserved.keys()


@each_service
def test_it_may_do_nothing_it_does_not_need(name, service):
    account = int(service["user"].partition(":")[0])

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert "security_opt" not in service  # Swarm would ignore it
    assert account >= 10_000 if name in OURS | {"gateway"} else account > 0


@each_service
def test_it_can_write_to_memory_where_it_has_to(name, service):
    in_memory = [v["target"] for v in service["volumes"] if isinstance(v, dict) and v["type"] == "tmpfs"]

    assert "/tmp" in in_memory
    assert "tmpfs" not in service  # Swarm would ignore it


@each_service
def test_it_stops_in_order_and_its_log_stays_small(name, service):
    assert service["init"] is True
    assert 10 <= seconds(service["stop_grace_period"]) < 60
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


@each_service
def test_what_holds_data_runs_where_the_data_is(name, service):
    placement = service["deploy"].get("placement", {}).get("constraints", [])

    assert placement == (["node.labels.data == true"] if name in STATEFUL else [])


@each_service
def test_names_resolve_to_tasks(name, service):
    assert service["deploy"]["endpoint_mode"] == "dnsrr"


@each_service
def test_images_name_a_version(name, service):
    tag = service["image"].rpartition(":")[2]

    assert "/" not in tag
    assert tag not in {"", "latest"}


def test_every_image_of_others_can_be_pinned_by_its_digest():
    files = "".join((ROOT / name).read_text() for name in FILES)
    names = set(re.findall(r"\$\{(\w+_IMAGE):-", files))
    digest = f"sha256:{'0' * 64}"
    services = rendered(*FILES, **dict.fromkeys(names, f"registry.example/it@{digest}"))["services"]

    others = {name: s["image"] for name, s in services.items() if "marquee/" not in s["image"]}
    assert [name for name, image in others.items() if not image.endswith(f"@{digest}")] == []
    told = (ROOT / "docs/operations/deploy.md").read_text()
    assert [name for name in names if f"`{name}`" not in told] == []


@each_service
def test_no_secret_stands_in_the_environment(name, service):
    environment = service.get("environment", {})
    secret = {
        v
        for v in environment
        if re.search(r"PASSWORD|SECRET|_KEYS?(_|$)|SMTP_URL", v) and v != "MARQUEE_DEMO_PASSWORD"
    }

    assert {
        variable for variable in secret if not str(environment[variable]).startswith("/run/secrets")
    } == set()


def granted(service) -> set[str]:
    return {secret if isinstance(secret, str) else secret["target"] for secret in service.get("secrets", [])}


@each_service
def test_it_is_granted_the_secrets_it_names_and_no_others(name, service):
    text = str(service.get("environment", {})) + str(service.get("entrypoint")) + str(service.get("command"))
    named = set(re.findall(r"/run/secrets/(\w+)", text))

    databases = {f"db_{other}" for other in WITH_DATABASE}
    if name == "migrate":
        assert granted(service) == databases | {"db_superuser", "db_superuser_first"}
    elif name == "ops":
        assert granted(service) == databases | named
    else:
        assert granted(service) == named


@each_program
def test_every_secret_a_program_names_is_one_that_its_code_reads(name, service):
    """Being a setting is not enough: all services share settings that only some of them use."""
    own = name.removesuffix("-worker")
    named = {v.removesuffix("_FILE").lower() for v in service["environment"] if v.endswith("_FILE")}
    folders = (ROOT / "services" / own, ROOT / "shared" / "marquee")
    code = "".join(file.read_text() for folder in folders for file in folder.rglob("*.py"))
    used = set(re.findall(r"\.(\w+)", code))
    # A password is read as part of its address.
    fields = settings_class(own).model_fields
    read = {field for field in fields if {field, field.replace("_password", "_url")} & used}

    assert named - read == set()


@each_service
def test_who_is_granted_the_password_of_a_server_is_on_a_network_with_it(name, service):
    # `realm` passes on to Keycloak where mail goes.
    of_use = {secret for secret, network in NETWORK_OF.items() if network in service["networks"]}
    of_use |= {"smtp_url"} if name == "realm" else set()

    assert granted(service) & set(NETWORK_OF) - of_use == set()


def test_only_rabbitmq_knows_the_password_of_those_who_administrate_it():
    assert [name for name, service in EACH if "rabbitmq_operators" in granted(service)] == ["rabbitmq"]


def test_what_may_reach_all_data_is_there_only_while_it_is_asked_for():
    assert [name for name, service in EACH if service["deploy"].get("replicas") == 0] == ["ops"]


def test_with_servers_kept_by_others_none_of_ours_run_and_whoever_needs_one_has_a_way_out():
    elsewhere = rendered("docker-stack.yml", "docker-stack.external.yml")
    need = ("DATABASE_HOSTS", "DATABASE_URL", "REDIS_URL", "KC_DB_URL")
    services = elsewhere["services"].items()

    assert {name for name, service in services if any(v in service.get("environment", {}) for v in need)} == {
        name for name, service in services if "outside" in service.get("networks", ())
    }
    gone = {name for name, service in services if service["deploy"].get("replicas") == 0}
    assert gone == {"postgres", "postgres-keycloak", "redis", "rabbitmq", "ops"}
    assert not elsewhere["networks"]["outside"].get("internal")


def test_only_the_gateway_can_be_reached_from_outside():
    assert {name for name, service in PRODUCTION["services"].items() if "ports" in service} == {"gateway"}


def test_networks_are_encrypted_and_closed_but_for_the_ways_out():
    networks = PRODUCTION["networks"]

    assert {name for name, network in networks.items() if not network.get("internal")} == {
        "edge",
        "stripe",
        "mail",
    }
    assert {n for n, network in networks.items() if "encrypted" not in network.get("driver_opts", {})} == {
        "edge"
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gateway", "postgres"),
        ("gateway", "redis"),
        ("web", "postgres"),
        ("web", "rabbitmq"),
        ("keycloak", "postgres"),
        ("postgres-keycloak", "movies"),
        ("redis", "postgres"),
        ("movies", "stripe"),
    ],
)
def test_who_need_not_talk_cannot(one, other):
    services = STACK["services"]

    assert not set(services[one]["networks"]) & set(services[other]["networks"]) - {"app"}
    assert "app" not in set(services[one]["networks"]) & set(services[other]["networks"]) or other == "stripe"


def test_prometheus_is_on_a_network_with_everybody_it_asks():
    """But for Alertmanager, which is an operator's own."""
    asked = set(re.findall(r"tasks\.([a-z-]+)", (ROOT / "monitoring/prometheus.yml").read_text()))
    mine = set(STACK["services"]["prometheus"]["networks"])
    reached = {name for name, service in EACH if mine & set(service["networks"])}

    assert asked - {"alertmanager"} - reached == set()


def test_the_picture_shows_every_network_and_tells_every_volume():
    told = (ROOT / "docs/architecture.md").read_text()

    assert [network for network in PRODUCTION["networks"] if f"{{{{{network}}}}}" not in told] == []
    assert [volume for volume in PRODUCTION["volumes"] if f"`{volume}`" not in told] == []


def test_only_who_pays_and_who_mails_has_a_way_out():
    out = {
        name: set(service["networks"]) & {"stripe", "mail"}
        for name, service in PRODUCTION["services"].items()
        if set(service["networks"]) & {"stripe", "mail"}
    }

    assert out == {
        "payment": {"stripe"},
        "payment-worker": {"stripe"},
        "notification-worker": {"mail"},
        "keycloak": {"mail"},
        "ops": {"stripe"},
    }


def test_every_service_of_ours_runs_with_its_worker():
    assert set(SERVICES) | {f"{name}-worker" for name in WITH_WORKER} <= set(PRODUCTION["services"])


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_a_service_requires_is_given(service):
    given = {variable.removesuffix("_FILE") for variable in STACK["services"][service]["environment"]}
    # The image says which service it is.
    required = {
        name.upper() for name, field in settings_class(service).model_fields.items() if field.is_required()
    }

    assert required - given - {"SERVICE"} == set()


def test_configs_and_secrets_are_named_after_what_they_hold():
    """They cannot be changed in place: the same name with other content would stop the deployment."""
    stack = rendered(V_DB_MOVIES="abc", V_GATEWAY_SITE="def")

    assert stack["secrets"]["db_movies"]["name"] == "marquee_db_movies_abc"
    assert stack["configs"]["gateway_site"]["name"] == "marquee_gateway_site_def"
    parts = {**STACK["configs"], **STACK["secrets"]}
    assert [name for name, part in parts.items() if not part["name"].endswith("_0")] == []


def test_every_config_file_is_there():
    assert [c["file"] for c in STACK["configs"].values() if not (ROOT / c["file"]).is_file()] == []


def test_all_pools_together_leave_the_database_room_for_others():
    """60 in pools; what listens, what is being replaced and who looks after it come on top."""
    pools = {
        name: int(service["deploy"]["replicas"])
        * pool_of(name.removesuffix("-worker"), is_worker=name.endswith("-worker"))
        for name, service in PRODUCTION["services"].items()
        if "DATABASE_URL" in service.get("environment", {})
    }
    most = next(
        int(found[1])
        for word in PRODUCTION["services"]["postgres"]["command"]
        if (found := re.fullmatch(r"max_connections=(\d+)", word))
    )

    assert len(pools) == len(WITH_DATABASE) + len(WITH_WORKER)
    assert sum(pools.values()) <= 60
    assert 2 * sum(pools.values()) <= most - 20


def pool_of(service: str, *, is_worker: bool) -> int:
    """Of one process, as its settings have it: the stack file does not say otherwise."""
    size = "worker_database_pool_size" if is_worker else "database_pool_size"
    assert size.upper() not in str(PRODUCTION["services"][service]["environment"])
    default = settings_class(service).model_fields[size].default
    assert default <= 3
    return default
