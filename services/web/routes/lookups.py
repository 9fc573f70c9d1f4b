"""Tickets once more, for whoever lost the mail: one address in, the answer by mail only."""

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from marquee.http import NeighbourAway, NeighbourProblem
from marquee.limits import limited
from services.web.clients import letters
from services.web.limits import person_or_address
from services.web.pages import PUBLIC_PAGE, Pages
from services.web.visitor import current_visitor

pages = Pages("lookups", __name__)


@pages.get("/bookings/lookup", access=PUBLIC_PAGE)
def lookup_page() -> str:
    person = current_visitor().person
    typed = session.pop("looked_for", "")
    return render_template("views/lookup.html", email=typed or (person.email if person else ""))


@pages.post("/bookings/lookup", access=PUBLIC_PAGE)
@limited("10/hour", key=person_or_address)
def look_up() -> AnyResponse:
    email = request.form.get("email", "").strip()[:254]
    kind, sentence = _ask(email)
    flash(sentence, kind)
    session["looked_for"] = email
    return redirect(url_for("lookups.lookup_page"), 303)


def _ask(email: str) -> tuple[str, str]:
    """What to say, and how. It never depends on whether there are tickets."""
    try:
        letters().ask_for_tickets(email)
    except NeighbourAway:
        return "warn", gettext("Our post is away for a moment. Please try again in a minute.")
    except NeighbourProblem as problem:
        if problem.code == 429:
            return "warn", gettext(
                "This address was asked for three times in an hour. Look among the spam, or try again later."
            )
        return "danger", gettext("That is not a mail address. It looks like mia@example.org.")
    return "ok", gettext(
        "If there are tickets for %(email)s, they are there within a minute. Nothing? Look among the spam, "
        "or try another address of yours.",
        email=email,
    )
