"""Server-sent events: what just changed, for pages that are open. Nothing depends on one arriving."""

from collections.abc import Iterator
from uuid import UUID

from flask import Response, current_app, request

from marquee.live import Hub
from services.web.clients import movies
from services.web.pages import PUBLIC_PAGE, Pages

pages = Pages("live", __name__)

_RETRY_MILLISECONDS = 2000


@pages.get("/live/screenings/<uuid:screening_id>", access=PUBLIC_PAGE)
def live_seats(screening_id: UUID) -> Response:
    return _stream(f"screening:{screening_id}")


@pages.get("/live/bookings/<uuid:reservation_id>", access=PUBLIC_PAGE)
def live_booking(reservation_id: UUID) -> Response:
    movies().reservation(str(reservation_id), request.args.get("key"))
    return _stream(f"reservation:{reservation_id}")


def _stream(channel: str) -> Response:
    hub: Hub = current_app.extensions["marquee.hub"]
    return Response(
        _events(hub.listen(channel)),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _events(messages: Iterator[bytes | None]) -> Iterator[bytes]:
    yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
    for message in messages:
        yield b": ping\n\n" if message is None else b"data: " + message + b"\n\n"
