"""How one exchange deals with orders, where exchanges differ."""

import msgspec


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The customs of one exchange.

    exempt_exits: on a spot market a sell that only reduces may be smaller than the minimum.
    queues: a resting order waits until what stood at its price before it has traded.
    books_hold: a book is the market's own, at its very prices: a stop that is reached trades
        neither better than the book nor better than where it was reached. Else the book is known
        only as of later, and moves to where the stop was reached.
    """

    exempt_exits: bool = True
    queues: bool = False
    books_hold: bool = False


SEEDED = Rules()
REAL = Rules(exempt_exits=False, queues=True, books_hold=True)
