"""What a ticket mail carries, asked of the ticket service with a token of our own."""

from marquee.contracts.reservation import BookingFacts
from marquee.http import ServiceClient, ServiceToken
from services.notification.letters import Attachment, DoorCode, Papers
from services.notification.settings import NotificationSettings


class TicketClient:
    def __init__(self, settings: NotificationSettings) -> None:
        token = ServiceToken(
            settings.issuer_internal, settings.keycloak_client_id, settings.keycloak_client_secret
        )
        self._client = ServiceClient("ticket", settings.ticket_url, own_token=token, read_seconds=8)

    def papers(self, booking: BookingFacts) -> Papers:
        """The tickets as PDF, the calendar file, and the door codes. Raises NeighbourAway, NeighbourProblem."""
        folder = f"/reservations/{booking.reservation_id}"
        calendar, _ = self._client.get_bytes(f"{folder}/calendar.ics")
        listed = self._client.get(f"{folder}/tickets")["tickets"]
        return Papers(
            [
                self.pdf(booking, "tickets.pdf"),
                Attachment("screening.ics", calendar, "text/calendar"),
            ],
            [DoorCode(one["seat"], one["reference"], self._picture(one["id"])) for one in listed],
        )

    def pdf(self, booking: BookingFacts, name: str) -> Attachment:
        """The tickets alone. Raises NeighbourAway, NeighbourProblem."""
        body, _ = self._client.get_bytes(f"/reservations/{booking.reservation_id}/tickets.pdf")
        return Attachment(name, body, "application/pdf")

    def _picture(self, ticket_id: str) -> bytes:
        body, _ = self._client.get_bytes(f"/tickets/{ticket_id}/qr.png")
        return body
