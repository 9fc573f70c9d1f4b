"""What every API call passes through, in Stripe's order: rate limit, key, idempotency, the endpoint."""

from __future__ import annotations

import functools
import hmac
import json
import socket
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from local.stripe_fake import faults
from local.stripe_fake.domain.account import CURRENT_REQUEST, Account, new_id, visible
from local.stripe_fake.errors import (
    ApiFailure,
    AuthenticationFailed,
    InvalidParameter,
    Json,
    RateLimited,
    SecretKeyRequired,
    StripeError,
)
from local.stripe_fake.expansion import expand
from local.stripe_fake.idempotency import Answer, IdempotentAnswers, fingerprint_of
from local.stripe_fake.parameters import Parameters, unflatten
from local.stripe_fake.settings import API_VERSION

Endpoint = Callable[..., Json]
LARGEST_BODY_BYTES = 1_000_000
# What Stripe shows of a PaymentIntent to someone who holds only a publishable key and the client secret.
PUBLIC_INTENT_FIELDS = frozenset(
    (
        *("id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at"),
        *("cancellation_reason", "capture_method", "client_secret", "confirmation_method", "created"),
        *("currency", "description", "last_payment_error", "livemode", "next_action", "payment_method"),
        *("payment_method_types", "processing", "receipt_email", "setup_future_usage", "shipping"),
        *("source", "status"),
    )
)


def this_account() -> Account:
    account: Account = current_app.extensions["account"]
    return account


