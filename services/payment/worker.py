"""The payment service's worker: events in and out, and the steps at Stripe."""

from functools import partial

from marquee import live, logs
from marquee.db import Database
from marquee.messaging.broker import broker_from
from marquee.messaging.worker import Timer, run_worker
from services.payment.bell import Bell
from services.payment.domain.payments import forget_webhooks
from services.payment.handlers import HANDLERS
from services.payment.measures import measure_payments
from services.payment.provider import StripeProvider
from services.payment.settings import PaymentSettings
from services.payment.steps import Steps


def main() -> None:
    settings = PaymentSettings.from_environment()
    logs.configure(settings.service, settings.log_level)
    live.connect(settings.redis_url)
    database = Database(
        settings.database_url, pool_size=settings.worker_database_pool_size, name="marquee-payment-worker"
    )
    bell = Bell()
    # One for all threads, so that they share its pace.
    steps = Steps(database, StripeProvider(settings), settings, bell)
    run_worker(
        service=settings.service,
        engine=database.engine,
        broker=broker_from(settings),
        handlers=HANDLERS,
        measures=[measure_payments],
        timers=[
            Timer("forget_webhooks", 60, partial(forget_webhooks, kept_days=settings.webhooks_kept_days))
        ],
        loops=[partial(bell.listen, database), *[steps.run] * settings.provider_threads],
    )


if __name__ == "__main__":
    main()
