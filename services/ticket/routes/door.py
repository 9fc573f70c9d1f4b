"""For the people at the door: scan, undo, how many are in."""

from typing import Any
from uuid import UUID

import structlog
from flask import current_app, request

from marquee import logs
from marquee.api import Answer, Api
from marquee.auth import role, signed_in_person
from marquee.db import transaction
from marquee.errors import Forbidden
from marquee.limits import limited
from services.ticket.domain import door
from services.ticket.domain.door import Verdict
from services.ticket.domain.frames import UnreadableFrame, code_in
from services.ticket.models import Admission
from services.ticket.schemas import (
    AdmissionPath,
    CountShape,
    DoorQuery,
    FrameQuery,
    LetIn,
    Scan,
    ScreeningPath,
    Undo,
    VerdictShape,
)
from services.ticket.settings import TicketSettings

log = structlog.get_logger(__name__)

api = Api("door", __name__)
STAFF = role("staff")
FRAME_BODY: dict[str, Any] = {
    "required": True,
    "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
}


@api.post("/door/scans", access=STAFF, answers={200: VerdictShape})
@limited("300/minute")
def scan(body: Scan) -> Answer:
    """Judge a code, and let in when it is right. A refusal is an answer too: always 200."""
    if body.early and not signed_in_person().has("editor"):
        raise Forbidden("Before the doors open only a manager lets in.")
    return _judge(
        body.code,
        body.screening_id,
        body.scan_id,
        body.door,
        early=body.early,
        reentry_reason=body.reentry_reason,
    )


@api.post(
    "/door/frames",
    access=STAFF,
    answers={200: VerdictShape, 204: None},
    request_body=FRAME_BODY,
    summary="Judge the code in a camera picture",
)
@limited("600/minute")
def scan_frame(query: FrameQuery) -> Answer:
    """For browsers that cannot read codes themselves. 204: there is no code in this picture."""
    try:
        text = code_in(request.get_data())
    except UnreadableFrame as error:
        raise error.problem() from error
    if text is None:
        return None
    return _judge(text, query.screening_id, query.scan_id, query.door)


@api.post("/door/admissions/<uuid:admission_id>/undo", access=STAFF, answers={200: LetIn})
def undo(path: AdmissionPath, body: Undo) -> Answer:
    """Take back an admission of the last 15 minutes."""
    with transaction() as session:
        admission = door.undo(
            session,
            path.admission_id,
            by=signed_in_person().id,
            reason=body.reason,
            within_minutes=TicketSettings.current().undo_minutes,
        )
        return _let_in(admission)


@api.get("/door/screenings/<uuid:screening_id>", access=STAFF, answers={200: CountShape})
def count(path: ScreeningPath, query: DoorQuery) -> Answer:
    """How many are expected, and how many are in."""
    with transaction() as session:
        found = door.count(session, path.screening_id)
        last = door.last_admission(
            session,
            path.screening_id,
            by=signed_in_person().id,
            door=query.door,
            within_minutes=TicketSettings.current().undo_minutes,
        )
        return CountShape(
            screening_id=path.screening_id,
            expected=found.expected,
            inside=found.inside,
            to_come=found.expected - found.inside,
            last=_let_in(last) if last else None,
        )


def _let_in(admission: Admission) -> LetIn:
    return LetIn(admission_id=admission.id, seat=admission.ticket.seat)


def _judge(
    code: str,
    screening_id: UUID,
    scan_id: UUID,
    place: str,
    *,
    early: bool = False,
    reentry_reason: str | None = None,
) -> VerdictShape:
    settings = TicketSettings.current()
    with transaction() as session:
        verdict = door.scan(
            session,
            code,
            screening_id=screening_id,
            scan_id=scan_id,
            door=place,
            by=signed_in_person().id,
            keys=current_app.extensions["ticket.keys"],
            doors_minutes=settings.doors_minutes,
            early=early,
            reentry_reason=reentry_reason,
        )
        if verdict.ticket:
            logs.concerns(verdict.ticket.booking_id)
        if early:
            log.info("asked_to_let_in_early", by=signed_in_person().id, result=verdict.result)
        return _shape(verdict)


def _shape(verdict: Verdict) -> VerdictShape:
    ticket = verdict.ticket
    return VerdictShape.model_validate(
        {
            "result": verdict.result,
            "reason": verdict.reason,
            "title": verdict.title,
            "sentence": verdict.sentence,
            "seat": ticket.seat if ticket else None,
            "ticket_type": ticket.ticket_type if ticket else None,
            "ticket_id": ticket.id if ticket else None,
            "reference": ticket.reference if ticket else None,
            "admission_id": verdict.admission_id,
            "starts_at": ticket.booking.starts_at if ticket else None,
            "timezone": ticket.booking.facts["timezone"] if ticket else None,
            "choices": verdict.choices,
        }
    )
