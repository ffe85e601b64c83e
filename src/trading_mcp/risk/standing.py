"""What the risk core needs to know of the account before it decides on one order."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from trading_mcp.domain.accounts import Asset
from trading_mcp.domain.limits import MODES, KillSwitch, ModeFactors, RiskMode, RiskParameters
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import ZERO
from trading_mcp.domain.orders import EXTERNAL, Order, Side
from trading_mcp.domain.positions import Position, opening_side


class Pause(msgspec.Struct, frozen=True):
    """Why no position may be opened, and until when (UTC ms)."""

    reason: str
    until: int


class Price(msgspec.Struct, frozen=True):
    """The best quotes of a market, in quote per base. *fresh* is False while they are stale."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    fresh: bool


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The account at one moment, as one order on one market sees it.

    Amounts in quote unless said otherwise. Working orders count in full: *exposure* and
    *market_exposure* hold the notional of positions and of every entry that may still trade;
    *free_quote* is what is not tied up by margins or reservations; *free_base* (base) is what
    may be sold on a spot market without taking from a position; *foreign* (base, signed) is what of
    a perpetual is held that belongs to none. *exchange_limit* is how much may be held and working
    on the market's exchange, *exchange_exposure* how much is; *doubt* is why the exchange can't be
    relied on for the moment; *halted* is why a person has to look at the market first, and at
    *halted_asset*.
    """

    now: int
    market: Market
    price: Price | None
    parameters: RiskParameters
    mode: RiskMode
    kill_switch: KillSwitch | None
    pauses: dict[str, Pause]
    equity: Decimal | None
    exposure: Decimal
    owner_exposure: Callable[[str], Decimal]
    owner_weight: Callable[[str], float]
    positions_open: int
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    free_quote: Decimal
    free_base: Decimal
    recent_entries: int
    foreign: Decimal = ZERO
    exchange_exposure: Decimal = ZERO
    exchange_limit: Decimal | None = None
    doubt: str | None = None
    halted: str | None = None
    halted_asset: Asset | None = None

    @property
    def factors(self) -> ModeFactors:
        """What the risk mode does."""
        return MODES[self.mode]

    @property
    def max_position(self) -> Decimal:
        """The largest notional of one position under the present mode."""
        return Decimal(str(self.parameters.max_position_size_usd * self.factors.limit))

    @property
    def max_exposure(self) -> Decimal:
        """The largest notional of everything under the present mode."""
        return max_exposure(self.parameters, self.mode)

    @property
    def confidence_threshold(self) -> float:
        """The weakest signal that is acted on."""
        wanted = self.parameters.confidence_threshold + self.factors.confidence
        return min(1.0, max(0.0, wanted))

    @property
    def leverage(self) -> int | None:
        """The leverage of what is held or being entered in this market, whoever owns it."""
        held = [position.leverage for position in self.positions]
        entries = (o for o in self.orders if not o.reduce_only and o.owner != EXTERNAL)
        entering = [order.leverage for order in entries]
        return next(iter([*held, *entering]), None)

    def position_of(self, owner: str) -> Position | None:
        """Return *owner*'s open position in this market."""
        return next((p for p in self.positions if p.owner == owner), None)

    def entering(self, owner: str) -> tuple[Order, ...]:
        """Return *owner*'s working entries in this market."""
        return tuple(o for o in self.orders if o.owner == owner and not o.reduce_only)

    def against(self, side: Side) -> str | None:
        """Return whose position or entry in this market is on the other side than *side*."""
        held = [p.id for p in self.positions if opening_side(p.side) != side]
        entering = [o.id for o in self.orders if not o.reduce_only and o.side != side]
        return next(iter([*held, *entering]), None)

    def exits(self, position_id: str) -> tuple[Order, ...]:
        """Return the working orders that make a position smaller."""
        return tuple(o for o in self.orders if o.reduce_only and o.position_id == position_id)

    def exiting(self, position_id: str, *, beside: bool = False) -> Decimal:
        """Return how much of a position working orders may already take away, in base.

        *beside*: only by its protective stop, which may rest beside the others.
        """
        exits = (o for o in self.exits(position_id) if o.protective or not beside)
        return sum((o.remaining for o in exits), ZERO)

    def leaving(self, position_id: str) -> Decimal:
        """Return how much of a position is on its way out at once, in base.

        An exit that only rests (a limit order) does not count: it must not keep a stop back. One
        that nobody knows of does.
        """
        return sum((o.remaining for o in self.exits(position_id) if not o.rests), ZERO)

    def stands_alone(self, position_id: str) -> bool:
        """Say whether all that is held and working in a perpetual is one position and its exits.

        An exchange cuts what only reduces to what it holds, whoever holds it. So these exits, and
        no others, may rest for more than the position: none of them can take more than there is.
        """
        exits = all(o.reduce_only and o.position_id == position_id for o in self.orders)
        held = [position.id for position in self.positions]
        alone = exits and held == [position_id] and self.foreign == 0
        return alone and self.market.type == "perpetual"

    def owner_notional(self, owner: str) -> Decimal:
        """Return the notional of *owner*'s position and working entries in this market."""
        held = self.position_of(owner)
        value = held.size * self.price.last if held and self.price else ZERO
        return value + sum((o.remaining * o.reserved_price for o in self.entering(owner)), ZERO)


def max_exposure(parameters: RiskParameters, mode: RiskMode) -> Decimal:
    """Return the largest notional, in quote, of everything together under *mode*."""
    return Decimal(str(parameters.max_total_exposure_usd * MODES[mode].limit))
