"""Entering on a strategy's wish, and leaving at a stop, a target or a wish."""

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.markets import MarketKey
from trading_mcp.domain.numbers import exact, floats_of
from trading_mcp.domain.orders import ExitPlan, OrderIntent, Reason, Side
from trading_mcp.domain.positions import Position, StopKind
from trading_mcp.domain.quotes import PriceMove
from trading_mcp.domain.signals import Signal, Wish
from trading_mcp.engine import protection
from trading_mcp.engine.desk import ENGINE, Desk
from trading_mcp.portfolio import book
from trading_mcp.risk import halts
from trading_mcp.risk.sizing import Record, sized_entry
from trading_mcp.risk.standing import Standing
from trading_mcp.rules import exits


def follow_price(desk: Desk, position: Position, move: PriceMove) -> None:
    """Leave *position* if *move* hit its stop or target, else let its stop follow the move."""
    if position.leaving:
        return
    # The stop that was in force during the move counts; only then does it follow.
    kind, level = exits.exit_hit(
        position.sign,
        move.open,
        move.high,
        move.low,
        float(position.stop_loss or 0),
        float(position.take_profit or 0),
    )
    if kind != exits.STOP:
        desk.guards.not_reached(position.id)
    elif protection.acts_there(desk, position):
        return
    if kind == exits.NONE:
        _follow(desk, position, move)
        return
    reason: Reason = position.stop_kind if kind == exits.STOP else "take_profit"
    desk.exit(position, reason, level=exact(level))


def act_on(desk: Desk, signal: Signal, leverage: int) -> None:
    """Do what a strategy wishes: exits first, then entries, once what it holds has been left."""
    desk.reversals.drop(signal.market, signal.strategy)
    if not _is_active(desk, signal.strategy):
        return
    for wish in signal.wishes:
        if wish.startswith("exit"):
            _leave(desk, signal, wish)
    _enter_or_wait(desk, signal, leverage)


def turn_round(desk: Desk, market: MarketKey, leverage: int) -> None:
    """Do what waited in *market* until something was left, as far as it has been."""
    for signal in desk.reversals.take(market, desk.now):
        if _is_active(desk, signal.strategy):
            _enter_or_wait(desk, signal, leverage)


def plan_of(params: dict[str, float]) -> ExitPlan:
    """Return the exits that a strategy's parameters ask for."""
    return ExitPlan(
        stop_loss_pct=float(params.get("stop_loss_pct", 0.0)),
        take_profit_pct=float(params.get("take_profit_pct", 0.0)),
        trailing_pct=float(params.get("trailing_stop_pct", 0.0)),
        breakeven_pct=float(params.get("breakeven_pct", 0.0)),
    )


def _follow(desk: Desk, position: Position, move: PriceMove) -> None:
    kind, stop = exits.followed_stop(
        position.sign,
        float(position.stop_loss or 0),
        float(position.entry_price),
        exits.best_price(position.sign, move.high, move.low),
        move.last,
        position.breakeven_pct,
        position.trailing_pct,
        float(desk.markets[position.market].taker_fee),
        *floats_of(position.tick),
    )
    if kind == exits.NONE:
        return
    why: StopKind = "breakeven" if kind == exits.BREAKEVEN else "trailing_stop"
    level = book.on_tick(stop, position.tick)
    changed = msgspec.structs.replace(position, stop_loss=level, stop_kind=why)
    desk.make(e.PositionChanged(at=desk.now, position=changed, why=why, principal=ENGINE))


def _is_active(desk: Desk, name: str) -> bool:
    strategy = desk.state.strategies.get(name)
    return desk.state.running and strategy is not None and strategy.active


def _enter_or_wait(desk: Desk, signal: Signal, leverage: int) -> None:
    wishes = [wish for wish in signal.wishes if wish.startswith("enter")]
    held = (p for p in desk.standings.positions_in(signal.market) if p.owner == signal.strategy)
    if wishes and any(position.leaving for position in held):
        desk.reversals.put_off(signal, desk.now)
        return
    plan = plan_of(desk.state.strategies[signal.strategy].params)
    for wish in wishes:
        _enter(desk, signal, wish, plan, leverage)


def _leave(desk: Desk, signal: Signal, wish: Wish) -> None:
    side = "long" if wish == "exit_long" else "short"
    for position in desk.standings.positions_in(signal.market):
        if position.owner == signal.strategy and position.side == side:
            desk.exit(position, "exit_signal")


def _enter(desk: Desk, signal: Signal, wish: Wish, plan: ExitPlan, leverage: int) -> None:
    market = desk.markets[signal.market]
    standing = desk.standing(signal.market)
    side: Side = "buy" if wish == "enter_long" else "sell"
    if (side == "sell" and not market.can_short) or not _is_wanted(signal, side, standing):
        return
    geared = min(leverage, market.max_leverage, standing.parameters.max_leverage)
    if standing.leverage not in (None, geared):
        return  # held at another leverage, by hand or before a change: it would be refused
    size = sized_entry(signal, plan, standing, _record(desk, signal.strategy), geared)
    if size is None:
        return
    desk.submit(
        OrderIntent(
            market=signal.market,
            side=side,
            type="market",
            amount=size.amount,
            owner=signal.strategy,
            principal=ENGINE,
            reason="signal",
            leverage=geared,
            plan=size.plan,
        )
    )


def _record(desk: Desk, owner: str) -> Record:
    tally = desk.state.tally(owner)
    return Record(
        wins=tally.wins, losses=tally.losses, won=float(tally.won), lost=float(tally.lost)
    )


def _is_wanted(signal: Signal, side: Side, standing: Standing) -> bool:
    # A wish that is known to be refused, candle after candle, is no news for the journal.
    held = standing.position_of(signal.strategy) or standing.entering(signal.strategy)
    full = standing.positions_open >= standing.parameters.max_open_positions
    against = standing.market.can_short and standing.against(side)
    blocked = held or full or against or halts.halt(standing)
    return not blocked and signal.strength >= standing.confidence_threshold
