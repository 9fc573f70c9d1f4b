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


_SENDS = {"request", "request_encode_url", "request_encode_body", "urlopen"}
_SENDS_AT_ONCE = _SENDS | {"get", "post", "put", "patch", "delete", "head", "options", "stream"}


def calls_without_a_time_limit(source: str) -> list[str]:
    """A limit of the call itself, or of the pool or connection it goes through."""
    tree = ast.parse(source)
    limited = _made_with_a_time_limit(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _sends(node.func)]
    return [
        ast.unparse(call)
        for call in calls
        if not (_has_a_time_limit(call) or _is_limited(_sender(call.func), limited))
    ]


def _sends(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        at_once = _last_name(called.value) in {"requests", "httpx"}
        return called.attr in (_SENDS_AT_ONCE if at_once else _SENDS)
    return isinstance(called, ast.Name) and called.id == "urlopen"


def _sender(called: ast.expr) -> ast.expr | None:
    return called.value if isinstance(called, ast.Attribute) else None


def _is_limited(sender: ast.expr | None, limited: set[str]) -> bool:
    return _has_a_time_limit(sender) if isinstance(sender, ast.Call) else _last_name(sender) in limited


def _made_with_a_time_limit(tree: ast.AST) -> set[str]:
    """Names of this module that are never given anything made without."""
    made = [
        (_last_name(target), _has_a_time_limit(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if _last_name(target)
    ]
    return {name for name, is_limited in made if is_limited} - {
        name for name, is_limited in made if not is_limited
    }


def _has_a_time_limit(call: ast.Call) -> bool:
    given = [word.value for word in call.keywords if word.arg == "timeout"]
    return bool(given) and not (isinstance(given[0], ast.Constant) and given[0].value is None)


def _last_name(value: ast.expr | None) -> str:
    """`_pool`, of `self._pool` too."""
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""


@pytest.mark.parametrize(
    ("source", "is_caught"),
    [
        ("requests.get(url)", True),
        ("requests.get(url, timeout=2)", False),
        ("httpx.stream('GET', url, timeout=None)", True),
        ("urllib3.request('GET', url)", True),
        ("urllib.request.urlopen(url)", True),
        ("urlopen(url)", True),
        ("urlopen(url, timeout=2)", False),
        ("self._pool.request('GET', url)", True),
        ("_pool.urlopen('GET', url, retries=False)", True),
        ("_pool.request('GET', url, timeout=limit)", False),
        ("pool = urllib3.PoolManager()\npool.request('GET', url)", True),
        ("pool = urllib3.PoolManager(timeout=limit)\npool.request('GET', url)", False),
        ("self._pool = PoolManager(timeout=2)\nself._pool.request('GET', url)", False),
        ("a._pool = PoolManager(timeout=2)\nb._pool = PoolManager()\nb._pool.request('GET', url)", True),
        ("urllib3.PoolManager().request('GET', url)", True),
        ("urllib3.PoolManager(timeout=2).request('GET', url)", False),
        ("options.get('timeout')", False),
    ],
)
def test_a_call_without_a_time_limit_would_be_noticed(source, is_caught):
    assert bool(calls_without_a_time_limit(source)) is is_caught


def test_every_outbound_call_has_a_time_limit():
    without = [
        f"{path.relative_to(ROOT)}: {call}"
        for path in sources("services", "shared", "ops", "local")
        for call in calls_without_a_time_limit(path.read_text())
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
