"""Alerts and dashboard: valid, tested, explained, and about programs there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.topology import SERVICES, WITH_WORKER

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]


def needs_promtool(test: Any) -> Any:
    """Slow, because .ci/run installs it after the quick tests."""
    here = shutil.which("promtool") is not None
    return pytest.mark.slow(pytest.mark.skipif(not here, reason="needs promtool (Debian: prometheus)")(test))


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=MONITORING, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_accepts_its_configuration():
    promtool("check", "config", "prometheus.yml")


@needs_promtool
def test_the_alerts_fire_when_they_should_and_only_then():
    """Among them M4.5: a fault of 5 % in checkouts is noticed within two minutes."""
    promtool("test", "rules", "tests/alerts.yml")


def test_every_alert_was_seen_to_fire():
    cases = yaml.safe_load((MONITORING / "tests/alerts.yml").read_text())["tests"]
    fired = {
        check["alertname"] for case in cases for check in case["alert_rule_test"] if check.get("exp_alerts")
    }

    assert {alert["alert"] for alert in ALERTS} - fired == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_says_what_is_wrong_and_how_grave_and_is_explained(alert):
    assert alert["annotations"]["summary"]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert f"| `{alert['alert']}` |" in (ROOT / "docs/operations/watching.md").read_text()


def test_every_program_is_asked():
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    asked = {name for job in jobs for found in job["dns_sd_configs"] for name in found["names"]}
    programs = {*SERVICES, *(f"{service}-worker" for service in WITH_WORKER)}

    assert {f"tasks.{program}" for program in programs} <= asked


def test_the_panels_of_the_dashboard_have_numbers_and_do_not_overlap():
    panels = json.loads((MONITORING / "grafana/marquee.json").read_text())["panels"]
    places = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(places)) == len(places)


@needs_promtool
def test_the_dashboards_questions_can_be_read(tmp_path):
    """By the same parser that reads the alerts: every panel's expression as a rule."""
    panels = json.loads((MONITORING / "grafana/marquee.json").read_text())["panels"]
    questions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    as_rules = [{"record": f"panel:{number}", "expr": question} for number, question in enumerate(questions)]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": as_rules}]}))

    assert re.search(r"marquee_checkouts_total", " ".join(questions))
    promtool("check", "rules", str(tmp_path / "panels.yml"))
