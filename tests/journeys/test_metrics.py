"""What alerts and dashboard ask for is what the running programs tell."""

import json
import re
from pathlib import Path

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from local.topology import SERVICES, WITH_WORKER
from tests.journeys.house import until

pytestmark = pytest.mark.journey

MONITORING = Path(__file__).resolve().parents[2] / "monitoring"
PROGRAMS = (*SERVICES, *(f"{service}-worker" for service in WITH_WORKER))
# Prometheus puts these on everything it reads; the others come with a label of their own.
ADDED = {"program", "instance", "job", "le"}


@pytest.fixture(scope="module")
def told(house):
    """By name of a series, the labels it comes with; after a booking, a refund, and a look at the website."""
    buyer, screening = house.guest(), house.screening(11)
    reservation = buyer.book(screening["id"], people=1)
    buyer.at["movies"].post(f"/reservations/{reservation['id']}/cancel")
    buyer.becomes(reservation["id"], "refunded")
    house.mail("refunded", reservation["id"])
    assert requests.get(house.suite.url("web"), timeout=60).ok

    def measured():
        found = everything(house)
        return found if "marquee_queue_parked" in found else None

    return until(measured, what="the first measures")


def everything(house):
    found = {}
    for program in PROGRAMS:
        text = requests.get(f"http://127.0.0.1:{house.suite.site.ports[program]}/metrics", timeout=60).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def questions():
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    panels = json.loads((MONITORING / "grafana/marquee.json").read_text())["panels"]
    yield from (rule["expr"] for group in groups for rule in group["rules"])
    yield from (target["expr"] for panel in panels for target in panel.get("targets", []))


def test_every_series_that_is_asked_for_is_told(told):
    asked = {
        name for question in questions() for name in re.findall(r"\b(?:marquee|process)_[a-z_]+", question)
    }

    assert len(asked) > 20
    assert asked - told.keys() == set()


def test_every_label_that_is_asked_for_comes_with_its_series(told):
    asked = {
        (name, label)
        for question in questions()
        for name, chosen in re.findall(r"\b(marquee_[a-z_]+)\{([^}]*)\}", question)
        for label in re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", chosen)
    }

    assert asked
    assert {(name, label) for name, label in asked if label not in told[name] | ADDED} == set()


@pytest.mark.parametrize(
    "label", ["state", "outcome", "call", "service", "event", "pool", "verdict", "neighbour"]
)
def test_what_is_summed_by_exists(told, label):
    by = [
        name
        for question in questions()
        for labels, name in re.findall(r"by \(([^)]*)\) \(+(?:[a-z_]+\()*(marquee_[a-z_]+)", question)
        if label in labels.split(", ")
    ]

    assert [name for name in by if label not in told[name]] == []


def test_paths_with_ids_do_not_make_a_series_each(house, told):
    routes = {
        sample.labels["route"]
        for program in SERVICES
        for family in text_string_to_metric_families(
            requests.get(f"{house.suite.url(program)}/metrics", timeout=60).text
        )
        for sample in family.samples
        if sample.name == "marquee_http_requests_total"
    }

    assert [route for route in routes if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", route)] == []
