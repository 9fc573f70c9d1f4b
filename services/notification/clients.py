"""What a ticket mail carries, asked of the ticket service with a token of our own."""

from marquee.contracts.reservation import BookingFacts
from marquee.http import ServiceClient, ServiceToken
from services.notification.letters import Attachment
from services.notification.settings import NotificationSettings


class TicketClient:
    def __init__(self, settings: NotificationSettings) -> None:
        token = ServiceToken(
            settings.issuer_internal, settings.keycloak_client_id, settings.keycloak_client_secret
        )
        self._client = ServiceClient("ticket", settings.ticket_url, headers=token.headers, read_seconds=8)

    def papers(self, booking: BookingFacts) -> list[Attachment]:
        """The tickets as PDF and the calendar file. Raises NeighbourAway, NeighbourProblem."""
        folder = f"/reservations/{booking.reservation_id}"
        pdf, _ = self._client.get_bytes(f"{folder}/tickets.pdf")
        calendar, _ = self._client.get_bytes(f"{folder}/calendar.ics")
        return [
            Attachment("tickets.pdf", pdf, "application/pdf"),
            Attachment("screening.ics", calendar, "text/calendar"),
        ]
