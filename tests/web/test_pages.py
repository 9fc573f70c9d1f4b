"""Every page: one heading, unique ids, a title, nothing inline; and what it says."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.web.fake_neighbours import World, an_id


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.inline: list[str] = []
        self.open_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] += 1
        self.ids.update([given["id"]] if given.get("id") else [])
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        is_code = tag == "script" and given.get("type") not in {"application/json", "application/ld+json"}
        if tag == "style" or (is_code and "src" not in given):
            self.inline.append(tag)


def pages(world: World, screening_id: str) -> list[str]:
    movie = an_id("Paper Moon")
    return [
        "/", "/?show=evening", "/?day=2031-01-01", "/movies", "/movies?q=nothing-like-it", f"/movies/{movie}", "/rooms",
        f"/screenings/{screening_id}/seats", f"/screenings/{screening_id}/seats?list=1&people=3&step_free=1",
        "/bookings", "/bookings/lookup", "/dashboard", "/signed-out", "/help", "/no-such-page",
        f"/movies/{an_id('nothing')}",
    ]  # fmt: skip


def assert_well_made(text: str, path: str) -> None:
    page = Page(text)
    assert page.tags["h1"] == 1, path
    assert page.tags["main"] == 1, path
    assert page.tags["title"] >= 1, path
    assert not page.inline, path
    assert [name for name, times in page.ids.items() if times > 1] == [], path
    assert not re.search(r"\bNone\b|Undefined|%\(", re.sub(r"<script.*?</script>", "", text, flags=re.S)), (
        path
    )


def test_every_page_is_well_made(browser: Any, world: World, screening_id: str) -> None:
    for path in pages(world, screening_id):
        answer = browser.get(path)
        assert answer.content_type.startswith("text/html"), path
        assert_well_made(answer.text, path)


def test_pages_of_a_booking_are_well_made_in_every_state(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7", "C8")
    assert_well_made(browser.get(f"/checkout/{hold_id}").text, "checkout")
    for state in ("paying", "confirmed", "ticketed", "expired", "cancelled", "refund_due", "refunded"):
        world.holds[hold_id] |= {"state": state, "email": "ann@example.org", "name": "Ann Other"}
        assert_well_made(browser.get(f"/bookings/{hold_id}").text, state)
        assert_well_made(browser.get("/bookings").text, f"list with {state}")


def test_nobody_is_told_that_nothing_was_charged_before_it_is_known(browser: Any, world: World) -> None:
    hold_id = browser.hold("C7", "C8")
    world.holds[hold_id] |= {"state": "expired", "is_payment_unknown": True}

    page, mine = browser.get(f"/bookings/{hold_id}").text, browser.get("/bookings").text

    assert_well_made(page, "unknown")
    assert "We do not know yet whether this was paid" in page
    assert "If money was taken" in page
    assert "Nothing was charged" not in page
    assert "Paid or not: the bank has not said" in mine
    assert "Not paid" not in mine


def test_home_shows_the_times_of_the_day_as_links_to_seats(browser: Any, screening_id: str) -> None:
    text = browser.get("/").text

    assert "Cléo from 5 to 7" in text
    assert f"/screenings/{screening_id}/seats" in text
    assert "18:30" in text


def test_a_sold_out_time_is_no_link(browser: Any, world: World) -> None:
    sold_out = next(s["id"] for s in world.screenings.values() if s["availability"] == "sold_out")

    assert f"/screenings/{sold_out}/seats" not in browser.get("/").text


def test_filters_narrow_the_day_and_keep_their_counts(browser: Any) -> None:
    text = browser.get("/?show=format:35+mm").text

    assert "In the Mood for Love" in text
    assert "Perfect Days" not in text.partition("<article")[2]
    assert "35 mm" in text


def test_the_film_page_tells_machines_what_plays(browser: Any) -> None:
    text = browser.get(f"/movies/{an_id('Paper Moon')}").text

    assert '"@type":"Movie"' in text.replace(" ", "")
    assert text.count("ScreeningEvent") >= 3


@pytest.mark.parametrize(("currency", "price"), [("EUR", "9.50"), ("JPY", "950")])
def test_machines_are_told_the_price_in_its_currency(
    browser: Any, world: World, currency: str, price: str
) -> None:
    for screening in world.screenings.values():
        screening["currency"] = currency

    text = browser.get(f"/movies/{an_id('Paper Moon')}").text

    assert f'"price":"{price}","priceCurrency":"{currency}"' in text.replace(" ", "")


def test_each_seat_has_a_complete_name_and_the_grid_one_role(browser: Any, screening_id: str) -> None:
    text = browser.get(f"/screenings/{screening_id}/seats").text

    assert 'aria-label="Row C, seat 7, standard, 9.50 euros, available"' in text
    assert 'aria-label="Row H, seat 9, standard, 9.50 euros, taken"' in text
    assert 'aria-label="Row F, seat 10, premium, 11.50 euros, held by someone else"' in text
    assert text.count('role="grid"') == 1


@pytest.mark.parametrize(("people", "is_said"), [(7, False), (8, True)])
def test_where_no_more_people_fit_the_page_says_why(
    browser: Any, screening_id: str, people: int, is_said: bool
) -> None:
    text = browser.get(f"/screenings/{screening_id}/seats?people={people}").text

    assert (">8 seats are the most that one person can book for one showing." in text) is is_said


def test_words_beside_the_screen_show_their_way(browser: Any, screening_id: str) -> None:
    text = browser.get(f"/screenings/{screening_id}/seats").text

    assert ">← Way out</text>" in text
    assert ">Entrance, step-free to row E</text>" in text


@pytest.mark.parametrize("service", ["movies", "ticket", "auth"])
def test_a_neighbour_that_is_away_costs_a_section_never_the_page(
    browser: Any, world: World, screening_id: str, service: str
) -> None:
    browser.sign_in(world, "viewer")
    world.away.add(service)
    for path in ("/", "/movies", "/rooms", "/bookings", "/help", "/dashboard"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert_well_made(answer.text, path)


def test_while_an_older_movies_is_being_replaced_seats_are_sold_all_the_same(
    browser: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(name: str, shape: Any) -> Any:
        return lambda thing: {key: value for key, value in shape(thing).items() if key != name}

    monkeypatch.setattr(world, "hold_shape", without("term_seconds", world.hold_shape))
    monkeypatch.setattr(world, "screening_shape", without("sales_close_at", world.screening_shape))
    hold_id = browser.hold("C7")

    for path in (f"{browser.seats}/seats", f"/checkout/{hold_id}"):
        assert_well_made(browser.get(path).text, path)


def test_what_the_house_says_of_itself_follows_its_settings(browser: Any, world: World) -> None:
    world.rules |= {
        "hold_ttl_seconds": 300,
        "hold_extensions": 1,
        "doors_minutes": 45,
        "cancel_until_minutes": 120,
    }

    page = browser.get("/help").text

    for sentence in (
        "A tap on a free seat holds it for 5 minutes. You can keep it longer once.",
        "Until 2 hours before the film you get all your money back",
        "Doors open 45 minutes before the film.",
        "Doors 45 minutes before each film.",
        "Free refund until 2 hours before.",
    ):
        assert sentence in page


def test_while_the_rules_of_the_house_are_not_known_pages_name_no_numbers(browser: Any, world: World) -> None:
    world.away.add("movies")

    page = browser.get("/help").text

    assert "The page of your booking says until when you get all your money back." in page
    assert not re.search(r"\d (minute|hour)|Doors open", page)


def test_a_person_whom_auth_cannot_name_is_a_visitor_with_a_note(browser: Any, world: World) -> None:
    browser.sign_in(world, "viewer")
    world.away.add("auth")

    assert "We cannot see who you are just now" in browser.get("/").text


def test_an_unknown_page_offers_what_plays_next(browser: Any) -> None:
    answer = browser.get("/no-such-page")

    assert answer.status_code == 404
    assert "What plays next" in answer.text


def test_scripts_get_problems_as_json(browser: Any) -> None:
    answer = browser.ask(f"/bookings/{an_id('nothing')}/state")

    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(("query", "is_kept"), [("?v=1", True), ("?v=0", False), ("", False)])
def test_a_poster_is_kept_for_a_year_only_by_the_version_it_has(
    browser: Any, query: str, is_kept: bool
) -> None:
    answer = browser.get(f"/posters/{an_id('Paper Moon')}.svg{query}")

    assert answer.content_type.startswith("image/svg+xml")
    assert ("immutable" in answer.headers["Cache-Control"]) is is_kept


def test_a_new_poster_is_there_at_once_by_its_new_version(browser: Any, world: World) -> None:
    film = an_id("Paper Moon")
    assert 'id="v1"' in browser.get(f"/posters/{film}.svg?v=1").text
    world.movies[film]["poster_url"] = f"/movies/{film}/poster.svg?v=2"

    answer = browser.get(f"/posters/{film}.svg?v=2")

    assert 'id="v2"' in answer.text
    assert "immutable" in answer.headers["Cache-Control"]


def test_whoever_buys_sees_which_cinema_it_is(browser: Any, screening_id: str) -> None:
    hold_id = browser.hold("C7")

    assert "Harbour Street Cinema, Kiel" in browser.get(f"/screenings/{screening_id}/seats").text
    assert "Harbour Street Cinema, Kiel" in browser.get(f"/checkout/{hold_id}").text


def test_a_refund_is_promised_only_while_there_is_one(browser: Any, world: World, screening_id: str) -> None:
    screening, now = world.screenings[screening_id], datetime.now(UTC)

    screening["starts_at"] = (now + timedelta(minutes=61)).isoformat()
    assert "Free refund until" in browser.get(f"/screenings/{screening_id}/seats").text

    screening["starts_at"] = (now + timedelta(minutes=59)).isoformat()
    assert "too late for a refund" in browser.get(f"/screenings/{screening_id}/seats").text


def test_the_programme_and_a_film_say_whose_times_these_are_and_lead_to_the_other_house(
    browser: Any, world: World
) -> None:
    film = next(iter(world.movies))
    assert "Harbour Street Cinema</b>, Kiel" in browser.get("/").text
    world.others = [world.cinema | {"slug": "vega", "name": "Vega"}]

    assert '· <a href="/cinemas/vega"' in browser.get("/").text
    assert f'href="/cinemas/vega?film={film}"' in browser.get(f"/movies/{film}").text

    assert browser.get(f"/cinemas/vega?film={film}").location == f"/movies/{film}?cinema=vega"
    assert browser.get("/cinemas/vega?film=//elsewhere.example").location == "/"


def test_a_film_that_plays_at_another_house_only_says_where_and_when(browser: Any, world: World) -> None:
    film = an_id("Paper Moon")
    world.others = [world.cinema | {"slug": "vega", "name": "Vega"}]

    text = browser.get(f"/movies/{film}?cinema=vega").text
    world.screenings.clear()
    nowhere = browser.get(f"/movies/{film}?cinema=vega").text

    assert "Plays at Harbour Street Cinema" in text
    assert f"/screenings/{an_id(f'Paper Moon {world.opened:%d} 20:30')}/seats" in text
    assert f'href="/movies/{film}?cinema=harbour-street&amp;day={world.opened.date()}"' in text
    assert "Not in the programme now" not in text
    assert "Not in the programme now" in nowhere


def test_an_address_with_a_day_says_of_which_house_where_there_are_several(
    browser: Any, world: World
) -> None:
    film, tomorrow = an_id("Paper Moon"), world.opened.date() + timedelta(days=1)
    alone = browser.get(f"/movies/{film}").text
    world.others = [world.cinema | {"slug": "vega", "name": "Vega"}]

    among_others = browser.get(f"/movies/{film}").text

    assert f'href="/movies/{film}?day={tomorrow}"' in alone
    assert f'href="/movies/{film}?day={tomorrow}&amp;cinema=harbour-street"' in among_others


def test_screens_stand_under_their_houses(browser: Any, world: World) -> None:
    world.others = [world.cinema | {"slug": "vega", "name": "Vega"}]

    headings = re.findall("<h2[^>]*>(.*?)</h2>", browser.get("/rooms").text)

    assert headings == ["Harbour Street Cinema", "Vega"]


def test_a_search_that_finds_nothing_asks_whether_another_film_was_meant(browser: Any) -> None:
    assert (
        'Did you mean <a href="/movies?q=Paper+Moon">Paper Moon</a>?' in browser.get("/movies?q=papper").text
    )


def test_without_tickets_the_next_film_with_seats_left_is_offered(browser: Any, world: World) -> None:
    world.screenings[an_id(f"Cléo from 5 to 7 {world.opened:%d} 17:40")]["availability"] = "sold_out"

    text = browser.get("/bookings").text

    assert "Tonight at 18:30:" in text, "and not the one at 18:10, which is sold out"
    assert f'<a href="/screenings/{an_id(f"In the Mood for Love {world.opened:%d} 18:30")}/seats">' in text
    assert "from 9.50." in text
    assert "with or without an account" in text


def test_without_tickets_nothing_is_offered_where_all_is_sold_out(browser: Any, world: World) -> None:
    for screening in world.screenings.values():
        screening["availability"] = "sold_out"

    assert "Tonight at" not in browser.get("/bookings").text


def test_who_is_signed_in_is_not_told_of_tickets_without_an_account(browser: Any, world: World) -> None:
    browser.sign_in(world)

    text = browser.get("/bookings").text

    assert "Tickets you buy while signed in stand here." in text
    assert "without an account" not in text


def test_a_film_says_how_long_it_is_with_the_ads_and_when_the_next_one_ends(browser: Any) -> None:
    text = browser.get(f"/movies/{an_id('Paper Moon')}").text

    assert "<li><b>1 h 42</b> + 15 min ads</li>" in text
    assert "<li>20:30 ends 22:27</li>" in text, "the one at 18:10 is sold out"
