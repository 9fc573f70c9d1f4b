"""Houses, programme and bookings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from marquee.messaging import outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NOW = sa.text("now()")
UTC_TIME = sa.DateTime(timezone=True)
TICKET_TYPES = "ticket_type IN ('adult', 'child', 'student', 'senior', 'carer')"
SEAT_KINDS = "kind IN ('standard', 'premium', 'sofa', 'wheelchair', 'companion', 'restricted')"
RESERVATION_STATES = (
    "state IN ('held', 'paying', 'confirmed', 'ticketed', 'expired', 'cancelled', 'refund_due', 'refunded')"
)
PRICE = "price_cents BETWEEN 0 AND 1000000"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    _create_catalogue()
    _create_houses()
    _create_programme()
    _create_bookings()
    outbox.create_tables(op)


def downgrade() -> None:
    outbox.drop_tables(op)
    for table in (
        "reservation_transitions",
        "seat_claims",
        "reservation_seats",
        "reservations",
        "screening_prices",
        "screenings",
        "price_lines",
        "price_cards",
        "seats",
        "seat_plans",
        "rooms",
        "cinemas",
        "credits",
        "movies",
    ):
        op.drop_table(table)


def _create_catalogue() -> None:
    op.create_table(
        "movies",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("original_title", sa.String(200), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("runtime_minutes", sa.Integer, nullable=False),
        sa.Column("certificate", sa.String(10), nullable=False),
        sa.Column("certificate_reason", sa.String(200), nullable=False),
        sa.Column("language", sa.String(60), nullable=False),
        sa.Column("is_subtitled", sa.Boolean, nullable=False),
        sa.Column("genres", postgresql.ARRAY(sa.String(40)), nullable=False),
        sa.Column("synopsis", sa.String(4000), nullable=False),
        sa.Column("house_line", sa.String(200), nullable=False),
        sa.Column("poster_variant", sa.Integer, nullable=False),
        sa.Column("tmdb_id", sa.Integer, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False, server_default=NOW),
        sa.Column("updated_at", UTC_TIME, nullable=False, server_default=NOW),
        sa.Column("deleted_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_movies"),
        sa.UniqueConstraint("title", "year", name="uq_movies_title_year"),
        sa.UniqueConstraint("tmdb_id", name="uq_movies_tmdb_id"),
        sa.CheckConstraint("runtime_minutes BETWEEN 1 AND 1000", name="ck_movies_runtime"),
        sa.CheckConstraint("year BETWEEN 1878 AND 2100", name="ck_movies_year"),
    )
    op.create_index(
        "ix_movies_live_title", "movies", ["title"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_table(
        "credits",
        sa.Column("movie_id", sa.Uuid, nullable=False),
        sa.Column("job", sa.String(10), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("movie_id", "job", "position", name="pk_credits"),
        sa.ForeignKeyConstraint(
            ["movie_id"], ["movies.id"], ondelete="CASCADE", name="fk_credits_movie_id_movies"
        ),
        sa.CheckConstraint("job IN ('director', 'actor')", name="ck_credits_job"),
    )


def _create_houses() -> None:
    op.create_table(
        "cinemas",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("slug", sa.String(60), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("city", sa.String(80), nullable=False),
        sa.Column("timezone", sa.String(60), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("about", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cinemas"),
        sa.UniqueConstraint("slug", name="uq_cinemas_slug"),
    )
    op.create_table(
        "rooms",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("cinema_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("step_free", sa.Boolean, nullable=False),
        sa.Column("cleaning_minutes", sa.Integer, nullable=False),
        sa.Column("deleted_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
        sa.UniqueConstraint("cinema_id", "number", name="uq_rooms_cinema_id_number"),
        sa.ForeignKeyConstraint(
            ["cinema_id"], ["cinemas.id"], ondelete="RESTRICT", name="fk_rooms_cinema_id_cinemas"
        ),
        sa.CheckConstraint("cleaning_minutes BETWEEN 0 AND 120", name="ck_rooms_cleaning"),
    )
    op.create_table(
        "seat_plans",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("room_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("drawing", postgresql.JSONB, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("id", name="pk_seat_plans"),
        sa.UniqueConstraint("room_id", "version", name="uq_seat_plans_room_id_version"),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], ondelete="CASCADE", name="fk_seat_plans_room_id_rooms"
        ),
    )
    op.create_table(
        "seats",
        sa.Column("plan_id", sa.Uuid, nullable=False),
        sa.Column("label", sa.String(8), nullable=False),
        sa.Column("row", sa.String(4), nullable=False),
        sa.Column("row_rank", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("partner", sa.String(8), nullable=True),
        sa.Column("x", sa.Float, nullable=False),
        sa.Column("y", sa.Float, nullable=False),
        sa.Column("angle", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "label", name="pk_seats"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["seat_plans.id"], ondelete="CASCADE", name="fk_seats_plan_id_seat_plans"
        ),
        sa.CheckConstraint(SEAT_KINDS, name="ck_seats_kind"),
    )


def _create_programme() -> None:
    op.create_table(
        "price_cards",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("cinema_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_cards"),
        sa.UniqueConstraint("cinema_id", "name", name="uq_price_cards_cinema_id_name"),
        sa.ForeignKeyConstraint(
            ["cinema_id"], ["cinemas.id"], ondelete="CASCADE", name="fk_price_cards_cinema_id_cinemas"
        ),
    )
    op.create_table(
        "price_lines",
        sa.Column("card_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("ticket_type", sa.String(10), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("card_id", "kind", "ticket_type", name="pk_price_lines"),
        sa.ForeignKeyConstraint(
            ["card_id"], ["price_cards.id"], ondelete="CASCADE", name="fk_price_lines_card_id_price_cards"
        ),
        sa.CheckConstraint(PRICE, name="ck_price_lines_price"),
        sa.CheckConstraint(TICKET_TYPES, name="ck_price_lines_ticket_type"),
    )
    op.create_table(
        "screenings",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("movie_id", sa.Uuid, nullable=False),
        sa.Column("room_id", sa.Uuid, nullable=False),
        sa.Column("plan_id", sa.Uuid, nullable=False),
        sa.Column("starts_at", UTC_TIME, nullable=False),
        sa.Column("ends_at", UTC_TIME, nullable=False),
        sa.Column("free_at", UTC_TIME, nullable=False),
        sa.Column(
            "occupied",
            postgresql.TSTZRANGE,
            sa.Computed("tstzrange(starts_at, free_at, '[)')", persisted=True),
            nullable=False,
        ),
        sa.Column("trailer_minutes", sa.Integer, nullable=False),
        sa.Column("formats", postgresql.ARRAY(sa.String(30)), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("cancelled_at", UTC_TIME, nullable=True),
        sa.Column("cancel_reason", sa.String(200), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("id", name="pk_screenings"),
        sa.UniqueConstraint("id", "plan_id", name="uq_screenings_id_plan_id"),
        sa.ForeignKeyConstraint(
            ["movie_id"], ["movies.id"], ondelete="RESTRICT", name="fk_screenings_movie_id_movies"
        ),
        sa.ForeignKeyConstraint(
            ["room_id"], ["rooms.id"], ondelete="RESTRICT", name="fk_screenings_room_id_rooms"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["seat_plans.id"], ondelete="RESTRICT", name="fk_screenings_plan_id_seat_plans"
        ),
        sa.CheckConstraint("ends_at > starts_at", name="ck_screenings_times"),
        sa.CheckConstraint("state IN ('scheduled', 'cancelled')", name="ck_screenings_state"),
        postgresql.ExcludeConstraint(
            ("room_id", "="),
            ("occupied", "&&"),
            where=sa.text("state = 'scheduled'"),
            using="gist",
            name="no_clash",
        ),
    )
    op.create_index("ix_screenings_starts_at", "screenings", ["starts_at"])
    op.create_index("ix_screenings_movie", "screenings", ["movie_id", "starts_at"])
    op.create_table(
        "screening_prices",
        sa.Column("screening_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("ticket_type", sa.String(10), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("screening_id", "kind", "ticket_type", name="pk_screening_prices"),
        sa.ForeignKeyConstraint(
            ["screening_id"],
            ["screenings.id"],
            ondelete="CASCADE",
            name="fk_screening_prices_screening_id_screenings",
        ),
        sa.CheckConstraint(PRICE, name="ck_screening_prices_price"),
    )


def _create_bookings() -> None:
    op.create_table(
        "reservations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("screening_id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=False),
        sa.Column("extensions", sa.Integer, nullable=False),
        sa.Column("total_cents", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("method", sa.String(7), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("paying_since", UTC_TIME, nullable=True),
        sa.Column("decline_message", sa.String(300), nullable=False),
        sa.Column("link_key", sa.String(64), nullable=False),
        sa.Column("cancel_reason", sa.String(200), nullable=False),
        sa.Column("release_requested_at", UTC_TIME, nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False, server_default=NOW),
        sa.Column("updated_at", UTC_TIME, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
        sa.ForeignKeyConstraint(
            ["screening_id"],
            ["screenings.id"],
            ondelete="RESTRICT",
            name="fk_reservations_screening_id_screenings",
        ),
        sa.CheckConstraint(RESERVATION_STATES, name="ck_reservations_state"),
        sa.CheckConstraint("total_cents >= 0", name="ck_reservations_total"),
        sa.CheckConstraint("method IN ('', 'element', 'hosted')", name="ck_reservations_method"),
    )
    op.create_index(
        "uq_reservations_one_hold",
        "reservations",
        ["screening_id", "owner"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_reservations_owner", "reservations", ["owner", "created_at"])
    op.create_index("ix_reservations_screening_id", "reservations", ["screening_id"])
    op.create_index(
        "ix_reservations_open",
        "reservations",
        ["expires_at"],
        postgresql_where=sa.text("state IN ('held', 'paying')"),
    )
    op.create_index(
        "ix_reservations_waiting",
        "reservations",
        ["updated_at"],
        postgresql_where=sa.text("state IN ('confirmed', 'refund_due')"),
    )
    op.create_table(
        "reservation_seats",
        sa.Column("reservation_id", sa.Uuid, nullable=False),
        sa.Column("seat", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("ticket_type", sa.String(10), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("reservation_id", "seat", name="pk_reservation_seats"),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["reservations.id"],
            ondelete="CASCADE",
            name="fk_reservation_seats_reservation_id_reservations",
        ),
    )
    op.create_table(
        "seat_claims",
        sa.Column("screening_id", sa.Uuid, nullable=False),
        sa.Column("seat", sa.String(8), nullable=False),
        sa.Column("plan_id", sa.Uuid, nullable=False),
        sa.Column("reservation_id", sa.Uuid, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=True),
        sa.PrimaryKeyConstraint("screening_id", "seat", name="pk_seat_claims"),
        sa.ForeignKeyConstraint(
            ["screening_id", "plan_id"],
            ["screenings.id", "screenings.plan_id"],
            name="fk_seat_claims_screening_id_plan_id_screenings",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id", "seat"], ["seats.plan_id", "seats.label"], name="fk_seat_claims_plan_id_seat_seats"
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["reservations.id"],
            ondelete="CASCADE",
            name="fk_seat_claims_reservation_id_reservations",
        ),
    )
    op.create_index("ix_seat_claims_reservation_id", "seat_claims", ["reservation_id"])
    op.create_table(
        "reservation_transitions",
        sa.Column("reservation_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("source", sa.String(12), nullable=False),
        sa.Column("target", sa.String(12), nullable=False),
        sa.Column("cause", sa.String(120), nullable=False),
        sa.Column("at", UTC_TIME, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("reservation_id", "version", name="pk_reservation_transitions"),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["reservations.id"],
            ondelete="CASCADE",
            name="fk_reservation_transitions_reservation_id_reservations",
        ),
    )
