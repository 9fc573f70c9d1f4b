import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.issuer.settings import Settings
from tests.local.issuer.world import ADMIN, SECRETS, Clock, World


@pytest.fixture(scope="session")
def fresh_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world just begun, made once: keys and hashes are slow to make."""
    folder = tmp_path_factory.mktemp("issuer")
    World(_settings(folder), Clock()).close()
    return folder


@pytest.fixture
def make_world(fresh_state: Path, tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(clock: Clock | None = None, **settings: object) -> World:
        state_dir = tmp_path / "state"
        if not state_dir.exists():
            shutil.copytree(fresh_state, state_dir)
        worlds.append(World(_settings(state_dir, **settings), clock or Clock()))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def _settings(state_dir: Path, **others: object) -> Settings:
    given: dict[str, object] = {
        "issuer_url": "http://localhost:8180",
        "state_dir": state_dir,
        "variables": Settings.from_environment(SECRETS).variables,
        "admin_username": ADMIN[0],
        "admin_password": ADMIN[1],
    }
    return Settings(**given | others)  # type: ignore[arg-type]
