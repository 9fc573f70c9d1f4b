"""The review service's worker: events in and out."""

from marquee import live, logs
from marquee.db import Database
from marquee.messaging.broker import broker_from
from marquee.messaging.worker import run_worker
from services.review.handlers import HANDLERS
from services.review.settings import ReviewSettings


def main() -> None:
    settings = ReviewSettings.from_environment()
    logs.configure(settings.service, settings.log_level)
    live.connect(settings.redis_url)
    database = Database(
        settings.database_url, pool_size=settings.worker_database_pool_size, name="marquee-review-worker"
    )
    run_worker(
        service=settings.service,
        engine=database.engine,
        broker=broker_from(settings),
        handlers=HANDLERS,
    )


if __name__ == "__main__":
    main()
