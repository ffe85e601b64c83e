"""How things look from outside: ISO times, JSON numbers, the reference's words."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from trading_mcp.domain import times
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import Market, MarketType, symbol_of
from trading_mcp.domain.numbers import ZERO, exact
from trading_mcp.domain.orders import Fill, Order, OrderStatus
from trading_mcp.domain.positions import Position
from trading_mcp.portfolio.performance import Tally
from trading_mcp.services.shapes.orders import OrderView
from trading_mcp.services.shapes.portfolio import TradeView
from trading_mcp.services.shapes.positions import PastPosition, PositionView
from trading_mcp.services.shapes.strategies import StrategyPerformance

iso = times.iso
_NO_LEVEL = 1e-12


def milliseconds(text: str, field: str) -> int:
    """Read an ISO 8601 time (a date means its midnight; no offset means UTC) as UTC ms.

    Raises InvalidParameter, naming *field*.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidParameter(
            f"{field}: expected an ISO 8601 time such as 2025-11-16T10:00:00Z, got {text[:40]!r}",
            field=field,
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def number(value: Decimal | None) -> float:
    """Return *value* as a JSON number; 0 for none."""
    # Adding zero takes the sign off a negative one.
    return float(value) + 0.0 if value is not None else 0.0


def on_tick(market: Market, level: float) -> Decimal:
    """Put a level on the market's tick; what is hardly above zero is none."""
    return market.near_price(exact(level)) if level > _NO_LEVEL else ZERO


def duration(seconds: float) -> str:
    """Return e.g. `2h30m15s`."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minute}m{second}s"
    return f"{minute}m{second}s" if minute else f"{second}s"


def symbol_from(pair: str, market_type: MarketType | None, field: str = "pair") -> str:
    """Return the symbol that a request's *field* means. Raises InvalidParameter."""
    try:
        return symbol_of(pair, market_type)
    except ValueError as error:
        raise InvalidParameter(f"{field}: {error}", field=field) from None


def position_view(
    position: Position, mark: Decimal | None, *, closing: bool, source: str
) -> PositionView:
    """Return an open position as the reference has it; *mark* is the market's last price."""
    price = mark if mark is not None else position.entry_price
    return PositionView(
        id=position.id,
        exchange=position.exchange,
        source=source,
        symbol=position.symbol,
        side=position.side,
        entry_price=number(position.entry_price),
        current_price=number(price),
        size=number(position.size),
        leverage=position.leverage,
        stop_loss=number(position.stop_loss),
        take_profit=number(position.take_profit),
        unrealized_pnl=number(position.unrealized_pnl(price)),
        realized_pnl=number(position.realized_pnl),
        open_time=iso(position.opened_at),
        strategy=position.owner,
        status="closed" if not position.is_open else "closing" if closing else "open",
        trailing_stop_percent=position.trailing_pct,
        fees=number(position.fees),
        funding=number(position.funding),
    )


def past_position(position: Position, source: str) -> PastPosition:
    """Return a closed position as the reference has it."""
    return PastPosition(
        id=position.id,
        exchange=position.exchange,
        source=source,
        symbol=position.symbol,
        side=position.side,
        entry_price=number(position.entry_price),
        exit_price=number(position.exit_price),
        current_price=number(position.exit_price),
        size=number(position.entered),
        leverage=position.leverage,
        stop_loss=number(position.stop_loss),
        take_profit=number(position.take_profit),
        unrealized_pnl=0.0,
        realized_pnl=number(position.realized_pnl),
        fees=number(position.fees),
        funding=number(position.funding),
        open_time=iso(position.opened_at),
        close_time=iso(position.closed_at or position.opened_at),
        close_reason=position.close_reason,
        strategy=position.owner,
        status="closed",
    )


_STATUS: dict[OrderStatus, Literal["pending", "filled", "cancelled", "failed"]] = {
    "approved": "pending",
    "open": "pending",
    "partial": "pending",
    "unknown": "pending",
    "filled": "filled",
    "cancelled": "cancelled",
    "rejected": "failed",
    "abandoned": "failed",
}


def order_view(order: Order, source: str) -> OrderView:
    """Return an order as the reference has it."""
    paid = order.average_price
    shown = order.price or paid or order.stop_price
    ended_early = order.status in ("rejected", "abandoned", "cancelled")
    return OrderView(
        order_id=order.id,
        exchange=order.exchange,
        source=source,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        size=number(order.amount),
        notional=number(order.amount * order.level),
        price=number(shown if order.type != "market" else paid),
        stop_price=number(order.stop_price) if order.stop_price is not None else None,
        filled=number(order.filled),
        average_price=number(paid) if paid is not None else None,
        fees=number(order.fees),
        status=_STATUS[order.status],
        state=order.status,
        reason=order.evidence if ended_early else order.reason,
        position_id=order.position_id,
        latency_ms=order.latency_ms or 0.0,
        timestamp=iso(order.created_at),
    )


def trade_view(fill: Fill, order: Order) -> TradeView:
    """Return one fill of *order* as the reference has it."""
    return TradeView(
        id=fill.trade_id,
        order_id=order.id,
        exchange=fill.exchange,
        symbol=fill.symbol,
        side=fill.side,
        type=order.type,
        price=number(fill.price),
        size=number(fill.amount),
        status=_STATUS[order.status],
        latency_ms=order.latency_ms or 0.0,
        timestamp=iso(fill.at),
        fee=number(fill.fee),
        fee_currency=fill.fee_currency,
        maker=fill.maker,
    )


def performance_view(tally: Tally, risk_free_rate: float) -> StrategyPerformance:
    """Return a record as the reference has it."""
    return StrategyPerformance(
        total_trades=tally.trades,
        winning_trades=tally.wins,
        losing_trades=tally.losses,
        win_rate=tally.win_rate,
        total_pnl=number(tally.pnl),
        avg_win=tally.average_win,
        avg_loss=tally.average_loss,
        sharpe_ratio=tally.sharpe_ratio(risk_free_rate),
        max_drawdown=tally.max_drawdown_pct,
        profit_factor=tally.profit_factor,
    )
