"""Remember admissions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "admissions",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reservation_id", sa.Uuid(), nullable=False),
        sa.Column("seat", sa.String(length=8), nullable=False),
        sa.Column("is_undone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "admitted_at", name=op.f("pk_admissions")),
    )
    op.create_index("ix_admissions_reservation_id", "admissions", ["reservation_id"], unique=False)
