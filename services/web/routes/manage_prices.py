"""Price cards in the office: ticket types by kinds of seat."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext

from marquee import money
from marquee.errors import NotFound
from services.web.clients import Json, office
from services.web.pages import Pages
from services.web.routes.manage import EDITOR, asked, house, house_of, said
from services.web.views.manage_forms import NOT_DONE, Form, NotDone, kind_of
from services.web.views.seatmap import KINDS

pages = Pages("manage_prices", __name__)

TICKET_TYPES = ("adult", "student", "senior", "child", "carer")


@pages.get("/manage/prices", access=EDITOR)
def card_list() -> str:
    cinema = house()
    cards = office().price_cards(cinema["slug"])
    by_card = [
        (card, {(p["kind"], p["ticket_type"]): p["price_cents"] for p in card["lines"]}) for card in cards
    ]
    return render_template(
        "views/manage/prices.html", house=cinema, cards=by_card, kinds=KINDS, ticket_types=TICKET_TYPES
    )


@pages.get("/manage/prices/new", access=EDITOR)
def new_card() -> str:
    """Blank, or with the prices of an existing card (?like=)."""
    cards = office().price_cards(house()["slug"])
    like = next((card for card in cards if card["id"] == request.args.get("like")), None)
    return _form_page(_filled(like, name="") if like else Form())


@pages.post("/manage/prices/new", access=EDITOR)
def add_card() -> Any:
    form = Form(request.form)
    card = card_in(form, house()["currency"])
    if form.is_fine:
        try:
            added = office().add_price_card(card | {"cinema": house()["slug"]})
        except NOT_DONE as problem:
            _explain(form, problem)
        else:
            flash(gettext("The price card “%(name)s” is there.", name=added["name"]), "ok")
            return redirect(url_for("manage_prices.card_list"), 303)
    return asked(_form_page(form), form)


@pages.get("/manage/prices/<uuid:card_id>", access=EDITOR)
def card_page(card_id: UUID) -> str:
    card = _card(card_id)
    return _form_page(_filled(card, name=card["name"]), card)


@pages.post("/manage/prices/<uuid:card_id>", access=EDITOR)
def change_card(card_id: UUID) -> Any:
    form, known = Form(request.form), _card(card_id)
    card = card_in(form, house_of(known)["currency"])
    if form.is_fine:
        try:
            changed = office().change_price_card(str(card_id), card)
        except NOT_DONE as problem:
            _explain(form, problem)
        else:
            flash(gettext("“%(name)s” counts for screenings made from now on.", name=changed["name"]), "ok")
            return redirect(url_for("manage_prices.card_list"), 303)
    return asked(_form_page(form, known), form)


def field_of(kind: str, ticket_type: str) -> str:
    return f"price-{kind}-{ticket_type}"


def card_in(form: Form, currency: str) -> Json:
    """An empty price means: that ticket is not sold for that kind of seat."""
    # In the order of the page: the first thing that is wrong has the focus.
    name = form.text("name", gettext("A price card needs a name."), longest=80)
    cents = {
        (kind, ticket): form.cents(field_of(kind, ticket), currency)
        for kind in KINDS
        for ticket in TICKET_TYPES
    }
    if not any(price is not None for price in cents.values()) and not form.errors.keys() - {"name"}:
        form.fail(field_of(KINDS[0], TICKET_TYPES[0]), gettext("A card needs at least one price."))
    return {
        "name": name,
        "lines": [
            {"kind": kind, "ticket_type": ticket, "price_cents": price}
            for (kind, ticket), price in cents.items()
            if price is not None
        ],
    }


def _explain(form: Form, problem: NotDone) -> None:
    if kind_of(problem) == "/problems/price-card-exists":
        form.fail("name", said(problem))
    else:
        form.take(problem, {"name": "name"})


def _card(card_id: UUID) -> Json:
    """Of any house: the address may have been kept from before the house was changed."""
    found = next((card for card in office().price_cards(None) if card["id"] == str(card_id)), None)
    if found is None:
        raise NotFound(gettext("There is no such price card."))
    return found


def _filled(card: Json, *, name: str) -> Form:
    currency = house_of(card)["currency"]
    prices = {
        field_of(line["kind"], line["ticket_type"]): str(money.amount(line["price_cents"], currency))
        for line in card["lines"]
    }
    return Form.filled({"name": name} | prices)


def _form_page(form: Form, card: Json | None = None) -> str:
    return render_template(
        "views/manage/price_card.html",
        house=house_of(card) if card else house(),
        form=form,
        card=card,
        kinds=KINDS,
        ticket_types=TICKET_TYPES,
        field_of=field_of,
    )
