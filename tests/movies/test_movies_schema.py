from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.movies.models import Base


def test_the_migrations_build_exactly_the_tables_of_the_models(movies_database):
    with movies_database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": _is_ours}
        )

        assert compare_metadata(context, Base.metadata) == []


def _is_ours(thing, name, kind, *_):
    return kind != "table" or name in Base.metadata.tables
