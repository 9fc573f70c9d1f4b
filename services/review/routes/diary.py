"""The caller's own diary."""

from marquee.api import Answer, Api
from marquee.auth import HOLDER, current_holder
from marquee.db import transaction
from services.review.domain import diary
from services.review.schemas import Diary, DiaryEntryShape, DiaryQuery

api = Api("diary", __name__)


@api.get("/diary/me", access=HOLDER, answers={200: Diary})
def my_diary(query: DiaryQuery) -> Answer:
    """What the caller watched, newest first."""
    with transaction() as session:
        entries = diary.diary_of(session, current_holder(), before=query.before, limit=query.limit + 1)
        shown = [DiaryEntryShape.model_validate(entry) for entry in entries[: query.limit]]
    return Diary(entries=shown, next=shown[-1].id if len(entries) > query.limit else None)
