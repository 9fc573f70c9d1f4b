"""The auth service's worker: events out, and old sessions swept."""

from functools import partial

from marquee import logs
from marquee.db import Database
from marquee.messaging.broker import broker_from
from marquee.messaging.worker import Timer, run_worker
from services.auth.domain import sessions
from services.auth.settings import AuthSettings


def main() -> None:
    settings = AuthSettings.from_environment()
    logs.configure(settings.service, settings.log_level)
    database = Database(
        settings.database_url, pool_size=settings.worker_database_pool_size, name="marquee-auth-worker"
    )
    sweep = partial(sessions.sweep_sessions, idle_seconds=settings.session_idle_seconds)
    run_worker(
        service=settings.service,
        engine=database.engine,
        broker=broker_from(settings),
        handlers={},
        timers=[Timer("sweep_sessions", 60, sweep)],
    )


if __name__ == "__main__":
    main()
