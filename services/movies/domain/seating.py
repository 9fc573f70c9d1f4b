"""Which seats to offer. Pure: a plan, the labels that are free, and a party. Rules: docs/rules/holds.md."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from services.movies.domain.places import Place, Plan

# Everybody's seats first; the rest only when asked for, or as a named last resort.
_PLAIN = frozenset({"standard"})
_COMFORT = frozenset({"standard", "premium"})
_ANY = frozenset({"standard", "premium", "sofa", "restricted"})
_STEP_FREE = frozenset({"wheelchair", "companion"})

LEFT_ALONE = "one seat beside you stays single"
OTHER_KINDS = "premium seats, sofas or a restricted view"
SPLIT_ROWS = "in two rows, one behind the other"
SPLIT_ANYWHERE = "not all together"


@dataclass(frozen=True)
class Suggestion:
    """`words` say where it is, `relaxed` which wishes had to give way, in the order they did."""

    seats: list[str]
    words: str
    relaxed: list[str] = field(default_factory=list)


def best_seats(
    plan: Plan, free: Collection[str], people: int, *, kind: str | None = None, step_free: bool = False
) -> Suggestion | None:
    """The best seats for a party: side by side, nobody left alone, nearest the sweet spot. None: not enough."""
    for relaxed, candidates in _attempts(plan, frozenset(free), people, kind, step_free):
        best = min(candidates, key=lambda run: _distance(plan, run), default=None)
        if best:
            return Suggestion([place.label for place in best], describe(plan, best), relaxed)
    return None


def nearest_runs(
    plan: Plan, free: Collection[str], near: Sequence[str], *, limit: int = 3
) -> list[list[str]]:
    """Up to `limit` free runs as long as `near`: the same row first, then by distance; none overlap."""
    lost = [plan[label] for label in near if label in plan]
    kinds = _like({place.kind for place in lost})
    runs = [run for run in _runs(plan, free, len(near), kinds) if _is_whole(run)]
    chosen: list[list[str]] = []
    for run in sorted(runs, key=lambda run: _away_from(lost, run)):
        seats = [place.label for place in run]
        if not any(set(seats) & set(other) for other in chosen):
            chosen.append(seats)
        if len(chosen) == limit:
            break
    return chosen


def lone_seats(plan: Plan, free: Collection[str], chosen: Collection[str]) -> list[str]:
    """Free seats that taking `chosen` would leave between neighbours on their own."""
    touched = [block for block in plan.blocks if any(place.label in chosen for place in block)]
    before = {run[0].label for block in touched for run in _free_runs(block, free) if len(run) == 1}
    left = frozenset(free) - frozenset(chosen)
    after = [run[0].label for block in touched for run in _free_runs(block, left) if len(run) == 1]
    return [label for label in after if label not in before and plan[label].kind in _ANY]


def without_lone_seat(plan: Plan, free: Collection[str], chosen: Collection[str]) -> list[str] | None:
    """The nearest move of `chosen` along its row that leaves nobody alone, or None."""
    places = [plan[label] for label in chosen]
    if len({place.rank for place in places}) != 1:
        return None
    kinds = frozenset(place.kind for place in places)
    runs = (
        run
        for run in _runs(plan, free, len(places), kinds)
        if run[0].rank == places[0].rank and _leaves_none_alone(plan, free, run) and _is_whole(run)
    )
    best = min(runs, key=lambda run: abs(_middle(run)[0] - _middle(places)[0]), default=None)
    return [place.label for place in best] if best else None


def describe(plan: Plan, places: Sequence[Place]) -> str:
    """ "Row G, centre, two thirds back"."""
    rows = list(dict.fromkeys(place.row for place in sorted(places, key=lambda place: place.rank)))
    where = f"Row {rows[0]}" if len(rows) == 1 else f"Rows {', '.join(rows[:-1])} and {rows[-1]}"
    return f"{where}, {_side(plan, places)}, {_depth(plan, places)}"


# --- the order in which wishes give way ---------------------------------------------------------------------

_Run = Sequence[Place]


def _attempts(
    plan: Plan, free: frozenset[str], people: int, kind: str | None, step_free: bool
) -> Iterator[tuple[list[str], Iterable[_Run]]]:
    if step_free:
        yield from _step_free_attempts(plan, free, people)
        return
    wanted = frozenset({kind}) if kind else _COMFORT
    fine = _keeping_company(plan, free)
    if not kind:
        yield [], filter(fine, _runs(plan, free, people, _PLAIN))
    yield [], filter(fine, _runs(plan, free, people, wanted))
    yield [LEFT_ALONE], filter(_is_whole, _runs(plan, free, people, wanted))
    if not kind:
        yield [OTHER_KINDS], filter(_is_whole, _runs(plan, free, people, _ANY))
    yield [SPLIT_ROWS], _in_two_rows(plan, free, people, wanted if kind else _ANY)
    yield [SPLIT_ANYWHERE], _scattered(plan, free, people, wanted if kind else _ANY)


def _step_free_attempts(
    plan: Plan, free: frozenset[str], people: int
) -> Iterator[tuple[list[str], Iterable[_Run]]]:
    """Parties with a wheelchair space are never turned away for the sake of a lone seat."""
    beside = [run for run in _runs(plan, free, people, _ANY | _STEP_FREE) if _is_accessible(run)]
    yield [], beside
    spaces = [place for place in plan.values() if place.label in free and place.kind == "wheelchair"]
    yield [SPLIT_ANYWHERE], [run for space in spaces if (run := _around(plan, free, space, people))]


def _is_accessible(run: _Run) -> bool:
    spaces = sum(place.kind == "wheelchair" for place in run)
    companions = sum(place.kind == "companion" for place in run)
    return spaces == 1 and companions <= 3 and _is_whole(run)


def _around(plan: Plan, free: frozenset[str], space: Place, people: int) -> _Run:
    allowed = [
        place
        for place in plan.values()
        if place.label in free and place.kind in {"standard", "premium", "companion"} and place != space
    ]
    nearest = sorted(allowed, key=lambda place: _away_from([space], [place]))
    companions, others = 0, []
    for place in nearest:
        companions += place.kind == "companion"
        if place.kind != "companion" or companions <= 3:
            others.append(place)
    party = [space, *others[: people - 1]]
    return party if len(party) == people else []


def _in_two_rows(plan: Plan, free: frozenset[str], people: int, kinds: frozenset[str]) -> Iterator[_Run]:
    half = (people + 1) // 2
    if people < 2:
        return
    front = list(filter(_is_whole, _runs(plan, free, half, kinds)))
    back = list(filter(_is_whole, _runs(plan, free, people - half, kinds)))
    for one in front:
        for other in back:
            behind = abs(one[0].rank - other[0].rank) == 1
            if behind and abs(_middle(one)[0] - _middle(other)[0]) <= half:
                yield [*one, *other]


def _scattered(plan: Plan, free: frozenset[str], people: int, kinds: frozenset[str]) -> Iterator[_Run]:
    singles = [p for p in plan.values() if p.label in free and p.kind in kinds - {"sofa"}]
    nearest = sorted(singles, key=lambda place: _distance(plan, [place]))
    if len(nearest) >= people:
        yield nearest[:people]


def _keeping_company(plan: Plan, free: frozenset[str]) -> Callable[[_Run], bool]:
    return lambda run: _is_whole(run) and _leaves_none_alone(plan, free, run)


def _leaves_none_alone(plan: Plan, free: Collection[str], run: _Run) -> bool:
    return not lone_seats(plan, free, [place.label for place in run])


# --- runs -----------------------------------------------------------------------------------------------------


def _runs(plan: Plan, free: Collection[str], size: int, kinds: frozenset[str]) -> Iterator[_Run]:
    """Every `size` neighbouring free seats of these kinds without an aisle between them."""
    allowed = {label for label in free if label in plan and plan[label].kind in kinds}
    for block in plan.blocks:
        for stretch in _free_runs(block, allowed):
            for start in range(len(stretch) - size + 1):
                yield stretch[start : start + size]


def _free_runs(block: Sequence[Place], free: Collection[str]) -> list[list[Place]]:
    runs: list[list[Place]] = [[]]
    for place in block:
        if place.label in free:
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _is_whole(run: _Run) -> bool:
    """No half of a sofa."""
    seats = {place.label for place in run}
    return all(place.partner in seats for place in run if place.kind == "sofa" and place.partner)


def _like(kinds: set[str]) -> frozenset[str]:
    """What may stand in for lost seats: never a space somebody in a wheelchair needs, unless one was lost."""
    return frozenset(kinds) | (_ANY if kinds & _ANY or not kinds else frozenset())


# --- distances and words ------------------------------------------------------------------------------------


def _middle(places: Sequence[Place]) -> tuple[float, float]:
    return sum(p.x for p in places) / len(places), sum(p.y for p in places) / len(places)


def _distance(plan: Plan, places: Sequence[Place]) -> float:
    """From the sweet spot: the middle, two thirds back. A row too far forward is worse than a seat aside."""
    x, y = _middle(places)
    xs, ys = [place.x for place in plan.values()], [place.y for place in plan.values()]
    sweet_x, sweet_y = (min(xs) + max(xs)) / 2, min(ys) + (max(ys) - min(ys)) * 2 / 3
    spread = max(place.x for place in places) - min(place.x for place in places)
    return (x - sweet_x) ** 2 + (1.5 * (y - sweet_y)) ** 2 + (spread - len(places)) * 0.01


def _away_from(lost: Sequence[Place], run: _Run) -> tuple[bool, float]:
    if not lost:
        return False, 0.0
    (x, y), (lost_x, lost_y) = _middle(run), _middle(lost)
    return run[0].rank != lost[0].rank, (x - lost_x) ** 2 + (1.5 * (y - lost_y)) ** 2


def _side(plan: Plan, places: Sequence[Place]) -> str:
    xs = [place.x for place in plan.values()]
    share = (_middle(places)[0] - min(xs)) / ((max(xs) - min(xs)) or 1)
    return "on the left" if share < 0.3 else "on the right" if share > 0.7 else "centre"


def _depth(plan: Plan, places: Sequence[Place]) -> str:
    ranks = sorted({place.rank for place in plan.values()})
    middle = sum(ranks.index(place.rank) for place in places) / len(places)
    share = middle / ((len(ranks) - 1) or 1)
    words = (
        (0.15, "at the front"),
        (0.42, "one third back"),
        (0.58, "half way back"),
        (0.85, "two thirds back"),
    )
    return next((word for limit, word in words if share <= limit), "at the back")
