"""Each service's migrations, one by one: where they are, the SQL they send, and a database brought up to one of them."""

import io
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from marquee.migrate import SERVICES, _config

FOLDER = Path(__file__).resolve().parents[2] / "services"


@dataclass(frozen=True)
class Step:
    """One migration, and the revision it begins at."""

    service: str
    before: str | None
    revision: str

    def __str__(self) -> str:
        return f"{self.service} {self.revision}"


def migrations_of(service: str) -> list[Path]:
    return sorted((FOLDER / service / "migrations").glob("[0-9]*.py"))


def steps_of(service: str) -> list[Step]:
    revisions = [path.name.partition("_")[0] for path in migrations_of(service)]
    return [
        Step(service, before, revision)
        for before, revision in zip([None, *revisions], revisions, strict=False)
    ]


ALL_STEPS = [step for service in SERVICES for step in steps_of(service)]


def sql_of(step: Step) -> str:
    """What it would send, without a database."""
    scripts, sql = ScriptDirectory.from_config(_config(step.service)), io.StringIO()
    environment = EnvironmentContext(
        Config(),
        scripts,
        fn=lambda *_: scripts._upgrade_revs(step.revision, step.before),
        as_sql=True,
        starting_rev=step.before,
        destination_rev=step.revision,
    )
    environment.configure(dialect_name="postgresql", output_buffer=sql, transaction_per_migration=True)
    with environment.begin_transaction():
        environment.run_migrations()
    return sql.getvalue()


def migrate_to(engine: Engine, service: str, revision: str) -> None:
    """From wherever it is; `marquee.migrate` knows the newest only."""
    scripts = ScriptDirectory.from_config(_config(service))
    with engine.connect() as connection:
        environment = EnvironmentContext(
            Config(), scripts, fn=lambda found, _: scripts._upgrade_revs(revision, found)
        )
        environment.configure(connection=connection, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()
