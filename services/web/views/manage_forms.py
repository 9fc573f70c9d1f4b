"""A form of the office: what was typed, and what is wrong with it, field by field.

    form = Form(request.form)
    film = {"title": form.text("title", _("A film needs a title.")), ...}
    if form.is_fine: ...

Whatever was typed stays in the form, right or wrong, so that the page can show it again.
"""

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from marquee import money
from marquee.http import NeighbourAway, NeighbourProblem

_LARGEST_PRICE = Decimal(10_000)
# Why a neighbour did not do what was asked: it refused, or it is away. Either way the form is shown again.
NotDone: TypeAlias = NeighbourProblem | NeighbourAway
NOT_DONE = (NeighbourProblem, NeighbourAway)


def kind_of(problem: NotDone) -> str:
    return problem.kind if isinstance(problem, NeighbourProblem) else problem.type


class Form:
    def __init__(self, typed: MultiDict[str, str] | None = None) -> None:
        self._typed = typed if typed is not None else MultiDict()
        self.errors: dict[str, str] = {}
        # What is wrong with no field in particular.
        self.general = ""
        self.status = 422

    @classmethod
    def filled(cls, values: Mapping[str, Any]) -> "Form":
        """A form that shows what is there now; a list fills a field that can be chosen several times."""
        typed: MultiDict[str, str] = MultiDict()
        for name, value in values.items():
            typed.setlist(name, [str(one) for one in (value if isinstance(value, list) else [value])])
        return cls(typed)

    # --- for the page

    def value(self, name: str) -> str:
        return self._typed.get(name, "")

    def values(self, name: str) -> list[str]:
        return self._typed.getlist(name)

    def error(self, name: str) -> str:
        return self.errors.get(name, "")

    def is_first_error(self, name: str) -> bool:
        return next(iter(self.errors), None) == name

    @property
    def is_fine(self) -> bool:
        return not self.errors and not self.general

    # --- for the route

    def fail(self, name: str, sentence: str) -> None:
        self.errors.setdefault(name, sentence)

    def text(self, name: str, missing: str = "", *, longest: int = 200) -> str:
        """Without spaces at its ends. `missing` is what to say when there is nothing; "" when that is fine."""
        found = self.value(name).strip()
        if missing and not found:
            self.fail(name, missing)
        if len(found) > longest:
            self.fail(name, gettext("That is longer than %(longest)s letters.", longest=longest))
        return found

    def whole(self, name: str, low: int, high: int) -> int:
        found = self.value(name).strip()
        if not (found.isascii() and found.isdigit() and len(found) < 9 and low <= int(found) <= high):
            self.fail(name, gettext("Give a whole number from %(low)s to %(high)s.", low=low, high=high))
            return low
        return int(found)

    def decimal(self, name: str, low: float, high: float) -> float:
        try:
            found = float(self.value(name).strip().replace(",", ".") or "0")
        except ValueError:
            found = float("nan")
        if not low <= found <= high:
            self.fail(
                name, gettext("Give a number from %(low)s to %(high)s.", low=f"{low:g}", high=f"{high:g}")
            )
            return low
        return found

    def cents(self, name: str, currency: str) -> int | None:
        """ "11.50" -> 1150; None when the field is empty. Only what can be charged."""
        text = self.value(name).strip().replace(",", ".")
        if not text:
            return None
        digits = money.digits(currency)
        try:
            wanted = Decimal(text)
            if not 0 <= wanted <= _LARGEST_PRICE or wanted.scaleb(digits) % 1:
                raise InvalidOperation
        except InvalidOperation:
            self.fail(name, gettext("Give an amount like 11.50."))
            return None
        cents = int(wanted.scaleb(digits))
        if cents % money.step(currency):
            step = money.plain(money.step(currency), currency)
            self.fail(name, gettext("Give a multiple of %(step)s.", step=step))
        elif not money.is_chargeable(cents, currency):
            least = money.plain(money.least(currency), currency)
            self.fail(name, gettext("Give 0, or %(least)s or more: less cannot be charged.", least=least))
        return cents

    def names(self, name: str, *, most: int, longest: int = 120) -> list[str]:
        """One field, names between commas."""
        found = [part.strip() for part in self.value(name).split(",") if part.strip()]
        if len(found) > most:
            self.fail(name, gettext("Name %(most)s at most.", most=most))
        if any(len(part) > longest for part in found):
            self.fail(name, gettext("One of these is longer than %(longest)s letters.", longest=longest))
        return found

    def flag(self, name: str) -> bool:
        return name in self._typed

    def day(self, name: str) -> str:
        try:
            return date.fromisoformat(self.value(name).strip()).isoformat()
        except ValueError:
            self.fail(name, gettext("Choose a day."))
            return ""

    def clock(self, name: str) -> str:
        try:
            return time.fromisoformat(self.value(name).strip()).strftime("%H:%M")
        except ValueError:
            self.fail(name, gettext("Give a time like 20:15."))
            return ""

    def take(self, problem: NotDone, fields: Mapping[str, str]) -> None:
        """Put a refusal where it belongs. `fields` tells our names for theirs; the rest stands on top."""
        if isinstance(problem, NeighbourAway):
            self.status = problem.status
            self.general = gettext(
                "A part of Marquee is away for a moment. It may be saved or not: look before you send it again. "
                "Everything you typed is still here."
            )
            return
        told = False
        for error in problem.problem.get("errors") or []:
            theirs = str(error.get("field", ""))
            ours = fields.get(theirs) or fields.get(theirs.split(".")[0])
            if ours:
                self.fail(ours, str(error.get("detail", "")))
                told = True
        if not told:
            title = str(problem.problem.get("title", ""))
            self.general = " ".join(filter(None, [f"{title}." if title else "", problem.detail]))
