"""The objections the gate can raise, each named by what it objects to.

A rule looks at an order, already on the market's grid, and at the account's standing, and tells
what it finds: nothing, an objection, or what would be used of a limit. Rules in `ALWAYS` judge
every order, those in `ENTERING` only what may enlarge a position, those in `REDUCING` only what
makes one smaller.
"""

from collections.abc import Callable
from decimal import Decimal

from trading_mcp.domain.numbers import EXACT
from trading_mcp.domain.orders import MANUAL, OrderIntent
from trading_mcp.domain.positions import closing_side
from trading_mcp.risk.conditions import (
    entries_are_paused,
    equity_is_unknown,
    exchange_is_in_doubt,
    kill_switch_is_on,
    market_is_halted,
    price_is_stale,
)
from trading_mcp.risk.findings import Finding, Measure, Objection
from trading_mcp.risk.standing import Standing
from trading_mcp.rules import costs, limits

Rule = Callable[[OrderIntent, Standing], Finding]


def exchange_cap_is_exceeded(intent: OrderIntent, standing: Standing) -> Finding:
    """What may be held and working on one exchange is capped by its configuration."""
    if standing.exchange_limit is None:
        return None
    wanted = standing.exchange_exposure + notional(intent, standing)
    return Measure(
        "EXPOSURE_LIMIT_EXCEEDED",
        f"The cap on {standing.market.exchange} is exceeded: {wanted:.2f} of "
        f"{standing.exchange_limit:.2f}",
        wanted,
        standing.exchange_limit,
        {
            "current_exposure": float(standing.exchange_exposure),
            "max_exposure": float(standing.exchange_limit),
            "exchange": standing.market.exchange,
        },
    )


def spot_cannot_be_shorted(intent: OrderIntent, standing: Standing) -> Finding:
    """On a spot market only what is held, and belongs to no position, may be sold."""
    market = standing.market
    if market.can_short or intent.side == "buy":
        return None
    return Measure(
        "INSUFFICIENT_BALANCE",
        f"Insufficient balance for trade: {market.base} to sell on spot",
        intent.amount,
        standing.free_base,
        {
            "required": float(intent.amount),
            "available": float(standing.free_base),
            "currency": market.base,
        },
    )


def order_is_too_small(intent: OrderIntent, standing: Standing) -> Finding:
    """The market takes no amount or notional below its minimum."""
    market, value = standing.market, EXACT.multiply(intent.amount, _level(intent, standing))
    if intent.amount >= market.min_amount and value >= market.min_notional:
        return None
    return Objection(
        "INVALID_PARAMETER",
        f"Order too small: {intent.amount} {market.base} is worth {value:f} {market.quote}; "
        f"the market takes at least {market.min_amount} {market.base} "
        f"and {market.min_notional} {market.quote}",
        {
            "min_amount": float(market.min_amount),
            "min_notional": float(market.min_notional),
        },
    )


def leverage_is_too_high(intent: OrderIntent, standing: Standing) -> Finding:
    """Leverage is held to the risk parameters' limit and to the market's own."""
    allowed = min(standing.parameters.max_leverage, standing.market.max_leverage)
    return Measure(
        "RISK_LIMIT_EXCEEDED",
        f"Leverage {intent.leverage} exceeds the limit of {allowed}",
        Decimal(intent.leverage),
        Decimal(allowed),
    )


def order_is_nothing(intent: OrderIntent, standing: Standing) -> Finding:
    """On the market's grid an amount or a price can become zero."""
    numbers = (intent.amount, intent.price, intent.stop_price)
    if all(number is None or number > 0 for number in numbers):
        return None
    return Objection(
        "INVALID_PARAMETER",
        f"Nothing is left of the order on the market's grid: amounts are multiples of "
        f"{standing.market.step}, prices of {standing.market.tick}",
        {"step": float(standing.market.step), "tick": float(standing.market.tick)},
    )


def leverage_differs_from_the_position(intent: OrderIntent, standing: Standing) -> Finding:
    """All that is held in a market has one leverage: an exchange nets it into one position."""
    found = standing.leverage
    if found is None or found == intent.leverage:
        return None
    return Objection(
        "INVALID_PARAMETER",
        f"leverage: {standing.market.symbol} is held at {found}, the order asks for "
        f"{intent.leverage}: they must agree",
        {"field": "leverage", "leverage": found},
    )


def price_is_too_far(intent: OrderIntent, standing: Standing) -> Finding:
    """A limit price far on the wrong side of the market is a typing error."""
    if intent.price is None or standing.price is None:
        return None
    buying = intent.side == "buy"
    reference = standing.price.ask if buying else standing.price.bid
    found = limits.deviation_pct(1 if buying else -1, float(intent.price), float(reference))
    allowed = standing.parameters.max_price_deviation_percent
    if not limits.breached(found, allowed):
        return None
    return Objection(
        "RISK_LIMIT_EXCEEDED",
        f"Limit price {intent.price} is {found:.2f} % on the wrong side of the market at "
        f"{reference}; at most {allowed} % is allowed",
    )


