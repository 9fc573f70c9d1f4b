"""The switches under /_control: JSON for tests, and the same as forms for the ledger page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, Forbidden

from local.stripe_fake import deliveries, faults, ledger
from local.stripe_fake.domain import intents, refunds, settlement
from local.stripe_fake.domain.account import visible
from local.stripe_fake.errors import Json, StripeError
from local.stripe_fake.routes.calls import this_account

control = Blueprint("control", __name__, url_prefix="/_control")


@control.before_request
def refuse_other_sites() -> None:
    """A page elsewhere must not flip switches through the browser of whoever runs the demo."""
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site", "none") not in (
        "same-origin",
        "none",
    ):
        raise Forbidden


@control.errorhandler(StripeError)
def refused(problem: StripeError) -> ResponseReturnValue:
    return jsonify(problem.to_json()), problem.status


@control.get("")
def show_switches() -> ResponseReturnValue:
    return jsonify(read_switches())


@control.get("/ledger")
def show_ledger() -> ResponseReturnValue:
    return jsonify(ledger.read(this_account()))


@control.post("/faults")
def change_faults() -> ResponseReturnValue:
    try:
        return _done(asdict(faults.change(this_account().store, _wishes())))
    except (ValueError, TypeError) as problem:
        raise BadRequest(str(problem)) from problem


@control.post("/faults/clear")
def clear_faults() -> ResponseReturnValue:
    return _done(asdict(faults.clear(this_account().store)))


@control.get("/webhooks")
def show_webhooks() -> ResponseReturnValue:
    account = this_account()
    return jsonify(
        {
            **deliveries.read_switches(account.store),
            "waiting": deliveries.count_waiting(account.store),
            "deliveries": deliveries.latest(account.store, request.args.get("limit", 100, type=int)),
        }
    )


@control.post("/webhooks")
def change_webhooks() -> ResponseReturnValue:
    wishes = _wishes()
    changes: Json = {name: _truth(wishes[name]) for name in ("paused", "shuffle") if name in wishes}
    if "duplicates" in wishes:
        changes["duplicates"] = max(1, min(50, _number(wishes["duplicates"])))
    with this_account().store.transaction():
        return _done(deliveries.set_switches(this_account(), **changes))


@control.post("/webhooks/send")
def send_webhook() -> ResponseReturnValue:
    """Deliver an event again, by its id or the newest of a type: genuine, stale or forged."""
    account, wishes = this_account(), _wishes()
    manner = wishes.get("manner", "genuine")
    if manner not in deliveries.MANNERS:
        raise BadRequest(f"manner is one of {', '.join(deliveries.MANNERS)}")
    with account.store.transaction():
        event_id = wishes.get("event") or _newest_event(wishes.get("type"))
        for _ in range(max(1, min(50, _number(wishes.get("times", 1))))):
            deliveries.send_again(account, event_id, manner)
    return _done({"event": event_id, "manner": manner})


@control.post("/webhooks/flush")
def deliver_now() -> ResponseReturnValue:
    """Bring every waiting delivery forward, whatever its back-off."""
    with this_account().store.transaction():
        return _done(deliveries.set_switches(this_account(), paused=False))


@control.post("/intents/<intent_id>/settle")
def settle_intent(intent_id: str) -> ResponseReturnValue:
    account = this_account()
    with account.store.transaction():
        intent = settlement.settle_intent(account, intents.retrieve(account, intent_id), _goes_well())
    return _done(visible(intent))


@control.post("/intents/<intent_id>/answer")
def answer_for_holder(intent_id: str) -> ResponseReturnValue:
    """Answer the bank's 3-D Secure question without a browser: {"approve": true}."""
    account = this_account()
    with account.store.transaction():
        intent = intents.retrieve(account, intent_id)
        intent = settlement.answer_for_holder(account, intent, _truth(_wishes().get("approve", True)))
    return _done(visible(intent))


@control.post("/refunds")
def choose_refund_outcome() -> ResponseReturnValue:
    """What happens to every refund from now on: succeeds, pends, fails; null leaves it to the card."""
    outcome = _wishes().get("outcome") or None
    if outcome is not None and outcome not in refunds.OUTCOMES:
        raise BadRequest(f"outcome is null or one of {', '.join(refunds.OUTCOMES)}")
    store = this_account().store
    with store.transaction():
        store.set_switch(refunds.SWITCH, {"outcome": outcome})
    return _done({"outcome": outcome})


@control.post("/refunds/<refund_id>/settle")
def settle_refund(refund_id: str) -> ResponseReturnValue:
    account = this_account()
    with account.store.transaction():
        refund = refunds.settle(account, refunds.retrieve(account, refund_id), _goes_well())
    return _done(visible(refund))


@control.post("/reset")
def reset() -> ResponseReturnValue:
    store = this_account().store
    with store.transaction():
        store.forget_everything()
    return _done({"reset": True})


def read_switches() -> Json:
    store = this_account().store
    with store.reading():
        return {
            "faults": asdict(faults.read(store)),
            "webhooks": deliveries.read_switches(store),
            "refunds": store.switch(refunds.SWITCH, {"outcome": None}),
        }


def _wishes() -> Json:
    wishes: Any = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(wishes, dict):
        raise BadRequest("a JSON object, please")
    return wishes


def _done(told: Json) -> ResponseReturnValue:
    """Tests get JSON; a person who pressed a button on the ledger page gets the page again."""
    return redirect("/", 303) if request.form else jsonify(told)


def _goes_well() -> bool:
    outcome = _wishes().get("outcome", "succeed")
    if outcome not in ("succeed", "fail"):
        raise BadRequest("outcome is succeed or fail")
    return bool(outcome == "succeed")


def _newest_event(event_type: str | None) -> str:
    for event in this_account().store.newest_first("event", parent=event_type):
        return str(event["id"])
    raise BadRequest("no such event yet")


def _truth(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "on", "1", "yes")


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as problem:
        raise BadRequest(f"not a number: {value}") from problem
