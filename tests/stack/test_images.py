"""What an image is tagged after is what it is made of: otherwise a change never arrives."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
STACK_MK = ROOT / "docker" / "stack.mk"
# The images with a tag of their own, by its variable; all others have that of the whole repository.
RECIPES = {
    "KEYCLOAK_VERSION": ("keycloak/Dockerfile", ""),
    "STAND_INS_VERSION": ("docker/Dockerfile", "stand-ins"),
}


@dataclass
class Stage:
    below: "Stage | None"
    lines: list[str] = field(default_factory=list)


def stages(recipe: Path) -> dict[str, Stage]:
    """By name; the last one also as ""."""
    found: dict[str, Stage] = {}
    for line in recipe.read_text().replace("\\\n", " ").splitlines():
        if line.startswith("FROM "):
            _, image, *name = line.replace(" AS ", " ").split()
            found[""] = found[name[0] if name else ""] = Stage(found.get(image))
        elif found:
            found[""].lines.append(line)
    return found


def made_of(stage: Stage | None, known: dict[str, Stage], lines: int | None = None) -> set[str]:
    """Everything of the repository that comes into a stage, or into its first lines."""
    if stage is None:
        return set()
    copies = [line.split()[1:] for line in stage.lines[:lines] if line.startswith("COPY ")]
    return made_of(stage.below, known).union(*(brought_by(words, known) for words in copies))


def brought_by(words: list[str], known: dict[str, Stage]) -> set[str]:
    paths = [word.rstrip("/") for word in words if not word.startswith("--")][:-1]
    other = next((word.removeprefix("--from=") for word in words if word.startswith("--from=")), None)
    return (
        set(paths) if other is None else set().union(*(origin(path, known[other], known) for path in paths))
    )


def origin(path: str, stage: Stage, known: dict[str, Stage]) -> set[str]:
    """A file of ours as it is; for what was made there, everything it may have been made from."""
    if path.startswith("/app/"):
        return {path.removeprefix("/app/")}
    folder = path.partition("*")[0].rstrip("/")
    makers = [at for at, line in enumerate(stage.lines) if line.startswith("RUN ") and folder in line]
    return made_of(stage, known, makers[-1] if makers else None)


def tagged_after(variable: str) -> list[str]:
    return re.search(rf"^{variable} := \$\(call last_change,(.*)\)$", STACK_MK.read_text(), re.MULTILINE)[
        1
    ].split()


def is_below(path: str, given: str) -> bool:
    return PurePosixPath(path).is_relative_to(given)


@pytest.mark.parametrize("variable", RECIPES)
def test_an_image_is_tagged_after_everything_that_is_copied_into_it(variable):
    recipe, target = RECIPES[variable]
    known = stages(ROOT / recipe)
    needed = made_of(known[target], known) | {recipe}
    given = tagged_after(variable)

    assert {path for path in needed if not any(is_below(path, one) for one in given)} == set()
    assert [path for path in given if not (ROOT / path).exists()] == []
    # Nor after more: it would be replaced for nothing.
    assert [one for one in given if not any(is_below(path, one) for path in needed)] == []


def test_the_recipes_are_read_to_their_ends():
    keycloak = stages(ROOT / "keycloak/Dockerfile")

    assert {"requirements/runtime.txt", "services/web/static/css/tokens.css"} <= made_of(
        keycloak[""], keycloak
    )
    ours = stages(ROOT / "docker/Dockerfile")
    assert {"requirements/local.txt", "local", "shared", "docker/healthy"} <= made_of(ours["stand-ins"], ours)
    assert "services" not in made_of(ours["stand-ins"], ours)


def test_every_image_has_the_tag_of_the_repository_or_one_that_is_compared_here():
    told = re.findall(r"^(\w+) := \$\(call last_change,(.*)\)$", STACK_MK.read_text(), re.MULTILINE)

    assert {variable for variable, paths in told if paths != "."} == set(RECIPES)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "keycloak").mkdir()
    (tmp_path / "keycloak" / "Dockerfile").write_text("FROM scratch\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@marquee.example")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def tag(folder: Path) -> str:
    rules = f"include {STACK_MK}\nsay: ; @echo $(call last_change,keycloak)\n"
    return subprocess.run(
        ["make", "-s", "-f", "-", "say", "VERSION=1", "KEYCLOAK_VERSION=1", "STAND_INS_VERSION=1"],
        cwd=folder,
        input=rules,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_what_is_not_committed_is_another_version_also_when_git_does_not_know_it_yet(repository):
    committed = tag(repository)
    (repository / "keycloak" / "new.css").write_text("a { color: red }")
    added = tag(repository)
    (repository / "keycloak" / "new.css").write_text("a { color: blue }")
    changed = tag(repository)
    (repository / "elsewhere").write_text("not in the image")

    assert "-" not in committed
    assert len({committed, added, changed}) == 3
    assert tag(repository) == changed
