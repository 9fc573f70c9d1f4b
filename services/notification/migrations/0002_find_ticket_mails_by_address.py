"""Find ticket mails by their address."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index(
        "ix_mails_tickets_of",
        "mails",
        [sa.text("lower(recipient)")],
        postgresql_where=sa.text("template = 'tickets'"),
    )