def stop_is_on_the_wrong_side(intent: OrderIntent, standing: Standing) -> Finding:
    """A stop order waits: a buy above the market, a sell below it."""
    stop, price = intent.stop_price, standing.price
    if stop is None or price is None:
        return None
    # Both count: an exchange triggers by the last price, and refuses by the best offer.
    buying = intent.side == "buy"
    edge = max(price.last, price.ask) if buying else min(price.last, price.bid)
    if (stop > edge) if buying else (stop < edge):
        return None
    wanted = "above" if buying else "below"
    return Objection(
        "INVALID_PARAMETER",
        f"stop_price: a stop to {intent.side} must lie {wanted} the market at {edge}, got {stop}",
        {"field": "stop_price", "price": float(edge)},
    )


def position_would_flip(intent: OrderIntent, standing: Standing) -> Finding:
    """An entry against the owner's own open position must be an exit first."""
    held = standing.position_of(intent.owner)
    if held is not None and intent.side == closing_side(held.side):
        return Objection(
            "INVALID_PARAMETER",
            f"{intent.owner} holds {held.size} {held.side} in {held.symbol} ({held.id}): at most "
            f"that much may be closed by one order",
            {"position_id": held.id, "held": float(held.size)},
        )
    return None


def position_is_being_closed(intent: OrderIntent, standing: Standing) -> Finding:
    """What would enlarge a position on its way out would be sold again at once."""
    held = standing.position_of(intent.owner)
    if held is None or not held.leaving:
        return None
    return Objection(
        "INVALID_PARAMETER",
        f"{held.id} in {held.symbol} is being closed ({held.leaving}): an order that enlarges it "
        "has to wait until it is gone",
        {"position_id": held.id},
    )


def market_is_held_the_other_way(intent: OrderIntent, standing: Standing) -> Finding:
    """An exchange nets all positions in a perpetual: a long and a short would cancel out."""
    against = standing.against(intent.side)
    if against is None or not standing.market.can_short:
        return None
    return Objection(
        "INVALID_PARAMETER",
        f"{against} is on the other side of {standing.market.symbol}: the exchange would net "
        "the two. Close or cancel it first",
        {"other_side": against},
    )


def position_is_being_built(intent: OrderIntent, standing: Standing) -> Finding:
    """A strategy has one position per market: a slow fill must not let it enter twice."""
    if intent.owner == MANUAL:
        return None
    if not standing.entering(intent.owner) and standing.position_of(intent.owner) is None:
        return None
    return Objection(
        "RISK_LIMIT_EXCEEDED",
        f"{intent.owner} has a position or a working entry in {standing.market.symbol} already",
    )


def too_many_positions(intent: OrderIntent, standing: Standing) -> Finding:
    """Only so many positions may be open or being opened."""
    allowed = standing.parameters.max_open_positions
    if intent.side == "sell" and not standing.market.can_short:
        return None  # coins that belong to no position are sold
    # A sale of coins that belong to no position opens none.
    opening = any(order.position_id for order in standing.entering(intent.owner))
    held = opening or standing.position_of(intent.owner) is not None
    wanted = standing.positions_open + (0 if held else 1)
    return Measure(
        "MAX_POSITIONS_REACHED",
        f"Maximum positions reached: {standing.positions_open} of {allowed}",
        Decimal(wanted),
        Decimal(allowed),
        {"open_positions": standing.positions_open, "max_open_positions": allowed},
    )


def position_is_too_large(intent: OrderIntent, standing: Standing) -> Finding:
    """One position's notional is limited, its working entries included."""
    wanted = standing.owner_notional(intent.owner) + notional(intent, standing)
    return Measure(
        "RISK_LIMIT_EXCEEDED",
        f"Position size limit exceeded: {wanted:.2f} of {standing.max_position:.2f}",
        wanted,
        standing.max_position,
        {
            "position_size": float(wanted),
            "max_position_size_usd": float(standing.max_position),
        },
    )


def exposure_is_too_large(intent: OrderIntent, standing: Standing) -> Finding:
    """The notional of all positions and working entries together is limited."""
    wanted = standing.exposure + notional(intent, standing)
    return Measure(
        "EXPOSURE_LIMIT_EXCEEDED",
        f"Exposure limit exceeded: {wanted:.2f} of {standing.max_exposure:.2f}",
        wanted,
        standing.max_exposure,
        {
            "current_exposure": float(standing.exposure),
            "max_exposure": float(standing.max_exposure),
        },
    )


