"""What operators watch of the post."""

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.orm import Session

WAITING = Gauge("marquee_mails_waiting", "Mails to be sent")
WAITING_SECONDS = Gauge("marquee_mails_waiting_seconds", "How long the first of them has waited")
GIVEN_UP = Gauge("marquee_mails_given_up", "Mails that nobody will get: refused, or tried for a day")

_COUNTED = text(
    """
    SELECT count(*) FILTER (WHERE state = 'due'),
           coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE state = 'due')), 0),
           count(*) FILTER (WHERE state = 'given_up' AND created_at > now() - interval '1 day')
    FROM mails WHERE state <> 'sent'
    """
)


def measure_mails(session: Session) -> None:
    waiting, seconds, given_up = session.execute(_COUNTED).one()
    WAITING.set(waiting)
    WAITING_SECONDS.set(seconds)
    GIVEN_UP.set(given_up)
