"""What an account that fills its own orders must see of the market: where the price has been."""

from typing import NamedTuple, Protocol


class Move(NamedTuple):
    """The way of a price from one time to another: quote per base, and the base traded on it."""

    open: float
    high: float
    low: float
    last: float
    volume: float


class Tape(Protocol):
    """Remembers, or can work out, every move of a market."""

    def move(self, symbol: str, since: int, until: int) -> Move | None:
        """Return how the price went from *since* to *until* (UTC ms), or None if unknown."""
        ...
