"""Stripe's errors, in Stripe's JSON shape.

StripeError
├── InvalidRequest        the parameters or the object's state do not allow it
│   ├── ResourceMissing
│   └── UnexpectedState   the object exists, but is past (or before) this step
├── CardError             the card's answer; what it changed stays changed
├── AuthenticationFailed
├── IdempotencyConflict
├── RateLimited
└── ApiFailure
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    status = 400
    type = "invalid_request_error"
    began = True  # False: refused before any endpoint began, so an idempotency key stores nothing
    keeps_changes = False

    def __init__(
        self, message: str, *, code: str | None = None, param: str | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.more = more

    def to_json(self) -> Json:
        body: Json = {"type": self.type, "message": self.message}
        if self.code:
            body["code"] = self.code
            body["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            body["param"] = self.param
        body.update({name: value for name, value in self.more.items() if value is not None})
        return {"error": body}


class InvalidRequest(StripeError):
    pass


class InvalidParameter(InvalidRequest):
    began = False


class ResourceMissing(InvalidRequest):
    status = 404

    def __init__(self, kind: str, object_id: str, param: str = "id") -> None:
        super().__init__(f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


class UnexpectedState(InvalidRequest):
    pass


class CardError(StripeError):
    status = 402
    type = "card_error"
    keeps_changes = True


class CardRefused(CardError):
    """The card's data cannot be right (number, date, code): nothing was tried, so nothing changed."""

    keeps_changes = False


class AuthenticationFailed(StripeError):
    status = 401
    began = False


class SecretKeyRequired(StripeError):
    status = 403
    began = False

    def __init__(self) -> None:
        super().__init__(
            "This API call cannot be made with a publishable API key. Please use a secret API key. "
            "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            code="secret_key_required",
        )


class IdempotencyConflict(StripeError):
    type = "idempotency_error"
    began = False


class IdempotencyKeyInUse(StripeError):
    status = 409
    began = False


class RateLimited(StripeError):
    status = 429
    began = False


class ApiFailure(StripeError):
    status = 500
    type = "api_error"
    began = False

    def __init__(self) -> None:
        super().__init__(
            "Sorry! There was an error while talking to one of our backends. Support has been notified."
        )
