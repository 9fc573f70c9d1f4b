"""The demo world: whole, without clashes, the same in every run."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from services.movies.demo.films import demo_films
from services.movies.demo.houses import CINEMAS
from services.movies.demo.prices import card_for, lines_of
from services.movies.demo.timetable import day_of, films_of_day, first_glance
from services.movies.demo.world import build_world, extend_demo_schedule
from services.movies.domain.layouts import draw
from services.movies.domain.programme import programme_of_day
from services.movies.models import Movie, Screening
from services.movies.worker import timers_for
from tests.factories.movies import add_movie

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
DAYS = [date(2026, 10, 20) + timedelta(days=ahead) for ahead in range(30)]
GRACE = timedelta(minutes=10)


@pytest.fixture
def world(database):
    with database.transaction() as session:
        return build_world(session, now=NOW)


def contents(database):
    """Every row of every table that the demo world fills."""
    tables = (
        "cinemas",
        "rooms",
        "seat_plans",
        "seats",
        "movies",
        "credits",
        "price_lines",
        "screenings",
        "outbox",
    )
    with database.transaction() as session:
        return {
            table: session.execute(
                text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            ).scalar()
            for table in tables
        }


def test_the_world_is_as_large_as_promised(world):
    assert world.cinemas == 2
    assert world.films >= 60
    assert world.screenings > 150


def test_running_it_again_changes_nothing(database, world):
    before = contents(database)

    with database.transaction() as session:
        again = build_world(session, now=NOW)

    assert (again.cinemas, again.films, again.screenings) == (0, 0, 0)
    assert contents(database) == before


def test_it_waits_for_a_worker_that_looks_at_the_schedule_however_long_that_takes(database, world):
    def build() -> int:
        with database.transaction() as session:
            session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            return build_world(session, now=NOW).films

    with ThreadPoolExecutor() as beside, database.transaction() as session:
        extend_demo_schedule(session, now=NOW)
        building = beside.submit(build)
        with pytest.raises(TimeoutError):
            building.result(timeout=0.3)
        session.commit()

        assert building.result(timeout=60) == 0


def test_every_film_is_told_to_those_who_keep_a_copy(database, world):
    with database.transaction() as session:
        told = session.scalar(text("SELECT count(*) FROM outbox WHERE routing_key = 'movie.added'"))

    assert told == world.films


def test_the_next_day_adds_only_what_is_missing(database, world):
    with database.transaction() as session:
        known = set(session.scalars(select(Screening.id)))
        added = extend_demo_schedule(session, now=NOW + timedelta(days=1))
        now_known = set(session.scalars(select(Screening.id)))

    assert 0 < added < 60
    assert known < now_known


def test_what_a_manager_took_off_stays_off(database, world):
    with database.transaction() as session:
        session.scalars(select(Screening).limit(1)).one().state = "cancelled"

    with database.transaction() as session:
        added = extend_demo_schedule(session, now=NOW)
        cancelled = session.scalar(select(func.count()).where(Screening.state == "cancelled"))

    assert (added, cancelled) == (0, 1)


def test_a_managers_own_screening_is_not_overlapped(database, world):
    with database.transaction() as session:
        gone = session.scalars(select(Screening).order_by(Screening.starts_at.desc()).limit(1)).one()
        mine = {
            name: getattr(gone, name) for name in ("room_id", "plan_id", "starts_at", "ends_at", "free_at")
        }
        session.execute(text("DELETE FROM screening_prices WHERE screening_id = :id"), {"id": gone.id})
        session.expunge(gone)
        session.execute(text("DELETE FROM screenings WHERE id = :id"), {"id": gone.id})
        session.add(Screening(movie_id=add_movie(session).id, currency="EUR", **mine))

    with database.transaction() as session:
        assert extend_demo_schedule(session, now=NOW) == 0


def test_a_film_that_was_removed_is_not_scheduled_again(database, world):
    with database.transaction() as session:
        session.execute(text("UPDATE movies SET deleted_at = now()"))
        assert extend_demo_schedule(session, now=NOW + timedelta(days=3)) == 0


def test_a_film_that_is_there_already_is_taken_as_it_is(database):
    film = demo_films()[0]
    with database.transaction() as session:
        mine = add_movie(session, title=film.title, year=film.year, synopsis="Our own words.")
        build_world(session, now=NOW)

        assert session.get(Movie, mine.id).synopsis == "Our own words."
        assert session.scalar(select(func.count()).where(Movie.title == film.title)) == 1


@pytest.mark.parametrize("hour", [0, 9, 15, 21, 22])
@pytest.mark.parametrize("cinema", CINEMAS, ids=lambda cinema: cinema.slug)
def test_there_is_something_to_see_today_at_any_hour(database, cinema, hour):
    now = datetime(2026, 11, 24, hour, 59, tzinfo=ZoneInfo(cinema.timezone))

    with database.transaction() as session:
        build_world(session, now=now)
        found = programme_of_day(session, cinema.slug, None, now=now, grace=GRACE)

    assert found.day == now.date()
    assert found.next is not None
    assert all(day.films >= 5 for day in found.days[1:8])
    assert any(day.films for day in found.days[8:])


def test_a_worker_of_the_demo_world_keeps_the_schedule_ahead(database, settings, world):
    (timer,) = [
        t for t in timers_for(settings.model_copy(update={"demo_world": True}), database) if t.exclusive
    ]
    with database.transaction() as session:
        timer.run(session)
        last = session.scalar(select(func.max(Screening.starts_at)))

    assert last > datetime.now(UTC) + timedelta(days=12)
    assert timer.every_seconds <= 86_400
    assert not [t for t in timers_for(settings, database) if t.name == timer.name]


# --- the timetable, without a database --------------------------------------------------------------------


@pytest.mark.parametrize("cinema", CINEMAS, ids=lambda cinema: cinema.slug)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_no_room_has_two_films_at_once(cinema, day):
    two_days = day_of(cinema, demo_films(), day) + day_of(cinema, demo_films(), day + timedelta(days=1))
    here = ZoneInfo(cinema.timezone)
    for room in cinema.rooms:
        shown = sorted((s for s in two_days if s.room is room), key=lambda s: s.starts)
        for earlier, later in pairwise(shown):
            began = earlier.starts.replace(tzinfo=here).astimezone(UTC)
            free_again = began + (earlier.free_again - earlier.starts)
            assert later.starts.replace(tzinfo=here).astimezone(UTC) >= free_again


@pytest.mark.parametrize("cinema", CINEMAS, ids=lambda cinema: cinema.slug)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_day_has_six_to_eight_films_at_sensible_times(cinema, day):
    showings = day_of(cinema, demo_films(), day)

    assert 6 <= len({s.film for s in showings}) <= 8
    assert {s.room for s in showings} == set(cinema.rooms)
    assert min(s.starts for s in showings).time() >= time(10, 30)
    assert max(s.starts for s in showings).time() == time(23, 25)
    assert all(s.starts.minute % 5 == 0 for s in showings)


def test_the_timetable_is_the_same_every_time():
    films = demo_films()

    assert day_of(CINEMAS[0], films, DAYS[0]) == day_of(CINEMAS[0], films, DAYS[0])
    assert set(first_glance(day_of(CINEMAS[0], films, DAYS[0]))) < set(day_of(CINEMAS[0], films, DAYS[0]))


def test_in_a_quarter_of_a_year_every_film_plays():
    films = demo_films()
    seen = {
        film
        for cinema in CINEMAS
        for ahead in range(120)
        for film in films_of_day(cinema, films, DAYS[0] + timedelta(days=ahead))
    }

    assert len(seen) == len(films)


def test_the_rooms_differ_as_promised():
    plans = [draw(room.layout) for cinema in CINEMAS for room in cinema.rooms]
    kinds = {seat.kind for plan in plans for seat in plan.seats}
    sizes = sorted(len(plan.seats) for plan in plans)

    assert kinds == {"standard", "premium", "sofa", "wheelchair", "companion", "restricted"}
    assert (sizes[0], len(sizes)) == (18, 6)
    assert sizes[-1] >= 300
    assert all(plan.warnings == [] for plan in plans)
    assert any(seat.angle for plan in plans for seat in plan.seats)
    assert len({(plan.width, plan.height) for plan in plans}) == 6


def test_prices_differ_by_room_format_hour_and_ticket():
    harbour = CINEMAS[0]
    big, _, snug = harbour.rooms
    monday_noon, monday_night = datetime(2026, 11, 23, 14), datetime(2026, 11, 23, 20)  # noqa: DTZ001
    cards = {
        card_for(big, monday_noon, ()),
        card_for(big, monday_night, ()),
        card_for(big, monday_night, ("35 mm",)),
        card_for(big, datetime(2026, 11, 27, 20), ()),  # noqa: DTZ001
        card_for(snug, monday_night, ()),
    }
    evening = lines_of("Evening", harbour)

    assert len(cards) == 5
    assert evening["standard", "adult"] == 950
    assert evening["sofa", "adult"] == 1300
    assert evening["standard", "carer"] == 0
    assert evening["restricted", "adult"] < evening["standard", "student"] < evening["premium", "adult"]
