"""Who lost the mail gets the tickets again, through the website, on the running suite."""

import re
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.journeys.house import House, template_of, until

pytestmark = pytest.mark.journey


def test_a_guest_without_browser_and_mail_is_back_at_the_door(house: House) -> None:
    buyer = house.guest()
    buyer.email = f"lost-{uuid4().hex[:8]}@example.org"
    reservation = buyer.book(house.screening(0)["id"], people=2)

    ask_for_tickets(house, buyer.email)

    letter = until(lambda: letter_to(house, buyer.email), what="the mail with the tickets again")
    papers = [part["content_type"] for part in letter["parts"] if part["attachment"]]
    [link] = re.findall(rf"\S+/bookings/{reservation['id']}\?key=\S+", letter["text"])
    ticket = requests.get(link, timeout=60)
    assert papers == ["application/pdf"]
    assert ticket.status_code == 200
    assert all(seat["reference"] in ticket.text for seat in buyer.tickets(reservation["id"]))


def ask_for_tickets(house: House, email: str) -> None:
    browser, page = requests.Session(), f"{house.suite.url('web')}/bookings/lookup"
    form = browser.get(page, timeout=60).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token
    answer = browser.post(page, data={"csrf_token": token[1], "email": email}, timeout=60)
    assert f"If there are tickets for {email}" in answer.text


def letter_to(house: House, email: str) -> dict[str, Any] | None:
    listed = house.mailbox.get("/api/messages?limit=500")["messages"]
    letters = (house.mailbox.get(f"/api/messages/{one['id']}") for one in listed if email in str(one))
    return next((letter for letter in letters if template_of(letter) == "lookup"), None)
