"""Keep the prices of seats the room has.

Screenings were given their card's lines for every kind of seat: "from" was told of seats that were not there.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        DELETE FROM screening_prices p USING screenings s WHERE s.id = p.screening_id
            AND NOT EXISTS (SELECT FROM seats WHERE seats.plan_id = s.plan_id AND seats.kind = p.kind)
        """
    )


def downgrade() -> None:
    """Nobody misses them."""
