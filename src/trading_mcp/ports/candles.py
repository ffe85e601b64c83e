"""Candles on disk."""

from collections.abc import Sequence
from typing import Protocol

from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.spans import Hole, Span
from trading_mcp.domain.stored import Inspected, Stored


class CandleStore(Protocol):
    """Candles on disk."""

    async def add(self, exchange: str, symbol: str, interval: str, rows: Sequence[Candle]) -> None:
        """Keep closed candles; one that is already there is replaced."""
        ...

    async def flush(self) -> None:
        """Write what is still in memory."""
        ...

    async def read(
        self, exchange: str, symbol: str, interval: str, *, start: int, end: int
    ) -> Candles:
        """Return the stored candles that opened in [start, end) (UTC ms), oldest first."""
        ...


class CandleArchive(Protocol):
    """The same candles, for whoever brings them from elsewhere: whole stretches at a time.

    A server may write to the store meanwhile. Raises StorageUnavailable, and ValueError for a
    name that can't be stored.
    """

    async def keep(
        self,
        exchange: str,
        symbol: str,
        interval: str,
        candles: Candles,
        answered: Sequence[Span] = (),
    ) -> None:
        """Write candles, all of them or none; they are on disk on return.

        Of the *answered* spans the exchange has told every candle that it has.
        """
        ...

    async def read(
        self, exchange: str, symbol: str, interval: str, *, start: int, end: int
    ) -> Candles:
        """Return the stored candles that opened in [start, end) (UTC ms), oldest first."""
        ...

    async def extent(self, exchange: str, symbol: str, interval: str) -> Span | None:
        """Return the time from the first stored candle to the end of the last."""
        ...

    async def holes(
        self, exchange: str, symbol: str, interval: str, within: Span
    ) -> Sequence[Hole]:
        """Return where in *within* no candle is stored, in order."""
        ...

    async def stored(self) -> Sequence[Stored]:
        """Return what is stored."""
        ...

    async def inspect(self) -> Sequence[Inspected]:
        """Read every file and return what was found."""
        ...
