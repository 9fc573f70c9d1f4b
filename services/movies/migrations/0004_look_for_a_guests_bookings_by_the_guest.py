"""Find a guest's bookings by the guest alone.

A plan that was made while PostgreSQL believed there were few open holds read all of them for each new one.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# As in 0003, but for `OFFSET 0`: what is below it is planned alone, so the only way to it is the index by owner.
_HOLD_NEW_SEATS = """
CREATE OR REPLACE FUNCTION hold_new_seats(
    wanted_id uuid, wanted_screening uuid, known_plan uuid, holder text, holder_ids text[],
    labels text[], kinds text[], ticket_types text[],
    hold_ttl_seconds integer, sales_close_minutes integer, most_seats integer, most_other_holds integer
) RETURNS TABLE (seen_at timestamptz, held_until timestamptz, paid_in text, prices integer[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    one_id text;
    sale record;
    look record;
    got integer;
BEGIN
    -- The order of locks everybody keeps: the holder, the screening, reservations, claims.
    FOREACH one_id IN ARRAY holder_ids LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended(one_id, 5204002));
    END LOOP;
    SELECT s.plan_id, s.state, s.currency, s.starts_at + make_interval(mins => sales_close_minutes) AS closes_at
        INTO sale FROM screenings s WHERE s.id = wanted_screening FOR SHARE;
    IF NOT FOUND OR sale.plan_id <> known_plan OR sale.state <> 'scheduled' OR now() >= sale.closes_at THEN
        RETURN;
    END IF;

    SELECT booked.*,
        EXISTS (SELECT FROM seat_claims c WHERE c.screening_id = wanted_screening AND c.seat = ANY (labels))
            AS is_claimed,
        (SELECT array_agg(p.price_cents ORDER BY wish.position)
            FROM unnest(kinds, ticket_types) WITH ORDINALITY AS wish (kind, ticket_type, position)
            JOIN screening_prices p ON p.screening_id = wanted_screening AND p.kind = wish.kind
                AND p.ticket_type = wish.ticket_type) AS prices
        INTO look
        FROM (
            SELECT bool_or(r.state = 'held' AND r.screening_id = wanted_screening) AS has_hold,
                count(*) FILTER (WHERE r.screening_id = wanted_screening) AS seats_here,
                count(DISTINCT r.id) FILTER (WHERE r.screening_id <> wanted_screening) AS holds_elsewhere
            FROM (SELECT id, screening_id, state, expires_at FROM reservations WHERE owner = ANY (holder_ids) OFFSET 0) r
            JOIN reservation_seats t ON t.reservation_id = r.id
            WHERE r.screening_id = wanted_screening AND r.state IN ('held', 'paying', 'confirmed', 'ticketed')
                OR r.state = 'held' AND r.expires_at > now() OR r.state = 'paying'
        ) AS booked;
    IF look.is_claimed OR look.has_hold OR look.seats_here + cardinality(labels) > most_seats
        OR look.holds_elsewhere > most_other_holds
        OR cardinality(look.prices) IS DISTINCT FROM cardinality(labels) THEN
        RETURN;
    END IF;

    seen_at := now();
    held_until := least(now() + make_interval(secs => hold_ttl_seconds), sale.closes_at);
    paid_in := sale.currency;
    prices := look.prices;
    INSERT INTO reservations (id, screening_id, owner, state, version, expires_at, extensions, total_cents, currency,
            email, name, method, attempt, decline_message, link_key, cancel_reason)
        VALUES (wanted_id, wanted_screening, holder, 'held', 0, held_until, 0,
            (SELECT sum(cents) FROM unnest(look.prices) AS cents), sale.currency, '', '', '', 0, '', '', '');
    INSERT INTO reservation_seats (reservation_id, seat, kind, ticket_type, price_cents)
        SELECT wanted_id, * FROM unnest(labels, kinds, ticket_types, look.prices);
    INSERT INTO seat_claims (screening_id, seat, plan_id, reservation_id, expires_at)
        SELECT wanted_screening, label, known_plan, wanted_id, held_until FROM unnest(labels) AS label
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS got = ROW_COUNT;
    IF got < cardinality(labels) THEN
        -- Somebody was quicker. All or none: what we got goes with the hold.
        DELETE FROM reservations r WHERE r.id = wanted_id;
        RETURN;
    END IF;
    RETURN NEXT;
END $$
"""


def upgrade() -> None:
    op.execute(_HOLD_NEW_SEATS)


def downgrade() -> None:
    """Nothing: the older code calls it in the same way."""
