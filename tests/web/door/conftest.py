"""Somebody at the door, with ticket played from a script."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from services.web.staff_clients import Door
from tests.web.fake_neighbours import World
from tests.web.manage.scripted import ScriptedClient


@pytest.fixture
def ticket(screening_id: str) -> ScriptedClient:
    count = {"screening_id": screening_id, "expected": 142, "inside": 97, "to_come": 45}
    return ScriptedClient({f"GET /door/screenings/{screening_id}": count})


@pytest.fixture
def staff(app: Flask, world: World, ticket: ScriptedClient, browser: Any) -> Any:
    client: Any = ticket
    app.extensions["marquee.neighbours"] = replace(app.extensions["marquee.neighbours"], door=Door(client))
    browser.sign_in(world, "viewer", "staff")
    return browser


@pytest.fixture
def manager(staff: Any, world: World) -> Any:
    staff.sign_in(world, "viewer", "staff", "editor")
    return staff
