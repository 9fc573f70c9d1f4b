"""Why a change to catalogue, rooms or programme was refused. The rules stand in docs/rules/programme.md."""

from marquee.errors import Conflict, Invalid


class MovieExists(Conflict):
    """Member: `movie_id`."""

    type, title = "/problems/movie-exists", "That film is in the catalogue already"


class MovieInUse(Conflict):
    """Member: `screenings`, those to come that people have booked."""

    type, title = "/problems/movie-in-use", "People have booked this film"


class RoomExists(Conflict):
    type, title = "/problems/room-exists", "This cinema has a room of that number"


class RoomInUse(Conflict):
    """Member: `screenings`, those to come that people have booked."""

    type, title = "/problems/room-in-use", "People have booked seats in this room"


class FaultyLayout(Invalid):
    """Member: `errors`, each fault by field."""

    type, title = "/problems/faulty-layout", "That seat plan cannot be built"


class RoomClash(Conflict):
    """Members: `overlaps` (title, starts_at, ends_at, free_at) and `first_free_start`."""

    type, title = "/problems/room-clash", "The room is not free then"


class StartPassed(Invalid):
    type, title = "/problems/start-passed", "That time has passed"


class StartTooFar(Invalid):
    type, title = "/problems/start-too-far", "That is too far ahead"


class NoSuchTime(Invalid):
    """The clocks jump over it (DST). Member: `next_time`."""

    type, title = "/problems/no-such-time", "The clocks jump over that time"


class ScreeningSold(Conflict):
    """Member: `seats`, how many people have booked or hold now."""

    type, title = "/problems/screening-sold", "People have seats for this screening"


class ScreeningOver(Conflict):
    type, title = "/problems/screening-over", "That screening has long ended"


class PriceCardExists(Conflict):
    type, title = "/problems/price-card-exists", "This cinema has a price card of that name"


class PriceNotChargeable(Invalid):
    """The payment provider takes no such amounts of this currency. Member: `errors`, each price by field."""

    type, title = "/problems/price-not-chargeable", "Some prices could not be paid"


class PricesMissing(Invalid):
    """Member: `kinds`, kinds of seat in the room that would have no adult price."""

    type, title = "/problems/prices-missing", "Some seats would have no price"


class WhichCinema(Invalid):
    type, title = "/problems/which-cinema", "Which cinema is meant?"
