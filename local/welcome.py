"""The box at the end of a start: where to click, and as whom."""

from local.topology import DEMO_PASSWORD, Site

__all__ = ["welcome"]


def welcome(site: Site) -> str:
    web = site.given.get("PUBLIC_URL") or site.browser_url("web")
    lines = [
        f"Marquee is open:  {web}",
        "",
        *_accounts(site),
        *(
            []
            if not site.uses("stripe")
            else ["Pay with the card 4242 4242 4242 4242, any later date, any CVC."]
        ),
        "",
        f"Door              {web}/door      (stan)",
        f"Programme office  {web}/manage    (edda)",
        *([f"Mails             {site.browser_url('mailbox')}"] if site.uses("mailbox") else []),
        *([f"Payments ledger   {site.browser_url('stripe')}"] if site.uses("stripe") else []),
        "",
        "Ctrl-C stops everything. In another terminal: make status, make logs.",
    ]
    return _box(lines)


def _accounts(site: Site) -> list[str]:
    if not site.uses("issuer"):
        return [f"Sign in through   {site.given['KEYCLOAK_URL_EXTERNAL']}"]
    password = site.given.get("MARQUEE_DEMO_PASSWORD") or DEMO_PASSWORD
    accounts = f"Sign in as viola (viewer), stan (staff), edda (editor) or ada (admin), password {password}."
    if not site.has_keycloak:
        return [accounts]
    name, password = site.keycloak.admin
    return [accounts, f"Keycloak          {site.browser_url('issuer')}/admin  ({name}, {password})"]


def _box(lines: list[str]) -> str:
    width = max(map(len, lines))
    rows = [f"│ {line:<{width}} │" for line in lines]
    return "\n".join(["", f"╭{'─' * (width + 2)}╮", *rows, f"╰{'─' * (width + 2)}╯"])
