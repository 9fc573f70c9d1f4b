"""Why a booking was refused. The numbers behind the sentences stand in docs/rules/holds.md and refunds.md."""

from marquee.errors import Conflict, Invalid


class SeatTaken(Conflict):
    """Members: `lost` (the wanted seats somebody else has) and `alternatives` (free runs of the same size)."""

    type, title = "/problems/seat-taken", "Somebody was quicker"


class UnknownSeat(Invalid):
    """Member: `unknown`."""

    type, title = "/problems/unknown-seat", "That seat is not in this room"


class SofaSplit(Invalid):
    """Member: `missing` (the halves to add)."""

    type, title = "/problems/sofa-split", "A sofa is sold as a pair"


class CompanionAlone(Invalid):
    type, title = "/problems/companion-alone", "A companion seat goes with a wheelchair space"


class CarerAlone(Invalid):
    type, title = "/problems/carer-alone", "A carer's ticket goes with another ticket"


class NotOnSale(Invalid):
    """This ticket type is not sold for this kind of seat. Member: `seats`."""

    type, title = "/problems/not-on-sale", "That ticket is not sold for that seat"


class NotEnoughSeats(Conflict):
    """Member: `free`, how many seats of any kind are left."""

    type, title = "/problems/not-enough-seats", "There are not enough seats left"


class ScreeningStarted(Conflict):
    type, title = "/problems/screening-started", "The film has started"


class ScreeningCancelled(Conflict):
    type, title = "/problems/screening-cancelled", "This screening is cancelled"


class TooManySeats(Conflict):
    """Member: `seats_left`, how many more this holder may have."""

    type, title = "/problems/too-many-seats", "That is more seats than one person may book"


class TooManyHolds(Conflict):
    type, title = "/problems/too-many-holds", "You are holding seats elsewhere"


class NoMoreExtensions(Conflict):
    type, title = "/problems/no-more-extensions", "The seats cannot be kept longer"


class HoldExpired(Conflict):
    """Members: `still_free` (of the seats that were held) and `alternatives`."""

    type, title = "/problems/hold-expired", "The time for these seats ran out"


class AlreadyPaying(Conflict):
    """The same hold is being paid, or was paid, with other details."""

    type, title = "/problems/already-paying", "These seats are being paid already"


class TooLateToCancel(Conflict):
    type, title = "/problems/too-late-to-cancel", "It is too late to cancel"


class SomebodyIsIn(Conflict):
    type, title = "/problems/somebody-is-in", "Somebody was let in with this booking"


class NothingToCancel(Conflict):
    type, title = "/problems/nothing-to-cancel", "There is nothing paid to cancel"


class NothingToRefund(Conflict):
    type, title = "/problems/nothing-to-refund", "There is nothing to give back"
