"""Note refunds in trouble."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    trouble = sa.Column("refund_trouble", sa.String(length=200), nullable=False, server_default="")
    op.add_column("reservations", trouble)
    op.add_column("reservations", sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
