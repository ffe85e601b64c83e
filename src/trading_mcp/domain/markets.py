"""What can be traded, under which name, and on which grid of prices and amounts."""

import re
from decimal import Decimal
from typing import Literal

import msgspec

from trading_mcp.domain.numbers import down_to, nearest, up_to

MarketType = Literal["spot", "perpetual"]
MarketKey = str
"""An exchange and a symbol in one word, `sim:BTC-USDT`: what state and streams are keyed by."""

PERPETUAL_SUFFIX = "-PERP"
_PAIR = re.compile(r"[A-Z0-9]{1,15}-[A-Z0-9]{1,15}(-PERP)?", re.ASCII)


def market_key(exchange: str, symbol: str) -> MarketKey:
    """Return the key of *symbol* on *exchange*."""
    return f"{exchange}:{symbol}"


def symbol_of(pair: str, market_type: MarketType | None = None) -> str:
    """Return the symbol that *pair* means: `BTC/USDT`, `btc-usdt` and `BTC-USDT` are one.

    A perpetual is asked for by `BTC-USDT-PERP` or by *market_type*.

    Raises:
        ValueError: not of the form BASE-QUOTE, or the name and *market_type* contradict.
    """
    symbol = pair.upper().replace("/", "-")
    # Some letters change when raised: only plain ones may name a market.
    if not pair.isascii() or not _PAIR.fullmatch(symbol):
        raise ValueError(f"expected a pair such as BTC-USDT, got {pair[:40]!r}")
    named_perpetual = symbol.endswith(PERPETUAL_SUFFIX)
    if market_type == "spot" and named_perpetual:
        raise ValueError(f"{symbol} names a perpetual, but market_type is spot")
    if market_type == "perpetual" and not named_perpetual:
        return symbol + PERPETUAL_SUFFIX
    return symbol


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable market and its rules.

    Prices are quote per base on multiples of *tick*; amounts are in base on multiples of
    *step*. Fees are fractions of the notional (0.001 is 0.1 %).
    """

    exchange: str
    symbol: str
    base: str
    quote: str
    type: MarketType
    tick: Decimal
    step: Decimal
    min_amount: Decimal
    min_notional: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    max_leverage: int = 1
    maintenance_margin: Decimal = Decimal(0)

    @property
    def key(self) -> MarketKey:
        """The market's key."""
        return market_key(self.exchange, self.symbol)

    @property
    def can_short(self) -> bool:
        """Whether a position may be opened by selling."""
        return self.type == "perpetual"

    def limit_price(self, price: Decimal, side: Literal["buy", "sell"]) -> Decimal:
        """Put *price* on the tick, never worse than asked: a buy rounds down, a sell up."""
        return down_to(price, self.tick) if side == "buy" else up_to(price, self.tick)

    def near_price(self, price: Decimal) -> Decimal:
        """Put *price* on the nearest tick: for levels that are watched, not paid."""
        return nearest(price, self.tick)

    def amount(self, amount: Decimal) -> Decimal:
        """Put *amount* on the step, never more than asked."""
        return down_to(amount, self.step)


class ExchangeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """On what terms we trade on one exchange.

    *max_exposure* is the notional, in quote, of all that may be held and working there; None:
    only the account's own limit counts. *holds_stops*: each position's protective stop rests
    there. *closes_unprotected*: a position whose stop can't be placed there is closed; else its
    stop is watched here. *closes_any_size*: what is left of a position can always be sold there,
    even below the market's minimum.
    """

    max_exposure: Decimal | None = None
    holds_stops: bool = False
    closes_unprotected: bool = True
    closes_any_size: bool = True
