"""What a history is run under: costs, exits, sizes, limits, and the terms of each market."""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from trading_mcp.domain.limits import RiskMode, RiskParameters
from trading_mcp.domain.markets import Market

Fraction = Annotated[float, Meta(ge=0, lt=1)]
Percent = Annotated[float, Meta(ge=0, le=100)]

DEFAULT_SLIPPAGE = 0.0005
"""0.05 % of the price: a market order is filled worse than the candles say."""


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What trading costs, as fractions (0.001 is 0.1 %).

    *taker_fee* and *maker_fee*: None, the market's own. A market order pays *slippage* and half of
    *spread* more than the candle says. *target_rests*: a target is a limit order in the book, which
    pays the maker fee and neither of the two; else it is a market order, as it is live.
    """

    taker_fee: Fraction | None = None
    maker_fee: Fraction | None = None
    slippage: Fraction = DEFAULT_SLIPPAGE
    spread: Fraction = 0.0
    target_rests: bool = False


class Exits(msgspec.Struct, frozen=True, kw_only=True):
    """How positions are left, in percent of the entry price; 0: not so.

    *max_candles*: after so many candles, that of the entry included, it is left at the next open.
    """

    stop_loss_pct: Percent = 0.0
    take_profit_pct: float = 0.0
    trailing_stop_pct: Percent = 0.0
    breakeven_pct: Percent = 0.0
    max_candles: Annotated[int, Meta(ge=0)] = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the risk core, and the strategy's share of the exposure (0 to 1)."""

    parameters: RiskParameters
    mode: RiskMode = "Normal"
    weight: Annotated[float, Meta(ge=0, le=1)] = 1.0


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole run is held to.

    *capital* is in quote. *size_percent*: the margin of an entry in percent of the equity; None: so
    much that it loses the risk per trade at its stop, which takes *limits*. Without limits only the
    balance bounds an entry. *rounded*: prices and amounts are put on the market's tick and step.
    """

    capital: Annotated[float, Meta(gt=0)]
    exits: Exits = Exits()
    costs: Costs = Costs()
    size_percent: Annotated[float, Meta(gt=0, le=100)] | None = None
    limits: Limits | None = None
    leverage: Annotated[int, Meta(ge=1, le=100)] = 1
    rounded: bool = True

    def __post_init__(self) -> None:
        if self.size_percent is None and self.limits is None:
            raise ValueError("a size by risk needs the limits that say the risk per trade")


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What a market is like, as far as it is known. A tick or step of 0 is none.

    Fees are fractions. *is_margined*: positions have a margin, and can be liquidated;
    *maintenance* is the fraction of the notional that must be left of it.
    """

    tick: Decimal = Decimal(0)
    step: Decimal = Decimal(0)
    min_amount: float = 0.0
    min_notional: float = 0.0
    maker_fee: float = 0.001
    taker_fee: float = 0.001
    can_short: bool = True
    is_margined: bool = False
    maintenance: float = 0.0
    max_leverage: int = 100


def ground_of(market: Market) -> Ground:
    """Return what *market* is like."""
    return Ground(
        tick=market.tick,
        step=market.step,
        min_amount=float(market.min_amount),
        min_notional=float(market.min_notional),
        maker_fee=float(market.maker_fee),
        taker_fee=float(market.taker_fee),
        can_short=market.can_short,
        is_margined=market.type == "perpetual",
        maintenance=float(market.maintenance_margin),
        max_leverage=market.max_leverage,
    )
