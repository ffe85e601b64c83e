"""Which candles an exchange has, and those that are put together from shorter ones."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.traits import Traits
from trading_mcp.domain.candles import INTERVALS, Candle, interval_ms
from trading_mcp.domain.markets import MarketType
from trading_mcp.domain.quotes import NotOffered


def told_intervals(client: Any, traits: Traits, kind: MarketType) -> list[str]:
    """Return the intervals of which the exchange itself has candles, of one type of market."""
    lacked = traits.lacks.get(kind, frozenset())
    return [name for name in INTERVALS if name in client.timeframes and name not in lacked]


def source_interval(client: Any, traits: Traits, listed: Listed, interval: str) -> str:
    """Return the longest interval that the exchange has and *interval* is made of, or is.

    Raises:
        ValueError: unknown interval.
        NotOffered: the exchange has nothing to make it of.
    """
    length = interval_ms(interval)
    told = told_intervals(client, traits, listed.market.type)
    parts = [name for name in told if length % INTERVALS[name] == 0]
    if not parts:
        raise NotOffered(f"candles of {interval}, nor shorter ones to make them of")
    return max(parts, key=INTERVALS.__getitem__)


def intervals_of(client: Any, traits: Traits, kinds: Iterable[MarketType]) -> tuple[str, ...]:
    """Return every interval that can be had of all these types of markets."""
    told = [told_intervals(client, traits, kind) for kind in kinds]
    return tuple(
        name
        for name, length in INTERVALS.items()
        if all(any(length % INTERVALS[part] == 0 for part in parts) for parts in told)
    )


def joined(rows: Sequence[Candle], length: int) -> Iterator[Candle]:
    """Yield the candles of *length* (ms) that shorter ones make up, oldest first."""
    for opened_at, group in groupby(rows, lambda row: row.opened_at // length * length):
        parts = list(group)
        yield Candle(
            opened_at,
            parts[0].open,
            max(part.high for part in parts),
            min(part.low for part in parts),
            parts[-1].close,
            sum(part.volume for part in parts),
        )
