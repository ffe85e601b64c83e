"""How much a strategy's entry should be: from risk per trade, held to what is left."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.orders import MANUAL, ExitPlan
from trading_mcp.domain.signals import Signal
from trading_mcp.risk import rules
from trading_mcp.risk.standing import Standing
from trading_mcp.rules import costs, sizing

ROOM_FOR_EXIT = Decimal("1.05")
"""How far above the market's minimum an entry must be, so that its exit is not too small."""


SMALLEST, LARGEST = 1e-12, 1e15
"""Between these a notional lies: a stop that is hardly any must not ask for more than numbers
hold, nor a risk that is hardly any for less."""


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
    amount, _ = held_to_limits(wanted, price, signal.strategy, standing, leverage)
    return Size(amount=amount, plan=exits) if is_tradable(amount, price, standing) else None


def held_to_limits(
    wanted: float, price: Decimal, owner: str, standing: Standing, leverage: int
) -> tuple[Decimal, str]:
    """Return the amount (base, on the step) of *wanted* notional that the limits leave room for.

    With it the name of the rule that made it smaller, or "". No more is wanted than 1e15.
    """
    rooms = _rooms(owner, standing, leverage)
    tightest = min(rooms, key=lambda rule: rooms[rule])
    worth = exact(min(wanted, LARGEST)) if wanted > SMALLEST else ZERO
    capped = rooms[tightest] < worth
    worth = max(rooms[tightest], ZERO) if capped else worth
    amount = standing.market.amount(EXACT.divide(worth, price))
    return amount, tightest if capped else ""


def widened(plan: ExitPlan, standing: Standing, signal: Signal) -> ExitPlan:
    """Return *plan* with the default stop filled in, and not nearer than the volatility allows.

    A stop that is moved out takes the target with it, in proportion.
    """
    parameters = standing.parameters
    stop = plan.stop_loss_pct or parameters.stop_loss_percent
    wide = sizing.stop_percent(stop, signal.atr, signal.close, parameters.volatility_multiplier)
    target = plan.take_profit_pct
    if wide != stop:
        target = target * wide / stop
    return msgspec.structs.replace(plan, stop_loss_pct=wide, take_profit_pct=target)


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


def _rooms(owner: str, standing: Standing, leverage: int) -> dict[str, Decimal]:
    """Return the notional that each rule on money leaves to *owner*, by the rule's name."""
    each = costs.needed_funds(Decimal(1), Decimal(leverage), standing.market.taker_fee)
    rooms = {
        rules.position_is_too_large: standing.max_position - standing.owner_notional(owner),
        rules.exposure_is_too_large: standing.max_exposure - standing.exposure,
        rules.balance_is_too_small: EXACT.divide(standing.free_quote, each),
    }
    if standing.exchange_limit is not None:
        rooms[rules.exchange_cap_is_exceeded] = standing.exchange_limit - standing.exchange_exposure
    if owner != MANUAL:
        share = standing.max_exposure * Decimal(str(standing.owner_weight(owner)))
        rooms[rules.strategy_share_is_used_up] = share - standing.owner_exposure(owner)
    return {rule.__name__: room for rule, room in rooms.items()}


def is_tradable(amount: Decimal, price: Decimal, standing: Standing) -> bool:
    """Say whether so much at *price* is enough to be traded, and to be left again."""
    market = standing.market
    return amount > 0 and (
        amount >= market.min_amount * ROOM_FOR_EXIT
        and amount * price >= market.min_notional * ROOM_FOR_EXIT
    )
