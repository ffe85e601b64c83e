"""Closing positions at the market, whoever owns them: whole, or a part."""

from decimal import Decimal
from typing import Literal

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.orders import Order, Refused
from trading_mcp.domain.positions import Position
from trading_mcp.engine.desk import Wished
from trading_mcp.engine.session import Session
from trading_mcp.services.held import open_position
from trading_mcp.services.intents import closing
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.outcomes import WAIT_S, failure, plain
from trading_mcp.services.refusals import refusal
from trading_mcp.services.shapes.positions import CloseAnswer, CloseFuturesRequest, CloseRequest
from trading_mcp.services.views import number, symbol_from

_SPOT = (
    "It is a spot position: submit_market_order sells one of your own; a strategy's is closed over "
    "REST, POST /api/v1/positions/{id}/close."
)


class ClosingService:
    """How positions are closed on somebody's wish."""

    def __init__(self, session: Session):
        self._session = session

    @operation("scalping", "trade", mcp_only="over REST positions of any kind are closed by id")
    async def close_futures_position(
        self, request: CloseFuturesRequest, caller: Caller
    ) -> CloseAnswer:
        """Close a perpetual position at the market: all of it, or amount. Works for positions of
        strategies too, while the engine is stopped and under the kill switch. position_id and
        symbol from get_futures_positions; BTC-USDT means its perpetual."""
        position = open_position(self._session, request.position_id, request.exchange)
        symbol = symbol_from(request.symbol, "perpetual", "symbol")
        if position.symbol != symbol:
            raise InvalidParameter(
                f"symbol: {position.id} is a position in {position.symbol}, not in {symbol}",
                field="symbol",
                symbol=position.symbol,
                hint="" if self._is_perpetual(position) else _SPOT,
            )
        return await self._close(position, request, caller)

    @operation(
        "portfolio",
        "trade",
        rest_only="agents close perpetuals with close_futures_position, and sell with submit_order",
    )
    async def close_position(self, request: CloseRequest, caller: Caller) -> CloseAnswer:
        """Close any open position at the market: all of it, or amount."""
        return await self._close(open_position(self._session, request.position_id), request, caller)

    async def resumed(self, order: Order) -> CloseAnswer:
        """Return the answer for an order whose request was cut off."""
        if order.id in self._session.state.orders:
            order = await self._session.flight.settled(order.id, within=WAIT_S)
        position = self._position_of(order)
        if position.leaving and position.is_open:
            wished = Wished(order.principal)
            await self._session.close_position(position.id, wished, within=WAIT_S)
            position = self._position_of(order)
        if not position.leaving and (error := failure(order)) is not None:
            raise error
        # One that is left whole may have taken several orders, and needed not the first.
        since = [o for o in self._exits(position) if o.created_at >= order.created_at]
        return self._answer(position, since if position.leaving else [order])

    async def _close(
        self, position: Position, request: CloseRequest, caller: Caller
    ) -> CloseAnswer:
        if request.amount is not None:
            order = await self._reduce(position, exact(request.amount), caller)
            return self._answer(self._position_of(order), [order])
        before = {order.id for order in self._exits(position) if not order.working}
        wished = Wished(caller.principal, caller.claim)
        await self._session.close_position(position.id, wished, within=WAIT_S)
        now = self._session.state.position(position.id) or position
        return self._answer(now, [o for o in self._exits(position) if o.id not in before])

    async def _reduce(self, position: Position, amount: Decimal, caller: Caller) -> Order:
        intent = closing(position, amount, caller)
        result = await self._session.submit(intent, within=WAIT_S)
        if isinstance(result, Refused):
            raise refusal(result)
        if (error := failure(result)) is not None:
            raise error
        return result

    def _is_perpetual(self, position: Position) -> bool:
        return self._session.core.markets[position.market].type == "perpetual"

    def _position_of(self, order: Order) -> Position:
        position = self._session.state.position(order.position_id or "")
        assert position is not None, "an exit has the position that it reduces"
        return position

    def _exits(self, position: Position) -> list[Order]:
        """Return the orders that made, or make, the position smaller, the oldest first."""
        state = self._session.state
        exits = [
            order
            for order in (*state.ended.values(), *state.orders.values())
            if order.reduce_only and order.position_id == position.id
        ]
        return sorted(exits, key=lambda order: (order.created_at, order.id))

    def _answer(self, position: Position, exits: list[Order]) -> CloseAnswer:
        """Return what *exits*, the orders of one wish, have made of *position*."""
        order = exits[-1] if exits else None
        closed = sum((exit.filled for exit in exits), ZERO)
        value = sum((exit.filled_value for exit in exits), ZERO)
        outcome, left = _outcome(position, order), position.size
        message = f"{position.symbol}: {outcome}, {plain(closed)} closed, {plain(left)} left"
        if outcome == "closing":
            message += "; the engine goes on until nothing is left"
            if order is not None and order.status == "rejected":
                message += f" ({order.evidence})"
        return CloseAnswer(
            position_id=position.id,
            exchange=position.exchange,
            source=self._session.source_of(position.exchange),
            symbol=position.symbol,
            outcome=outcome,
            closed=number(closed),
            remaining=number(left),
            exit_price=number(EXACT.divide(value, closed)) if closed > ZERO else None,
            realized_pnl=number(position.realized_pnl),
            order_id=order.id if order is not None else None,
            message=message,
        )


def _outcome(
    position: Position, order: Order | None
) -> Literal["closed", "reduced", "closing", "unknown"]:
    if not position.is_open:
        return "closed"
    if order is not None and order.status in ("approved", "unknown"):
        return "unknown"
    return "closing" if position.leaving or (order is not None and order.working) else "reduced"
