"""Variables of the ticket service."""

from marquee.settings import DoorsSettings


class TicketSettings(DoorsSettings):
    service: str = "ticket"
    keycloak_client_id: str = "marquee-ticket"
    public_url: str
    # "2:<base64 seed>,1:<base64 seed>": the first signs, all verify. Ids are 1 to 255.
    ticket_signing_keys: str
    undo_minutes: int = 15
    # A code ends this long after its screening.
    code_grace_hours: int = 12
