"""Variables of the notification service."""

from marquee.settings import DoorsSettings


class NotificationSettings(DoorsSettings):
    service: str = "notification"
    keycloak_client_id: str = "marquee-notification"
    public_url: str
    ticket_url: str
    smtp_url: str = "smtp://localhost:1025"
    mail_from: str = "Marquee <tickets@marquee.example>"
    mail_threads: int = 2
    lease_seconds: float = 30.0
