"""What people are told: mail, and an inbox on the website."""

from flask import Flask

from services.notification.settings import NotificationSettings


def create_app(settings: NotificationSettings | None = None) -> Flask:
    # Imported here so that the worker comes up without the routes.
    from marquee.app import build_app, seal
    from services.notification.routes import inbox, lookups

    settings = settings or NotificationSettings.from_environment()
    return seal(build_app(__name__, settings, apis=[inbox.api, lookups.api], description="Inbox and mail."))
