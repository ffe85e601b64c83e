"""What ccxt says of a market, as our own types: every number finite and in range, or refused."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import Level, Liquidation, OrderBook, PublicTrade

_LEAST, _MOST = 1e-18, 1e18
_FIRST_MS = 1_230_768_000_000
"""Nothing was traded before bitcoin: 2009-01-01."""
_AHEAD_MS = 60_000
"""How far a time may be in the future: clocks differ."""

Row = Sequence[Any]


class Nonsense(Exception):
    """What the exchange said can't be true: it is refused as a whole, and never repaired."""


def price(told: Any) -> float:
    """Read a price, quote per base."""
    number = _number(told)
    if not _LEAST <= number <= _MOST:
        raise Nonsense(f"not a price: {_shown(told)}")
    return number


def amount(told: Any, listed: Listed) -> float:
    """Read a positive amount, in base."""
    base = volume(told, listed)
    if base < _LEAST:
        raise Nonsense(f"not an amount: {_shown(told)}")
    return base


def volume(told: Any, listed: Listed) -> float:
    """Read how much was traded, which may be nothing, in base."""
    number = total(told)
    # The shortest decimals, so that 3 contracts of 0.1 are 0.3.
    size = listed.contract_size
    return number if size == 1 else float(f"{number * float(size):.15g}")


def total(told: Any) -> float:
    """Read a sum that is zero or more, in whatever it was told."""
    number = _number(told)
    if not 0 <= number <= _MOST:
        raise Nonsense(f"not a sum: {_shown(told)}")
    return number


def fraction(told: Any) -> float:
    """Read a rate between -1 and 1."""
    number = _number(told)
    if abs(number) > 1:
        raise Nonsense(f"not a rate: {_shown(told)}")
    return number


def moment(told: Any, now: int) -> int:
    """Read a time (UTC ms) that has been; *now* is the exchange's time."""
    number = _number(told)
    if not _FIRST_MS <= number <= now + _AHEAD_MS:
        raise Nonsense(f"not a time that has been: {_shown(told)}")
    return int(number)


def candle(row: Row, listed: Listed, length: int) -> Candle:
    """Read a candle of *length* (ms) from ccxt's row of opening time, prices and volume."""
    if len(row) < 6:
        raise Nonsense(f"not a candle: {_shown(row)}")
    opened_at = int(_number(row[0]))
    first, high, low, last = (price(value) for value in row[1:5])
    if opened_at % length or not low <= min(first, last) <= max(first, last) <= high:
        raise Nonsense(f"not a candle: {_shown(row)}")
    return Candle(opened_at, first, high, low, last, volume(row[5], listed))


def trade(raw: Mapping[str, Any], listed: Listed, now: int, id_field: str = "") -> PublicTrade:
    """Read one trade of everybody; its id is the raw *id_field*, where there is one.

    A few exchanges number no trades: then time, price and amount must do.
    """
    number = (raw.get("info") or {}).get(id_field) if id_field else None
    number = raw.get("id") if number is None else number
    at, paid = moment(raw.get("timestamp"), now), price(raw.get("price"))
    traded = amount(raw.get("amount"), listed)
    if raw.get("side") not in ("buy", "sell"):
        raise Nonsense(f"not a trade: side {_shown(raw.get('side'))}")
    name = f"{at}-{paid}-{traded}" if number is None else str(number)
    return PublicTrade(id=name, at=at, side=raw["side"], price=paid, amount=traded)


def order_book(raw: Mapping[str, Any], listed: Listed, now: int, depth: int) -> OrderBook:
    """Read the best *depth* levels of each side; a crossed or disordered book is refused."""
    bids = tuple(_levels(raw.get("bids") or (), listed, depth))
    asks = tuple(_levels(raw.get("asks") or (), listed, depth))
    bid_prices, ask_prices = [row.price for row in bids], [row.price for row in asks]
    if not bids or not asks or bid_prices[0] >= ask_prices[0]:
        raise Nonsense(f"no book: {_shown(bid_prices[:1])} against {_shown(ask_prices[:1])}")
    if not _rises(ask_prices) or not _rises(bid_prices[::-1]):
        raise Nonsense("a book out of order")
    told = raw.get("timestamp")
    at = now if told is None else moment(told, now)
    return OrderBook(symbol=listed.market.symbol, at=at, bids=bids, asks=asks)


def liquidation(raw: Mapping[str, Any], listed: Listed, now: int) -> Liquidation:
    """Read a forced close. The side told is the closing order's: a sell closes a long."""
    at, paid = moment(raw.get("timestamp"), now), price(raw.get("price"))
    info = raw.get("info") or {}
    # Few exchanges number them: then the time, the price and the size must do.
    number = info.get("id") or f"{at}-{paid}-{raw.get('contracts')}"
    if raw.get("side") not in ("buy", "sell"):
        raise Nonsense(f"not a liquidation: side {_shown(raw.get('side'))}")
    return Liquidation(
        id=str(number),
        at=at,
        side="long" if raw["side"] == "sell" else "short",
        price=paid,
        amount=amount(raw.get("contracts"), listed),
    )


def _levels(rows: Iterable[Row], listed: Listed, depth: int) -> Iterable[Level]:
    for _, row in zip(range(depth), rows, strict=False):
        if len(row) < 2:
            raise Nonsense(f"not a level: {_shown(row)}")
        yield Level(price(row[0]), amount(row[1], listed))


def _rises(numbers: Sequence[float]) -> bool:
    return all(one < other for one, other in pairwise(numbers))


def _number(told: Any) -> float:
    if isinstance(told, bool) or not isinstance(told, (int, float, str)):
        raise Nonsense(f"not a number: {_shown(told)}")
    try:
        # Text goes by way of `exact`: Python's float takes "1_000" and Arabic digits.
        number = float(exact(told) if isinstance(told, str) else told)
    except (ValueError, OverflowError):
        raise Nonsense(f"not a number: {_shown(told)}") from None
    if not math.isfinite(number):
        raise Nonsense(f"not a finite number: {_shown(told)}")
    return number


def _shown(told: Any) -> str:
    # From outside: short, and nothing in it can break a line of the log.
    return repr(told)[:60]
