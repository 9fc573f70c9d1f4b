"""bench/RESULTS.md: ratios of one run, and the machine they were measured on."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.load import Report

FILE = Path(__file__).parent / "RESULTS.md"


@dataclass(frozen=True)
class Line:
    measured: Report
    reference: Report

    @property
    def ratio(self) -> float:
        return self.measured.per_second / self.reference.per_second


@dataclass
class Results:
    start_seconds: float = 0.0
    memory_mb: float = 0.0
    memory_after_mb: float = 0.0
    pages: list[Line] = field(default_factory=list)
    holds: Line | None = None
    bookings: Report | None = None
    pgbench: Mapping[str, float] = field(default_factory=dict)
    pay_to_ticket: Report | None = None


def write(results: Results) -> None:
    FILE.write_text("\n".join(_lines(results)) + "\n")


def _lines(results: Results) -> list[str]:
    assert results.holds
    assert results.bookings
    assert results.pay_to_ticket
    return [
        "# Measured",
        "",
        f"`make bench` on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.",
        "The load generator (8 clients in one process) runs on the same machine and is part of every figure.",
        "Ratios compare with a reference measured in turns in the same run; absolute figures drift with the machine.",
        "Each service is one gunicorn process, warmed up; PostgreSQL commits to disk.",
        "",
        "## Pages, against a bare Flask that answers a small JSON",
        "",
        "Asked for as somebody unknown, whose pages web keeps for a second (services/web/page_cache.py): nearly every",
        "answer is the kept page, the seat map with a form token put in. How fast a page is made anew, as for everybody",
        "who has signed in, is not in these figures.",
        "",
        *_table([*results.pages]),
        "",
        "## Holding a seat, against a bare Flask with psycopg2 that inserts one row and commits",
        "",
        *_table([results.holds]),
        "",
        f"pgbench, the statements of a hold with no Python at all: {results.pgbench['per_second']:.0f}/s, "
        f"mean {results.pgbench['mean_ms']:.1f} ms; a hold through the service is "
        f"{results.holds.measured.per_second / results.pgbench['per_second']:.2f} of that.",
        "",
        "## Whole bookings: hold, reserve, pay at the stand-in, ticket issued",
        "",
        f"{results.bookings.per_second:.1f} bookings/s with 8 buyers at once "
        f"({results.bookings.per_second / results.holds.reference.per_second:.3f} of the bare insert, "
        f"{results.bookings.per_second / results.pgbench['per_second']:.3f} of pgbench); "
        f"a booking takes {_ms(results.bookings)}.",
        "",
        f"At a steady 5 bookings/s, from the card's yes to the finished ticket: {_ms(results.pay_to_ticket)} "
        f"({len(results.pay_to_ticket.times)} bookings).",
        "",
        "## The suite on one machine",
        "",
        f"A later start takes {results.start_seconds:.1f} s until everything is ready; all programs together use "
        f"{results.memory_mb:.0f} MB (sum of PSS), {results.memory_after_mb:.0f} MB after this load.",
    ]


def _table(lines: list[Line]) -> list[str]:
    return [
        "| | per second | reference | ratio | p50 | p95 | p99 |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {line.measured.name} | {line.measured.per_second:.0f} | {line.reference.per_second:.0f} "
            f"| **{line.ratio:.2f}** | {_at(line.measured, 0.5)} | {_at(line.measured, 0.95)} "
            f"| {_at(line.measured, 0.99)} |"
            for line in lines
        ),
    ]


def _ms(report: Report) -> str:
    return f"p50 {_at(report, 0.5)}, p95 {_at(report, 0.95)}, p99 {_at(report, 0.99)}"


def _at(report: Report, share: float) -> str:
    return f"{report.percentile(share) * 1000:.1f} ms"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )
