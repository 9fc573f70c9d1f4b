"""The endpoints of Stripe's API that this stand-in answers, one line each."""

from __future__ import annotations

from flask import Blueprint, Response, json
from flask.typing import ResponseReturnValue

from local.stripe_fake.domain import charges, events, intents, payment_methods, refunds, sessions
from local.stripe_fake.domain.account import Account
from local.stripe_fake.errors import Json
from local.stripe_fake.listing import page_of, read_created_range
from local.stripe_fake.parameters import Parameters
from local.stripe_fake.routes.calls import api_call

api = Blueprint("api", __name__)


@api_call(api, "POST", "/payment_intents")
def create_intent(account: Account, params: Parameters) -> Json:
    return intents.create(account, params)


@api_call(api, "GET", "/payment_intents")
def list_intents(account: Account, params: Parameters) -> Json:
    return _list(account, params, intents.KIND, "/v1/payment_intents")


@api_call(api, "GET", "/payment_intents/<intent_id>", publishable=True)
def retrieve_intent(account: Account, params: Parameters, intent_id: str) -> Json:
    params.refuse_others()
    return intents.retrieve(account, intent_id)


@api_call(api, "POST", "/payment_intents/<intent_id>")
def update_intent(account: Account, params: Parameters, intent_id: str) -> Json:
    return intents.update(account, intent_id, params)


@api_call(api, "POST", "/payment_intents/<intent_id>/confirm", publishable=True)
def confirm_intent(account: Account, params: Parameters, intent_id: str) -> Json:
    return intents.confirm(account, intent_id, params)


@api_call(api, "POST", "/payment_intents/<intent_id>/cancel")
def cancel_intent(account: Account, params: Parameters, intent_id: str) -> Json:
    return intents.cancel(account, intent_id, params)


@api_call(api, "POST", "/payment_intents/<intent_id>/capture")
def capture_intent(account: Account, params: Parameters, intent_id: str) -> Json:
    return intents.capture(account, intent_id, params)


@api_call(api, "POST", "/payment_methods", publishable=True)
def create_method(account: Account, params: Parameters) -> Json:
    return payment_methods.create(account, params)


@api_call(api, "GET", "/payment_methods/<method_id>")
def retrieve_method(account: Account, params: Parameters, method_id: str) -> Json:
    params.refuse_others()
    return payment_methods.retrieve(account, method_id)


@api_call(api, "GET", "/charges")
def list_charges(account: Account, params: Parameters) -> Json:
    return _list(account, params, charges.KIND, "/v1/charges", parent=params.text("payment_intent"))


@api_call(api, "GET", "/charges/<charge_id>")
def retrieve_charge(account: Account, params: Parameters, charge_id: str) -> Json:
    params.refuse_others()
    return account.store.get(charges.KIND, charge_id)


@api_call(api, "POST", "/refunds")
def create_refund(account: Account, params: Parameters) -> Json:
    return refunds.create(account, params)


@api_call(api, "GET", "/refunds")
def list_refunds(account: Account, params: Parameters) -> Json:
    charge_id = params.text("charge")
    parent = params.text("payment_intent")
    if charge_id is not None:
        parent = account.store.get(charges.KIND, charge_id, "charge")["payment_intent"]
    return _list(account, params, refunds.KIND, "/v1/refunds", parent)


@api_call(api, "GET", "/refunds/<refund_id>")
def retrieve_refund(account: Account, params: Parameters, refund_id: str) -> Json:
    params.refuse_others()
    return refunds.retrieve(account, refund_id)


@api_call(api, "POST", "/refunds/<refund_id>")
def update_refund(account: Account, params: Parameters, refund_id: str) -> Json:
    return refunds.update(account, refund_id, params)


@api_call(api, "POST", "/checkout/sessions")
def create_session(account: Account, params: Parameters) -> Json:
    return sessions.create(account, params)


@api_call(api, "GET", "/checkout/sessions")
def list_sessions(account: Account, params: Parameters) -> Json:
    wanted = {name: params.text(name) for name in ("payment_intent", "status")}
    created = read_created_range(params)

    def matches(session: Json) -> bool:
        return all(value is None or session[name] == value for name, value in wanted.items())

    return page_of(account.store, sessions.KIND, params, "/v1/checkout/sessions", created, matches)


@api_call(api, "GET", "/checkout/sessions/<session_id>")
def retrieve_session(account: Account, params: Parameters, session_id: str) -> Json:
    params.refuse_others()
    return sessions.retrieve(account, session_id)


@api_call(api, "POST", "/checkout/sessions/<session_id>/expire")
def expire_session(account: Account, params: Parameters, session_id: str) -> Json:
    params.refuse_others()
    return sessions.expire(account, session_id)


@api_call(api, "GET", "/checkout/sessions/<session_id>/line_items")
def list_line_items(account: Account, params: Parameters, session_id: str) -> Json:
    params.integer("limit")
    params.refuse_others()
    return sessions.line_item_list(sessions.retrieve(account, session_id))


@api_call(api, "GET", "/events")
def list_events(account: Account, params: Parameters) -> Json:
    return events.list_events(account, params)


@api_call(api, "GET", "/events/<event_id>")
def retrieve_event(account: Account, params: Parameters, event_id: str) -> Json:
    params.refuse_others()
    return events.retrieve(account, event_id)


@api.route("/v1/", defaults={"rest": ""}, methods=["GET", "POST", "DELETE"])
@api.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE"])
def unknown(rest: str) -> ResponseReturnValue:
    message = f"Unrecognized request URL (/v1/{rest}). This stand-in does not answer it."
    body = json.dumps({"error": {"type": "invalid_request_error", "message": message}})
    return Response(body, 404, mimetype="application/json")


def _list(account: Account, params: Parameters, kind: str, url: str, parent: str | None = None) -> Json:
    created = read_created_range(params)
    return page_of(account.store, kind, params, url, created, parent=parent)
