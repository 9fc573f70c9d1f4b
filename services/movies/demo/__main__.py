"""`python -m services.movies.demo`: fill DATABASE_URL with the demo world, or bring its schedule up to date."""

import sys

from marquee.clock import utc_now
from marquee.databases import PATIENCE_SECONDS
from marquee.db import Database
from marquee.migrate import connected, database_url
from services.movies.demo.world import build_world


def main() -> None:
    database = Database(database_url("movies"), pool_size=1, name="marquee-movies-demo")
    # A machine on which everything starts at once is slow to let anybody in; the pool keeps what was waited for.
    connected(database.engine, PATIENCE_SECONDS).close()
    with database.transaction() as session:
        added = build_world(session, now=utc_now())
    database.engine.dispose()
    sys.stdout.write(
        f"demo: {added.cinemas} cinemas, {added.films} films, {added.screenings} screenings added\n"
    )


if __name__ == "__main__":
    main()
