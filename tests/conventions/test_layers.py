"""Who may import whom, and the few things that are done in one place only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conventions.houses import SERVICES

ROOT = Path(__file__).resolve().parents[2]


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def who_imports(prefixes: tuple[str, ...], *folders: str) -> list[str]:
    inside = tuple(f"{prefix}." for prefix in prefixes)
    return [
        str(path.relative_to(ROOT))
        for path in sources(*folders)
        if any(name in prefixes or name.startswith(inside) for name in imports(path))
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service):
    others = tuple(f"services.{other}" for other in SERVICES if other != service)

    assert who_imports(others, f"services/{service}") == []


def test_nothing_that_goes_into_production_imports_the_one_machine_run():
    assert who_imports(("local", "tests", "bench"), "services", "shared") == []


def test_the_shared_library_knows_no_service():
    assert who_imports(tuple(f"services.{name}" for name in SERVICES), "shared") == []


def test_tests_alone_use_what_is_made_for_tests():
    assert who_imports(("marquee.testing",), "services", "local") == []


def test_rules_know_no_http_and_no_broker():
    words = (
        "flask",
        "pika",
        "redis",
        "requests",
        "urllib3",
        "smtplib",
        "stripe",
        "marquee.api",
        "marquee.http",
    )
    domains = [
        f"services/{service}/domain"
        for service in SERVICES
        if (ROOT / "services" / service / "domain").exists()
    ]

    assert who_imports(words, *domains) == []


def test_one_place_publishes_to_rabbitmq():
    callers = [
        str(path.relative_to(ROOT))
        for path in sources("services", "shared", "local")
        if "basic_publish" in path.read_text()
    ]

    assert len(callers) == 1
    assert callers[0].startswith("shared/marquee/messaging/")


def test_one_place_verifies_tokens():
    assert who_imports(("jose",), "services", "shared/marquee") == [
        "shared/marquee/auth.py",
        "shared/marquee/testing/bad_tokens.py",
        "shared/marquee/testing/tokens.py",
    ]


def test_every_outbound_call_has_a_time_limit():
    calls = re.compile(r"\b(?:requests|httpx)\.(?:get|post|put|delete|request|Session)\(")
    without = [
        f"{path.relative_to(ROOT)}: {call[0]}"
        for path in sources("services", "shared")
        for call in calls.finditer(path.read_text())
        if "timeout=" not in path.read_text()[call.start() : call.start() + 400]
    ]

    assert without == []


def test_the_wall_clock_of_a_process_decides_no_expiry():
    """Of a hold or a booking: only the database's now() does, because a process may have slept."""
    clocks = re.compile(r"datetime\.now|utc_now\(\)|time\.time\(")
    asked = [
        str(path.relative_to(ROOT))
        for name in ("holds", "claims", "expiry", "reservations", "settlement", "sales", "transitions")
        for path in [ROOT / "services/movies/domain" / f"{name}.py"]
        if clocks.search(path.read_text())
    ]

    assert asked == []
