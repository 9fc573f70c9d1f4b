"""Find bookings by their reference alone: a ticket that is typed at the wrong door."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_bookings_reference_anywhere")
        op.create_index(
            "ix_bookings_reference_anywhere",
            "bookings",
            ["reference"],
            unique=False,
            postgresql_concurrently=True,
            if_not_exists=True,
        )
