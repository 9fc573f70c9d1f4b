"""`expand[]`: put whole objects where an answer holds their ids."""

from __future__ import annotations

from local.stripe_fake.domain.account import visible
from local.stripe_fake.domain.sessions import line_item_list
from local.stripe_fake.errors import InvalidParameter, Json
from local.stripe_fake.store import Store

KINDS = {
    "charge": "charge",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
}


def expand(store: Store, body: Json, paths: list[str]) -> Json:
    for path in paths:
        _expand_path(store, body, path.split("."), path)
    return body


def _expand_path(store: Store, body: Json, steps: list[str], whole_path: str) -> None:
    step, *further = steps
    if step == "data" and body.get("object") == "list":
        for entry in body["data"]:
            _expand_path(store, entry, further, whole_path)
        return
    child = _child(store, body, step, whole_path)
    if child is not None and further:
        _expand_path(store, child, further, whole_path)


def _child(store: Store, body: Json, step: str, whole_path: str) -> Json | None:
    if step == "line_items" and body.get("object") == "checkout.session":
        body[step] = line_item_list(store.get("checkout.session", body["id"]))
    elif step == "refunds" and body.get("object") == "charge":
        body[step] = _refunds_of(store, body)
    elif step not in KINDS or step not in body:
        raise InvalidParameter(f"This property cannot be expanded ({whole_path}).", param="expand")
    elif isinstance(body[step], str):
        body[step] = visible(store.get(KINDS[step], body[step]))
    child: Json | None = body[step]
    return child


def _refunds_of(store: Store, charge: Json) -> Json:
    refunds = [visible(refund) for refund in store.newest_first("refund", charge["payment_intent"])]
    return {
        "object": "list",
        "data": refunds,
        "has_more": False,
        "url": f"/v1/charges/{charge['id']}/refunds",
    }
