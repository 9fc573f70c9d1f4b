"""The notification service's worker: events in, mail out."""

from marquee import live, logs
from marquee.db import Database
from marquee.messaging.broker import broker_from
from marquee.messaging.worker import run_worker
from services.notification.clients import TicketClient
from services.notification.handlers import HANDLERS
from services.notification.mailer import SmtpMailer
from services.notification.measures import measure_mails
from services.notification.post import PostRound
from services.notification.settings import NotificationSettings


def main() -> None:
    settings = NotificationSettings.from_environment()
    logs.configure(settings.service, settings.log_level)
    live.connect(settings.redis_url)
    database = Database(
        settings.database_url,
        pool_size=settings.worker_database_pool_size,
        name="marquee-notification-worker",
    )
    mailer, tickets = SmtpMailer(settings.smtp_url), TicketClient(settings)
    run_worker(
        service=settings.service,
        engine=database.engine,
        broker=broker_from(settings),
        handlers=HANDLERS,
        measures=[measure_mails],
        loops=[PostRound(database, mailer, tickets, settings).run for _ in range(settings.mail_threads)],
    )


if __name__ == "__main__":
    main()
