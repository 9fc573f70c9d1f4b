"""Tickets: issued from events, rendered from rows, judged at the door."""

from flask import Flask

from services.ticket.settings import TicketSettings


def create_app(settings: TicketSettings | None = None) -> Flask:
    # Imported here so that the worker comes up without the routes.
    from marquee.app import build_app, seal
    from services.ticket.domain.codes import SigningKeys
    from services.ticket.routes import door, tickets

    settings = settings or TicketSettings.from_environment()
    app = build_app(
        __name__,
        settings,
        apis=[tickets.api, door.api],
        description="Tickets with signed codes; the door.",
    )
    app.extensions["ticket.keys"] = SigningKeys(settings.ticket_signing_keys)
    return seal(app)
