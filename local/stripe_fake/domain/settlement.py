"""What happens without a call: slow payments settle, refunds arrive or fail, sessions run out."""

from __future__ import annotations

from local.stripe_fake.domain import attempts, intents, refunds, sessions
from local.stripe_fake.domain.account import Account
from local.stripe_fake.errors import Json


def settle_due(account: Account) -> None:
    for body in account.store.due(account.clock()):
        if body["object"] == intents.KIND:
            _finish(account, attempts.settle_as_card(account, body))
        elif body["object"] == refunds.KIND:
            refunds.settle_as_card(account, body)
        elif body["object"] == sessions.KIND:
            sessions.expire_when_due(account, body)


def settle_intent(account: Account, intent: Json, well: bool) -> Json:
    return _finish(account, attempts.settle(account, intent, well))


def answer_for_holder(account: Account, intent: Json, approves: bool) -> Json:
    """The buyer answered the bank; a Checkout Session behind the intent completes with it."""
    intent = attempts.answer_for_holder(account, intent, approves)
    if intent.get("_checkout_session"):
        sessions.complete_if_paid(account, sessions.retrieve(account, intent["_checkout_session"]), intent)
    return intent


def _finish(account: Account, intent: Json) -> Json:
    sessions.follow_settlement(account, intent)
    return intent
