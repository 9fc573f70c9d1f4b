"""Price cards."""

from tests.web.manage.conftest import CARD
from tests.web.manage.scripted import refusal

EVENING = {
    "id": CARD,
    "cinema_id": "c",
    "name": "Evening",
    "lines": [{"kind": "standard", "ticket_type": "adult", "price_cents": 950}],
}


def test_cards_show_what_is_sold_and_what_is_not(office, movies):
    movies.answers["GET /price-cards"] = {"price_cards": [EVENING]}

    page = office.get("/manage/prices").text

    assert "9.50" in page
    assert 'aria-label="not sold"' in page


def test_a_card_is_sent_in_cents_without_its_empty_fields(office, movies):
    movies.answers["POST /price-cards"] = EVENING
    typed = {"price-standard-adult": "9.50", "price-standard-carer": "0", "price-premium-adult": "11,5"}

    answer = office.submit("/manage/prices/new", name="Evening", **typed)

    assert answer.status_code == 303
    (sent,) = movies.bodies("POST /price-cards")
    assert sent["lines"] == [
        {"kind": "standard", "ticket_type": "adult", "price_cents": 950},
        {"kind": "standard", "ticket_type": "carer", "price_cents": 0},
        {"kind": "premium", "ticket_type": "adult", "price_cents": 1150},
    ]


def test_a_card_in_yen_is_sent_in_whole_yen(office, movies, world):
    world.cinema["currency"] = "JPY"
    movies.answers["POST /price-cards"] = EVENING

    office.submit("/manage/prices/new", name="Evening", **{"price-standard-adult": "1900"})

    (sent,) = movies.bodies("POST /price-cards")
    assert sent["lines"] == [{"kind": "standard", "ticket_type": "adult", "price_cents": 1900}]


def test_faulty_amounts_are_named_and_kept(office, movies):
    typed = {
        "price-standard-adult": "9.505",
        "price-premium-adult": "-1",
        "price-sofa-adult": "NaN",
        "price-sofa-child": "1e999999",
    }

    answer = office.submit("/manage/prices/new", name="Evening", **typed)

    assert answer.status_code == 422
    assert answer.text.count("Give an amount like 11.50.") == 4
    assert 'value="9.505"' in answer.text
    assert movies.bodies("POST /price-cards") == []


def test_an_amount_that_could_not_be_charged_is_named_at_its_field(office, movies, world):
    world.cinema["currency"] = "KWD"
    typed = {"price-standard-adult": "2.505", "price-premium-adult": "3.510"}

    answer = office.submit("/manage/prices/new", name="Evening", **typed)

    assert answer.status_code == 422
    assert 'id="e-price-standard-adult">Give a multiple of 0.010.' in answer.text
    assert answer.text.count("Give a multiple of 0.010.") == 1
    assert movies.bodies("POST /price-cards") == []


def test_an_amount_too_small_to_be_charged_is_named_at_its_field(office, movies):
    typed = {"price-standard-adult": "0.49", "price-premium-adult": "0.50", "price-standard-carer": "0"}

    answer = office.submit("/manage/prices/new", name="Evening", **typed)

    assert answer.status_code == 422
    assert 'id="e-price-standard-adult">Give 0, or 0.50 or more: less cannot be charged.' in answer.text
    assert answer.text.count("less cannot be charged") == 1
    assert movies.bodies("POST /price-cards") == []


def test_a_card_without_any_price_is_refused(office, movies):
    answer = office.submit("/manage/prices/new", name="Evening")

    assert answer.status_code == 422
    assert "A card needs at least one price." in answer.text


def test_of_an_empty_card_the_name_has_the_focus_for_it_comes_first(office):
    page = office.submit("/manage/prices/new").text

    focused = [line for line in page.splitlines() if " autofocus" in line]
    assert len(focused) == 1
    assert 'name="name"' in focused[0]
    assert "A card needs at least one price." in page


def test_a_name_that_is_taken_is_said_at_the_name(office, movies):
    movies.answers["GET /price-cards"] = {"price_cards": [EVENING]}
    movies.answers[f"PUT /price-cards/{CARD}"] = refusal(
        409, "price-card-exists", "This cinema has such a card"
    )

    answer = office.submit(f"/manage/prices/{CARD}", name="Weekend", **{"price-standard-adult": "9.50"})

    assert answer.status_code == 422
    assert 'id="e-name"' in answer.text


def test_a_copy_starts_with_the_prices_of_its_model(office, movies):
    movies.answers["GET /price-cards"] = {"price_cards": [EVENING]}

    page = office.get(f"/manage/prices/new?like={CARD}").text

    assert 'name="price-standard-adult" value="9.50"' in page
    assert 'value="Evening"' not in page