def strategy_share_is_used_up(intent: OrderIntent, standing: Standing) -> Finding:
    """A strategy's positions together may take its weight's share of the exposure limit."""
    if intent.owner == MANUAL:
        return None
    share = standing.max_exposure * Decimal(str(standing.owner_weight(intent.owner)))
    wanted = standing.owner_exposure(intent.owner) + notional(intent, standing)
    return Measure(
        "EXPOSURE_LIMIT_EXCEEDED",
        f"{intent.owner} would use {wanted:.2f} of its share of {share:.2f}",
        wanted,
        share,
    )


def balance_is_too_small(intent: OrderIntent, standing: Standing) -> Finding:
    """The account must be able to pay: the margin (spot: all of it) and the fee."""
    market = standing.market
    if market.type == "spot" and intent.side == "sell":
        return None
    needed = costs.needed_funds(
        notional(intent, standing), Decimal(intent.leverage), market.taker_fee
    )
    return Measure(
        "INSUFFICIENT_BALANCE",
        "Insufficient balance for trade",
        needed,
        standing.free_quote,
        {
            "required": float(needed),
            "available": float(standing.free_quote),
            "currency": market.quote,
        },
    )


def orders_come_too_fast(intent: OrderIntent, standing: Standing) -> Finding:
    """Entries per minute are limited, so that a runaway caller is stopped."""
    return Measure(
        "RISK_LIMIT_EXCEEDED",
        f"{standing.recent_entries} entries in the last minute: the limit is "
        f"{standing.parameters.max_orders_per_minute}",
        Decimal(standing.recent_entries + 1),
        Decimal(standing.parameters.max_orders_per_minute),
    )


def position_is_not_open(intent: OrderIntent, standing: Standing) -> Finding:
    """A reducing order needs the open position it reduces, and the side that reduces it."""
    held = next((p for p in standing.positions if p.id == intent.reduces), None)
    if held is not None and intent.side == closing_side(held.side):
        return None
    return Objection(
        "POSITION_NOT_FOUND",
        f"No open position {intent.reduces} that a {intent.side} would reduce",
    )


def more_is_closed_than_held(intent: OrderIntent, standing: Standing) -> Finding:
    """Working exits together may not exceed the position, or it would flip.

    But a protective stop may, beside other exits, where no more than the position can be closed.
    """
    held = next((p for p in standing.positions if p.id == intent.reduces), None)
    size = held.size if held else Decimal(0)
    beside = intent.protective and standing.stands_alone(intent.reduces or "")
    working = standing.exiting(intent.reduces or "", beside=beside)
    return Measure(
        "INVALID_PARAMETER",
        f"Position {intent.reduces} holds {size}; working orders close {working} of it, this one "
        f"would close {intent.amount}",
        working + intent.amount,
        size,
        {"working": [order.id for order in standing.exits(intent.reduces or "")]},
    )


ALWAYS: tuple[Rule, ...] = (order_is_nothing, price_is_too_far, stop_is_on_the_wrong_side)
ENTERING: tuple[Rule, ...] = (
    kill_switch_is_on,
    exchange_is_in_doubt,
    market_is_halted,
    price_is_stale,
    equity_is_unknown,
    entries_are_paused,
    position_would_flip,
    position_is_being_closed,
    market_is_held_the_other_way,
    spot_cannot_be_shorted,
    order_is_too_small,
    leverage_is_too_high,
    leverage_differs_from_the_position,
    position_is_being_built,
    too_many_positions,
    position_is_too_large,
    exposure_is_too_large,
    exchange_cap_is_exceeded,
    strategy_share_is_used_up,
    balance_is_too_small,
    orders_come_too_fast,
)
REDUCING: tuple[Rule, ...] = (position_is_not_open, more_is_closed_than_held)
GROWING: frozenset[Rule] = frozenset(
    {
        spot_cannot_be_shorted,
        position_is_too_large,
        exposure_is_too_large,
        exchange_cap_is_exceeded,
        strategy_share_is_used_up,
        balance_is_too_small,
        more_is_closed_than_held,
    }
)
"""The rules whose measure grows with the amount: what limits how large an order may be."""


def notional(intent: OrderIntent, standing: Standing) -> Decimal:
    """Return what the order may become worth, in quote: held to it like `Order.reserved_price`."""
    price = _level(intent, standing)
    if intent.type == "limit" and intent.side == "sell":
        price = max(price, meeting_price(intent, standing))
    return EXACT.multiply(intent.amount, price)


def meeting_price(intent: OrderIntent, standing: Standing) -> Decimal:
    """Return the price that a market order meets; 0 when there is none."""
    if standing.price is None:
        return Decimal(0)
    return standing.price.ask if intent.side == "buy" else standing.price.bid


def _level(intent: OrderIntent, standing: Standing) -> Decimal:
    return intent.price or intent.stop_price or meeting_price(intent, standing)
