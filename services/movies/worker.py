"""The process beside the web process: events in and out, and what time does to bookings.

`python -m services.movies.worker`
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from marquee import live, logs
from marquee.clock import utc_now
from marquee.db import Database
from marquee.messaging.broker import broker_from
from marquee.messaging.worker import Timer, run_worker
from services.movies.demo.world import extend_demo_schedule
from services.movies.domain import expiry
from services.movies.domain.measures import measure_waiting
from services.movies.handlers import handlers_for
from services.movies.settings import MoviesSettings


def main() -> None:
    settings = MoviesSettings.from_environment()
    logs.configure(settings.service, settings.log_level)
    live.connect(settings.redis_url)
    database = Database(
        settings.database_url, pool_size=settings.worker_database_pool_size, name="marquee-movies-worker"
    )
    run_worker(
        service=settings.service,
        engine=database.engine,
        broker=broker_from(settings),
        handlers=handlers_for(settings),
        timers=timers_for(settings, database),
        measures=[measure_waiting],
    )


def timers_for(settings: MoviesSettings, database: Database) -> list[Timer]:
    def sweep() -> None:
        repeat(database, expiry.sweep_holds)
        repeat(database, expiry.release_overdue)

    def reconcile() -> None:
        repeat(database, lambda session: expiry.give_up_unanswered(session, settings))
        repeat(database, lambda session: expiry.remind(session, settings))

    timers = [
        Timer("sweep", settings.sweep_seconds, sweep),
        Timer("reconcile", settings.reconcile_seconds, reconcile),
    ]
    return timers + ([demo_timer(settings)] if settings.demo_world else [])


def demo_timer(settings: MoviesSettings) -> Timer:
    def extend(session: Session) -> None:
        extend_demo_schedule(session, now=utc_now())

    return Timer("demo schedule", settings.demo_seconds, extend, exclusive=True)


def repeat(database: Database, verb: Callable[[Session], int]) -> None:
    """Batch by batch, each in a transaction of its own, until nothing is left."""
    while database.run(verb) == expiry.BATCH:
        pass


if __name__ == "__main__":
    main()
