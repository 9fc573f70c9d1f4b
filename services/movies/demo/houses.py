"""The cinemas of the demo world: addresses, rooms and seat plans."""

from dataclasses import dataclass

from services.movies.domain.layouts import Layout, LayoutRow, Note


@dataclass(frozen=True)
class DemoRoom:
    number: str
    about: str
    layout: Layout
    cleaning_minutes: int = 15
    # What the projection box can show besides files.
    print_format: str = ""
    # When the first film starts, by weekday Monday to Friday and at weekends.
    opens: tuple[str, str] = ("14:00", "11:30")
    has_late_show: bool = False


@dataclass(frozen=True)
class DemoCinema:
    slug: str
    name: str
    address: str
    city: str
    timezone: str
    currency: str
    about: str
    rooms: tuple[DemoRoom, ...]
    # An adult's ticket for a standard seat in the evening; every other price follows from it.
    evening_cents: int


def _rows(
    *rows: tuple[str, str] | tuple[str, str, float] | tuple[str, str, float, float],
) -> tuple[LayoutRow, ...]:
    """(name, seats, gap in front, offset)."""
    return tuple(LayoutRow(row[0], row[1], *_placing(*row[2:])) for row in rows)


def _placing(gap: float = 0.0, offset: float = 0.0) -> tuple[float, float]:
    return offset, gap


_WAYS_OUT = (Note("Way out", "front-left"), Note("Way out", "front-right"))

# Curved, with two aisles; the side blocks turn to the screen.
_HARBOUR_1 = Layout(
    rows=_rows(
        ("A", "__rr_ssssssssss_rr__"),
        ("B", "__ss_ssssssssss_ss__"),
        ("C", "ssss_ssssssssss_ssss"),
        ("D", "ssss_ssssssssss_ssss"),
        ("E", "wwcc_ssssssssss_ssss"),
        ("F", "ssss_ssssssssss_ssss"),
        ("G", "ssss_spppppppps_ssss"),
        ("H", "ssss_spppppppps_ssss"),
        ("J", "ssss_ssssssssss_ssss", 0.45),
        ("K", "ssss_ssssssssss_ssss"),
        ("L", "ssss_ddssddssdd_ssss"),
    ),
    curve=5,
    turn=7,
    notes=(*_WAYS_OUT, Note("Entrance, step-free to row E by the left aisle")),
)

# One aisle down the middle, every other row half a seat over, sofas at the back.
_HARBOUR_2 = Layout(
    rows=_rows(
        ("A", "_sssss_sssss_"),
        ("B", "ssssss_ssssss", 0, 0.5),
        ("C", "ssssss_ssssss"),
        ("D", "ssssss_ssssss", 0, 0.5),
        ("E", "ssssss_ssssss"),
        ("F", "ssssss_ssssss", 0, 0.5),
        ("G", "ssssss_ssssss"),
        ("H", "pppppp_pppppp", 0, 0.5),
        ("J", "pppppp_pppppp"),
        ("K", "ssssss_ssssss", 0, 0.5),
        ("L", "wcssss_sssscw", 0.6),
        ("M", "dddddd_dddddd"),
    ),
    curve=4,
    notes=(*_WAYS_OUT, Note("Entrance, step-free to row L")),
)

# Eighteen seats, most of them sofas.
_HARBOUR_3 = Layout(
    rows=_rows(
        ("A", "dd_dd_"),
        ("B", "dd_dd_", 0.3),
        ("C", "ss_sss", 0.3),
        ("D", "wc_sss"),
    ),
    notes=(Note("Door, step-free to row D"),),
)

# The big house: three blocks, a cross aisle, 344 seats.
_LANTERN_1 = Layout(
    rows=_rows(
        ("A", "__rrr_ssssssssssss_rrr__"),
        ("B", "__rrr_ssssssssssss_rrr__"),
        ("C", "sssss_ssssssssssss_sssss"),
        ("D", "sssss_ssssssssssss_sssss"),
        ("E", "sssss_ssssssssssss_sssss"),
        ("F", "sssss_ssssssssssss_sssss"),
        ("G", "sssss_ssssssssssss_sssss"),
        ("H", "wcscw_ssssssssssss_wcscw", 0.9),
        ("J", "sssss_spppppppppps_sssss"),
        ("K", "sssss_spppppppppps_sssss"),
        ("L", "sssss_spppppppppps_sssss"),
        ("M", "sssss_ssssssssssss_sssss"),
        ("N", "sssss_ssssssssssss_sssss"),
        ("P", "sssss_ssssssssssss_sssss"),
        ("Q", "sssss_ssssssssssss_sssss"),
        ("R", "sssss_ssssssssssss_sssss"),
    ),
    curve=7,
    turn=8,
    notes=(*_WAYS_OUT, Note("Entrances, step-free to the cross aisle at row H")),
)

_LANTERN_2 = Layout(
    rows=_rows(
        ("A", "_ss_ssssssss_ss_"),
        ("B", "sss_ssssssss_sss", 0, 0.4),
        ("C", "sss_ssssssss_sss"),
        ("D", "wcs_ssssssss_scw", 0.4),
        ("E", "sss_pppppppp_sss", 0, 0.4),
        ("F", "sss_ssssssss_sss"),
        ("G", "sss_dddddddd_sss", 0.2),
    ),
    curve=6,
    notes=(*_WAYS_OUT, Note("Entrance, step-free to row D")),
)

# A former store room: a pillar at the left, the good seats behind.
_LANTERN_3 = Layout(
    rows=_rows(
        ("A", "rr_ssssssr"),
        ("B", "rs_sssssss"),
        ("C", "ss_sssssss", 0, 0.3),
        ("D", "ss_sssssss"),
        ("E", "wc_sssssss", 0.3),
        ("F", "pp_ppppppp"),
    ),
    numbering="right",
    notes=(Note("Door, step-free to row E"),),
)

HARBOUR_STREET = DemoCinema(
    slug="harbour-street",
    name="Harbour Street",
    address="12 Harbour Street",
    city="Dublin",
    timezone="Europe/Dublin",
    currency="EUR",
    about="Three screens, since 1931.",
    evening_cents=950,
    rooms=(
        DemoRoom("1", "The old house, 35 mm", _HARBOUR_1, print_format="35 mm", opens=("13:30", "11:00")),
        DemoRoom(
            "2", "Downstairs, sofas at the back", _HARBOUR_2, opens=("14:10", "11:40"), has_late_show=True
        ),
        DemoRoom("3", "The Snug, eighteen seats", _HARBOUR_3, cleaning_minutes=10, opens=("15:00", "12:30")),
    ),
)
LANTERN_ROW = DemoCinema(
    slug="lantern-row",
    name="Lantern Row",
    address="48 Lantern Row, Brooklyn",
    city="New York",
    timezone="America/New_York",
    currency="USD",
    about="Three screens in an old lamp works, since 2008.",
    evening_cents=1500,
    rooms=(
        DemoRoom(
            "1",
            "The Works, 70 mm",
            _LANTERN_1,
            cleaning_minutes=20,
            print_format="70 mm",
            opens=("13:00", "10:40"),
        ),
        DemoRoom("2", "The Kiln", _LANTERN_2, opens=("13:45", "11:20"), has_late_show=True),
        DemoRoom(
            "3", "The Store, under the stairs", _LANTERN_3, cleaning_minutes=10, opens=("14:30", "12:10")
        ),
    ),
)
CINEMAS = (HARBOUR_STREET, LANTERN_ROW)
