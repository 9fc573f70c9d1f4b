"""Pages people see: the ledger, the hosted checkout and the bank's 3-D Secure question."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from local.stripe_fake import deliveries, ledger
from local.stripe_fake.domain import attempts, intents, sessions, settlement
from local.stripe_fake.errors import Json, ResourceMissing, StripeError
from local.stripe_fake.parameters import Parameters
from local.stripe_fake.routes.calls import this_account
from local.stripe_fake.routes.control import read_switches
from marquee.money import spoken

pages = Blueprint("pages", __name__)

LEDGER_ROWS = 200


@pages.app_template_filter("money")
def money(amount: int, currency: str) -> str:
    return spoken(amount, currency, "en_US")


@pages.app_template_filter("moment")
def moment(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%d %b %H:%M:%S UTC")


@pages.errorhandler(ResourceMissing)
def not_found(problem: ResourceMissing) -> ResponseReturnValue:
    return render_template("message.html", title="Not here", text=problem.message), 404


@pages.get("/")
def show_ledger() -> ResponseReturnValue:
    account = this_account()
    books = ledger.read(account)
    books["intents"] = books["intents"][:LEDGER_ROWS]
    return render_template(
        "ledger.html",
        books=books,
        deliveries=deliveries.latest(account.store, 50),
        switches=read_switches(),
        webhook_url=account.settings.webhook_url,
    )


@pages.get("/healthz")
def healthz() -> ResponseReturnValue:
    return {"status": "ok"}


@pages.get("/checkout/<session_id>")
def show_checkout(session_id: str) -> ResponseReturnValue:
    session = _read_session(session_id)
    if session["status"] == "complete":
        return redirect(sessions.success_address(session), 303)
    if session["status"] == "expired":
        return render_template("expired.html", session=session), 410
    return render_template("checkout.html", session=session, error=_last_error(session), given={})


@pages.post("/checkout/<session_id>")
def pay_checkout(session_id: str) -> ResponseReturnValue:
    account = this_account()
    with account.store.transaction():
        session = sessions.retrieve(account, session_id)
        if session["status"] != "open":
            return redirect(f"/checkout/{session_id}", 303)
        session["customer_email"] = request.form.get("email") or session["customer_email"]
        try:
            intent = sessions.pay(account, session, _card_from_form())
        except StripeError as problem:
            error = {"message": problem.message, "param": problem.param}
            return render_template("checkout.html", session=session, error=error, given=request.form), 402
    if intent["status"] == "requires_action":
        return redirect(intent["next_action"]["redirect_to_url"]["url"], 303)
    return redirect(sessions.success_address(session), 303)


@pages.get("/checkout/<session_id>/return")
def return_to_checkout(session_id: str) -> ResponseReturnValue:
    return redirect(f"/checkout/{session_id}", 303)


@pages.get("/3ds/<intent_id>")
def ask_holder(intent_id: str) -> ResponseReturnValue:
    intent = _intent_with_secret(intent_id)
    if intent["status"] != "requires_action":
        return render_template("message.html", title="Answered", text="Your bank has its answer already.")
    return render_template("three_d_secure.html", intent=intent)


@pages.post("/3ds/<intent_id>")
def hear_holder(intent_id: str) -> ResponseReturnValue:
    account = this_account()
    with account.store.transaction():
        intent = _intent_with_secret(intent_id)
        action = intent["next_action"] or {}
        approves = request.form.get("answer") == "approve"
        intent = settlement.answer_for_holder(account, intent, approves)
    if request.args.get("frame"):
        return render_template("three_d_secure_done.html")
    return_url = action.get("redirect_to_url", {}).get("return_url")
    if return_url:
        return redirect(attempts.return_address(intent, return_url), 303)
    return render_template("message.html", title="Thank you", text="You can go back to the shop now.")


def _read_session(session_id: str) -> Json:
    account = this_account()
    with account.store.reading():
        return sessions.retrieve(account, session_id)


def _intent_with_secret(intent_id: str) -> Json:
    account = this_account()
    with account.store.reading():
        intent = intents.retrieve(account, intent_id)
    if not hmac.compare_digest(request.args.get("client_secret", ""), intent["client_secret"]):
        abort(404)
    return intent


def _last_error(session: Json) -> Json | None:
    """Back from the bank without its yes: the page says so, above the form."""
    if session["payment_intent"] is None:
        return None
    account = this_account()
    with account.store.reading():
        error: Json | None = intents.retrieve(account, session["payment_intent"])["last_payment_error"]
    return error


def _card_from_form() -> Parameters:
    form = request.form
    month, year = _split_expiry(form.get("expiry", ""))
    card = {
        "number": form.get("number", ""),
        "exp_month": month,
        "exp_year": year,
        "cvc": form.get("cvc") or "missing",
    }
    return Parameters({"type": "card", "card": card})


def _split_expiry(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"\s*(\d{1,2})\s*/?\s*(\d{2}|\d{4})\s*", text)
    return (found[1], found[2]) if found else ("0", "0")
