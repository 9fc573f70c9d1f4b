"""Note who is in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("reservations", sa.Column("admitted", sa.Integer(), nullable=False, server_default="0"))
