"""How much a strategy's entry should be: from risk per trade, held to what is left."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.orders import ExitPlan
from trading_mcp.domain.signals import Signal
from trading_mcp.risk.standing import Standing
from trading_mcp.rules import sizing

ROOM_FOR_EXIT = Decimal("1.05")
"""How far above the market's minimum an entry must be, so that its exit is not too small."""


LARGEST = 1e15
"""No notional is larger: a stop that is hardly any must not ask for more than numbers hold."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much to trade (base), and the exits that the size was computed with."""

    amount: Decimal
    plan: ExitPlan


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's closed positions: how many won and lost, and the sums, both positive."""

    wins: int
    losses: int
    won: float
    lost: float


def sized_entry(
    signal: Signal, plan: ExitPlan, standing: Standing, record: Record, leverage: int
) -> Size | None:
    """Return the size of an entry on *signal*, or None when it would be too small to trade.

    The notional is what loses the risk per trade at the stop; it is then held to the position
    limit, the exposure that is left, the strategy's share of it, and the free balance.
    """
    if standing.price is None or standing.equity is None:
        return None
    exits = widened(plan, standing, signal)
    wanted = sizing.notional_at_risk(
        float(standing.equity), _risk_percent(standing, record), exits.stop_loss_pct
    )
    price = standing.price.ask
    worth = min(exact(min(wanted, LARGEST)), _room(signal.strategy, standing, leverage))
    amount = standing.market.amount(EXACT.divide(max(worth, ZERO), price))
    return Size(amount=amount, plan=exits) if _tradable(amount, price, standing) else None


def widened(plan: ExitPlan, standing: Standing, signal: Signal) -> ExitPlan:
    """Return *plan* with the default stop filled in, and not nearer than the volatility allows.

    A stop that is moved out takes the target with it, in proportion.
    """
    parameters = standing.parameters
    stop = plan.stop_loss_pct or parameters.stop_loss_percent
    wide = sizing.stop_percent(stop, signal.atr, signal.close, parameters.volatility_multiplier)
    return msgspec.structs.replace(
        plan, stop_loss_pct=wide, take_profit_pct=plan.take_profit_pct * wide / stop
    )


def _risk_percent(standing: Standing, record: Record) -> float:
    parameters = standing.parameters
    stake = sizing.kelly_stake(record.wins, record.losses, record.won, record.lost)
    return sizing.risk_percent(
        parameters.risk_per_trade_percent,
        standing.factors.size,
        parameters.kelly_fraction,
        record.wins + record.losses,
        stake,
    )


def _room(owner: str, standing: Standing, leverage: int) -> Decimal:
    share = standing.max_exposure * Decimal(str(standing.owner_weight(owner)))
    fee = standing.market.taker_fee
    return min(
        standing.max_position,
        standing.max_exposure - standing.exposure,
        share - standing.owner_exposure(owner),
        EXACT.divide(standing.free_quote, 1 / Decimal(leverage) + fee),
    )


def _tradable(amount: Decimal, price: Decimal, standing: Standing) -> bool:
    market = standing.market
    return amount > 0 and (
        amount >= market.min_amount * ROOM_FOR_EXIT
        and amount * price >= market.min_notional * ROOM_FOR_EXIT
    )
