"""Payments: what is asked of Stripe, and what Stripe says."""

from flask import Flask

from services.payment.settings import PaymentSettings


def create_app(settings: PaymentSettings | None = None) -> Flask:
    # Imported here so that the worker comes up without the routes.
    from marquee.app import build_app, seal
    from marquee.db import current_database
    from services.payment.provider import StripeProvider
    from services.payment.routes import payments
    from services.payment.steps import Steps

    settings = settings or PaymentSettings.from_environment()
    app = build_app(
        __name__,
        settings,
        apis=[payments.api],
        description="Payments and refunds. Internal, except for the provider's webhook.",
    )
    with app.app_context():
        app.extensions["payment.steps"] = Steps(current_database(), StripeProvider(settings), settings)
    return seal(app)