def api_call(
    blueprint: Blueprint, method: str, rule: str, publishable: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Serve `endpoint(account, params, **ids)` under /v1; `publishable` calls also take a publishable key."""

    def register(endpoint: Endpoint) -> Endpoint:
        @functools.wraps(endpoint)
        def view(**ids: str) -> ResponseReturnValue:
            return _answer(endpoint, ids, publishable)

        blueprint.add_url_rule(
            f"/v1{rule}", endpoint=f"{method} {rule}".replace(".", " "), view_func=view, methods=[method]
        )
        return endpoint

    return register


def _answer(endpoint: Endpoint, ids: dict[str, str], publishable: bool) -> Response:
    store = this_account().store
    request_id = new_id("req", 14)
    try:
        _refuse_when_rate_limited()
        params = _read_parameters()
        is_secret = _authenticate(params, publishable)
        run = functools.partial(_run, endpoint, params, ids, is_secret, request_id)
        answer, replayed = _once_per_key(run, params)
    except StripeError as problem:
        return _respond(Answer(problem.status, problem.to_json(), request_id), replayed=False)
    if not replayed and faults.take(store, "lost_replies", request.method, request.path):
        _lose_reply(faults.read(store).hang_seconds)
    return _respond(answer, replayed)


def _refuse_when_rate_limited() -> None:
    if faults.take(this_account().store, "rate_limited", request.method, request.path):
        raise RateLimited(
            "Request rate limit exceeded. Learn more here: https://stripe.com/docs/rate-limits",
            code="rate_limit",
        )


def _once_per_key(run: Callable[[], Answer], params: Json) -> tuple[Answer, bool]:
    key = request.headers.get("Idempotency-Key")
    if not key or request.method != "POST":
        return run(), False
    answers: IdempotentAnswers = current_app.extensions["idempotent_answers"]
    with answers.claim(key):
        stored = answers.find(key, _fingerprint(params))
        return (stored, True) if stored else (run(), False)


def _run(endpoint: Endpoint, params: Json, ids: dict[str, str], is_secret: bool, request_id: str) -> Answer:
    """The endpoint and the answer kept for its key in one transaction: both survive a crash, or neither."""
    account = this_account()
    time.sleep(faults.delay_seconds(account.store, request.method, request.path))
    if faults.take(account.store, "errors_before", request.method, request.path):
        raise ApiFailure
    key = request.headers.get("Idempotency-Key")
    token = CURRENT_REQUEST.set({"id": request_id, "idempotency_key": key})
    try:
        with account.store.transaction():
            answer = _call(endpoint, params, ids, is_secret, request_id)
            if faults.take(account.store, "errors_after", request.method, request.path):
                answer = Answer(500, ApiFailure().to_json(), request_id)
            _keep(answer, params)
    except StripeError as problem:
        if not problem.began:
            raise
        answer = Answer(problem.status, _seen_by(is_secret, problem.to_json()), request_id)
        _keep(answer, params)
    finally:
        CURRENT_REQUEST.reset(token)
    return answer


def _call(endpoint: Endpoint, params: Json, ids: dict[str, str], is_secret: bool, request_id: str) -> Answer:
    account = this_account()
    readable = Parameters({name: value for name, value in params.items() if name not in ("expand", "key")})
    paths = Parameters(params).texts("expand")
    try:
        if not is_secret:
            _check_client_secret(account, readable, ids)
        elif "client_secret" in readable:
            readable.text("client_secret")
        body = _copy(endpoint(account, readable, **ids))
        if is_secret:
            body = expand(account.store, body, paths)
    except StripeError as problem:
        if not problem.keeps_changes:
            raise
        return Answer(problem.status, _seen_by(is_secret, problem.to_json()), request_id)
    return Answer(200, _seen_by(is_secret, body), request_id)


def _copy(body: Json) -> Json:
    """An own copy without the notes, lists included: what follows may put whole objects into it."""
    copied: Json = visible(body)
    if copied.get("object") == "list":
        copied["data"] = [visible(entry) for entry in copied["data"]]
    return copied


def _seen_by(is_secret: bool, body: Json) -> Json:
    if is_secret:
        return body
    if body.get("object") == "payment_intent":
        return {name: value for name, value in body.items() if name in PUBLIC_INTENT_FIELDS}
    return {
        name: _seen_by(False, value) if isinstance(value, dict) else value for name, value in body.items()
    }


def _check_client_secret(account: Account, params: Parameters, ids: dict[str, str]) -> None:
    """A publishable key opens one intent only: the one whose client secret comes along."""
    if "intent_id" not in ids:
        return
    given = params.needed_text("client_secret")
    intent = account.store.get("payment_intent", ids["intent_id"], "intent")
    if not hmac.compare_digest(given, intent["client_secret"]):
        raise InvalidParameter(
            "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
            code="payment_intent_invalid_parameter",
            param="client_secret",
        )


def _authenticate(params: Json, publishable: bool) -> bool:
    """True for the secret key; False for the publishable key on a call that allows it."""
    settings = this_account().settings
    key = _presented_key(params)
    if not key:
        raise AuthenticationFailed(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if hmac.compare_digest(key.encode(), settings.api_key.encode()):
        return True
    if hmac.compare_digest(key.encode(), settings.publishable_key.encode()):
        if publishable:
            return False
        raise SecretKeyRequired
    raise AuthenticationFailed(f"Invalid API Key provided: {key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}")


def _presented_key(params: Json) -> str:
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer":
        return authorization.token or ""
    if authorization is not None and authorization.type == "basic":
        return authorization.username or ""
    key = params.get("key", "")
    return key if isinstance(key, str) else ""


def _read_parameters() -> Json:
    if (request.content_length or 0) > LARGEST_BODY_BYTES:
        raise InvalidParameter("Request body is too large.")
    source = request.args if request.method == "GET" else request.form
    return unflatten(source.items(multi=True))


def _fingerprint(params: Json) -> str:
    return fingerprint_of(request.method, request.path, params)


def _keep(answer: Answer, params: Json) -> None:
    key = request.headers.get("Idempotency-Key")
    if key and request.method == "POST":
        answers: IdempotentAnswers = current_app.extensions["idempotent_answers"]
        answers.keep(key, _fingerprint(params), answer)


def _lose_reply(hang_seconds: float) -> None:
    """Hold the answer back, then drop the connection: the caller never learns what happened."""
    time.sleep(hang_seconds)
    connection: Any = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)


def _respond(answer: Answer, replayed: bool) -> Response:
    response = Response(json.dumps(answer.body, indent=2), answer.status, mimetype="application/json")
    response.headers["Request-Id"] = answer.request_id
    response.headers["Stripe-Version"] = API_VERSION
    # The page's own script asks for an intent's state with nothing but a publishable key and the secret.
    response.headers["Access-Control-Allow-Origin"] = "*"
    key = request.headers.get("Idempotency-Key")
    if key:
        response.headers["Idempotency-Key"] = key
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
        response.headers["Original-Request"] = answer.request_id
    return response
