"""What is in git: no loose ends, no places that exist on one machine only, locked packages, documents that keep up."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from marquee.realm import RealmSettings
from tests.conventions.houses import SERVICES, settings_class

ROOT = Path(__file__).resolve().parents[2]
_LOOSE_ENDS = re.compile(r"\b(?:TODO|FIXME|XXX|HACK|WIP)\b")
_ONE_MACHINE = re.compile(r"(?<![\w.$}/])/(?:work|home/[a-z]+|Users|root|mnt)/")
_ELSEWHERE = re.compile(r"\b(?:MM|CL|MY|DS|TA|ST|UX)-\d\d\b|\b(?:RELIABILITY|DESIGN|REQUIREMENTS|EXAMPLES)\b")
_TEXT = {
    ".py",
    ".md",
    ".html",
    ".css",
    ".js",
    ".json",
    ".toml",
    ".txt",
    ".in",
    ".yml",
    ".yaml",
    ".sh",
    ".mako",
    "",
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    found = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in found if path.suffix in _TEXT and path.is_file()]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    me = Path(__file__).resolve()
    return {str(path.relative_to(ROOT)): path.read_text() for path in tracked() if path != me}


def found_in(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_refers_to_a_document_that_is_not_here(texts):
    """Neither to a row of one: a reader could not look it up."""
    assert found_in(texts, _ELSEWHERE) == []


def test_there_are_no_loose_ends(texts):
    # "XXX" is the ISO code for "no currency" in payments.
    loose = [line for line in found_in(texts, _LOOSE_ENDS) if 'currency="XXX"' not in line]

    assert loose == []


def test_nothing_depends_on_a_place_that_only_one_machine_has(texts):
    assert found_in(texts, _ONE_MACHINE) == []


def test_locks_name_no_package_host(texts):
    locks = {name: text for name, text in texts.items() if name.startswith("requirements/")}

    assert found_in(locks, re.compile(r"https?://|--index-url|--find-links")) == []


@pytest.mark.parametrize("lock", ["bootstrap", "runtime", "local", "dev"])
def test_every_locked_package_has_a_version_and_hashes(lock):
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements" / f"{lock}.txt").read_text().strip())
    loose = [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]

    assert loose == []


@pytest.mark.parametrize("lock", ["bootstrap", "runtime", "local", "dev"])
def test_what_is_asked_for_is_locked(lock):
    asked = re.findall(
        r"^([A-Za-z0-9][A-Za-z0-9._-]*)", (ROOT / "requirements" / f"{lock}.in").read_text(), re.MULTILINE
    )
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / f"{lock}.txt").read_text(), re.MULTILINE)
    )
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in asked}

    assert names <= locked


def test_modules_stay_readable(texts):
    long = {
        name: len(text.splitlines())
        for name, text in texts.items()
        if name.endswith(".py") and name.startswith(("shared/", "services/", "local/"))
    }

    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_no_module_is_named_after_nothing(texts):
    vague = [n for n in texts if re.search(r"(?:^|[/_])(?:utils?|helpers?|managers?|misc|common)\.py$", n)]

    assert vague == []


# --- documents ------------------------------------------------------------------------------------------------


def documents() -> str:
    return "\n".join(path.read_text() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_every_make_target_is_explained():
    makefiles = "".join(path.read_text() for path in [ROOT / "Makefile", *ROOT.glob("*/*.mk")])
    targets = re.findall(r"^([a-z-]+):.*## ", makefiles, re.MULTILINE)
    missing = [t for t in targets if not re.search(rf"`make {t}`|^make {t}\b", documents(), re.MULTILINE)]

    assert missing == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_of_a_service_is_explained(service):
    told = (ROOT / "docs" / "operations.md").read_text()
    missing = [
        name.upper() for name in settings_class(service).model_fields if f"`{name.upper()}`" not in told
    ]

    assert missing == []


def test_every_number_told_is_the_one_in_the_code():
    """Some names are told twice, with a number for each service."""
    rows = (ROOT / "docs" / "operations.md").read_text()
    told = set(re.findall(r"^\| `([A-Z_]+)` \| ([\d.]+) \|", rows, re.MULTILINE))
    classes = [*map(settings_class, SERVICES), RealmSettings]
    numbers = {
        (name.upper(), f"{field.default:g}" if isinstance(field.default, float) else str(field.default))
        for one in classes
        for name, field in one.model_fields.items()
        if type(field.default) in (int, float)
    }

    assert numbers - told == set()


def test_every_port_variable_is_explained():
    from local.topology import PORTS

    told = documents()

    assert [variable for variable, _ in PORTS.values() if f"`{variable}`" not in told] == []


def test_no_explained_variable_has_gone():
    """The other way round: the tables of docs/operations.md name nothing that no program reads."""
    told = set(
        re.findall(r"^\| `([A-Z][A-Z0-9_]+)` ", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    )
    classes = [*map(settings_class, SERVICES), RealmSettings]
    known = {name.upper() for one in classes for name in one.model_fields}
    code = (
        "\n".join(
            path.read_text()
            for folder in ("local", "shared", "services", "ops", "bench")
            for path in (ROOT / folder).rglob("*.py")
        )
        + (ROOT / "Makefile").read_text()
        + (ROOT / "keycloak" / "entrypoint.sh").read_text()
    )

    assert {name for name in told - known if name not in code} == set()


def test_links_between_documents_lead_somewhere():
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", path.read_text())
        if not (path.parent / target).exists()
    ]

    assert broken == []


# --- the workflow on GitHub -----------------------------------------------------------------------------------


def workflow_commands() -> list[str]:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_the_workflow_calls_what_there_is():
    commands = "\n".join(workflow_commands())
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"^make ([a-z-]+)", commands, re.MULTILINE)) <= targets
    assert [name for name in re.findall(r"scripts/\S+", commands) if not (ROOT / name).is_file()] == []


def test_the_workflow_leaves_out_nothing_that_ci_does():
    commands = "\n".join(workflow_commands())
    there = (ROOT / ".ci/run").read_text()

    assert {"make lint", "make test", "make sbom"} <= set(workflow_commands())
    chosen = re.compile(r"pytest -m (\"[^\"]+\"|\w+)")
    assert sorted(chosen.findall(commands)) == sorted(chosen.findall(there))
    assert set(" ".join(re.findall(r"missing\+=\(([^)]+)\)", there)).split()) <= set(commands.split())
