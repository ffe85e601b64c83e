"""The chronicle: what happened, as log lines a person can follow."""

import structlog

from trading_mcp.domain import entries as e

log = structlog.get_logger(__name__)


def tell(fact: object) -> None:
    """Log *fact*, if it is one that a trader wants to follow. A listener of the hub."""
    match fact:
        case e.OrderApproved(order=order):
            log.info(
                "order_approved",
                order_id=order.id,
                symbol=order.symbol,
                side=order.side,
                amount=str(order.amount),
                owner=order.owner,
                reason=order.reason,
            )
        case e.OrderRefused():
            log.info(
                "order_refused",
                market=fact.market,
                side=fact.side,
                owner=fact.owner,
                rule=fact.rule,
                reason=fact.reason,
            )
        case e.FillBooked():
            _tell_fill(fact)
        case e.KillSwitchChanged():
            log.warning("kill_switch", active=fact.switch is not None, principal=fact.principal)
        case e.AlertRaised(alert=alert):
            log.warning("alert", trigger=alert.trigger, message=alert.message)
        case e.ExchangeJoined():
            log.info("exchange_joined", exchange=fact.exchange, source=fact.source)
        case e.TradingHalted():
            log.error("trading_halted", asset=fact.asset, reason=fact.reason)
        case e.TradingResumed():
            log.warning("trading_resumed", asset=fact.asset, principal=fact.principal)
        case e.OrderAdopted(order=order):
            log.warning("order_adopted", order_id=order.id, symbol=order.symbol, side=order.side)
        case e.EngineSwitched() | e.StrategyChanged() | e.PairsChanged():
            _tell_setting(fact)
        case _:
            pass


def _tell_fill(fact: e.FillBooked) -> None:
    order, position = fact.order, fact.position
    log.info(
        "order_filled",
        order_id=order.id,
        symbol=order.symbol,
        side=order.side,
        amount=str(fact.fill.amount),
        price=str(fact.fill.price),
        owner=order.owner,
    )
    if position is not None and not position.is_open:
        log.info(
            "position_closed",
            position_id=position.id,
            symbol=position.symbol,
            reason=position.close_reason,
            pnl=f"{position.realized_pnl:.4f}",
            owner=position.owner,
        )


def _tell_setting(fact: e.EngineSwitched | e.StrategyChanged | e.PairsChanged) -> None:
    match fact:
        case e.EngineSwitched():
            log.info("engine_switched", running=fact.running, principal=fact.principal)
        case e.StrategyChanged():
            log.info("strategy_changed", strategy=fact.name, active=fact.active, why=fact.why)
        case e.PairsChanged():
            log.info("pairs_changed", pairs=list(fact.pairs), principal=fact.principal)
