"""Refunds that need a hand: money that should have gone back and has not."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from marquee.clock import zone
from services.web.clients import office
from services.web.pages import Pages
from services.web.routes.manage import EDITOR, house, said
from services.web.views.manage_forms import NOT_DONE
from services.web.views.showings import moment

pages = Pages("manage_refunds", __name__)


@pages.get("/manage/refunds", access=EDITOR)
def refund_list() -> str:
    """Of all houses: whose money it is does not depend on the house one looks at."""
    found = office().refunds_in_trouble()
    refunds = [(one, moment(one["starts_at"], zone(one["timezone"]))) for one in found]
    return render_template("views/manage/refunds.html", house=house(), refunds=refunds)


@pages.post("/manage/refunds/<uuid:reservation_id>/again", access=EDITOR)
def try_again(reservation_id: UUID) -> Response:
    try:
        office().refund_again(str(reservation_id))
    except NOT_DONE as problem:
        flash(said(problem), "danger")
    else:
        flash(gettext("The refund is tried once more. If it fails again, it comes back to this list."), "ok")
    return redirect(url_for("manage_refunds.refund_list"), 303)
