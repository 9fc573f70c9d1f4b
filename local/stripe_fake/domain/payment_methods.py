"""Cards as Stripe keeps them. The full number stays in a row of its own and never leaves through the API."""

from __future__ import annotations

from datetime import UTC, datetime

from local.stripe_fake.domain import cards
from local.stripe_fake.domain.account import Account, new_id
from local.stripe_fake.errors import InvalidParameter, Json
from local.stripe_fake.parameters import Parameters

KIND = "payment_method"


def create(account: Account, params: Parameters) -> Json:
    params.choice("type", ("card",), default="card")
    card = params.nested("card")
    if not card:
        raise InvalidParameter("Missing required param: card.", code="parameter_missing", param="card")
    billing = _read_billing_details(params.nested("billing_details"))
    metadata = params.metadata()
    params.choice("allow_redisplay", ("always", "limited", "unspecified"))
    token = card.text("token")
    if token is not None:
        return _keep(account, _number_of_token(token), _any_future_date(account), billing, metadata)
    number = (card.text("number") or "").replace(" ", "")
    month, year = card.needed_integer("exp_month"), card.needed_integer("exp_year")
    year = year + 2000 if year < 100 else year
    cvc = card.text("cvc")
    card.refuse_others()
    params.refuse_others()
    cards.refuse_impossible(number, month, year, cvc, account.clock())
    return _keep(account, number, (month, year), billing, metadata)


def retrieve(account: Account, method_id: str) -> Json:
    return account.store.get(KIND, method_id)


def resolve(account: Account, method_id: str) -> Json:
    """The payment method behind an id; a documented test token becomes a card of its own, as at Stripe."""
    if method_id in cards.TOKENS:
        number = cards.TOKENS[method_id]
        return _keep(account, number, _any_future_date(account), _no_billing_details(), {})
    found = account.store.find(KIND, method_id)
    if found is None:
        raise InvalidParameter(
            f"No such PaymentMethod: '{method_id}'", code="resource_missing", param="payment_method"
        )
    return found


def number_of(account: Account, method_id: str) -> str:
    number: str = account.store.get("card_number", f"number_{method_id}")["number"]
    return number


def _keep(account: Account, number: str, valid_until: tuple[int, int], billing: Json, metadata: Json) -> Json:
    month, year = valid_until
    brand = cards.brand_of(number)
    method = {
        "id": new_id("pm"),
        "object": KIND,
        "allow_redisplay": "unspecified",
        "billing_details": billing,
        "card": {
            "brand": brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "display_brand": brand,
            "exp_month": month,
            "exp_year": year,
            "fingerprint": cards.fingerprint_of(number),
            "funding": "credit",
            "generated_from": None,
            "last4": number[-4:],
            "networks": {"available": [brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": brand != "amex"},
            "wallet": None,
        },
        "created": account.now(),
        "customer": None,
        "livemode": False,
        "metadata": metadata,
        "type": "card",
    }
    account.store.insert({"id": f"number_{method['id']}", "object": "card_number", "number": number})
    return account.store.insert(method)


def _number_of_token(token: str) -> str:
    number = cards.TOKENS.get(token.replace("tok_", "pm_card_", 1))
    if number is None:
        raise InvalidParameter(f"No such token: '{token}'", code="resource_missing", param="card[token]")
    return number


def _any_future_date(account: Account) -> tuple[int, int]:
    today = datetime.fromtimestamp(account.clock(), UTC)
    return today.month, today.year + 1


def _no_billing_details() -> Json:
    return {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}


def _read_billing_details(params: Parameters) -> Json:
    address = params.nested("address")
    lines = ("city", "country", "line1", "line2", "postal_code", "state")
    details = _no_billing_details()
    details["address"] = {line: address.text(line) for line in lines}
    for name in ("email", "name", "phone"):
        details[name] = params.text(name)
    return details
