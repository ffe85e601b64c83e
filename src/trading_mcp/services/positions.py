"""Positions: open ones, closed ones, and what protects them."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.errors import InvalidParameter, PositionNotFound
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.positions import Position
from trading_mcp.engine.session import Session
from trading_mcp.ports import History
from trading_mcp.rules import exits
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Nothing, OfExchange
from trading_mcp.services.shapes.positions import (
    BreakevenRequest,
    ManagerState,
    PositionHistory,
    PositionHistoryRequest,
    Positions,
    PositionView,
    StopsAnswer,
    StopsRequest,
    TrailingRequest,
)
from trading_mcp.services.views import milliseconds, number, past_position, position_view


class PositionService:
    """What may be asked about positions."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("portfolio")
    async def get_positions(self, request: OfExchange, caller: Caller) -> Positions:
        """List open positions with size, entry, current price, stops and unrealized profit in
        quote currency. Use it before changing or closing a position; for balances use
        get_portfolio."""
        name = self._session.exchange(request.exchange).name if request.exchange else None
        views = [view for view in self._views() if name in (None, view.exchange)]
        return Positions(positions=views, count=len(views))

    @operation("portfolio", rest_only="the reference names no tool for closed positions")
    async def get_position_history(
        self, request: PositionHistoryRequest, caller: Caller
    ) -> PositionHistory:
        """List closed positions, the newest first."""
        start = milliseconds(request.start, "from") if request.start else None
        end = milliseconds(request.end, "to") if request.end else None
        if start is not None and end is not None and start >= end:
            raise InvalidParameter("from: must lie before to", field="from")
        closed = await self._history.positions(limit=request.limit, start=start, end=end)
        return PositionHistory(positions=[past_position(p) for p in closed], count=len(closed))

    @operation("portfolio", rest_only="agents use get_positions and get_exposure")
    async def get_manager_state(self, request: Nothing, caller: Caller) -> ManagerState:
        """Return all open positions and their exposure."""
        views = self._views()
        return ManagerState(
            open_positions=len(views),
            total_exposure=number(self._session.core.standings.exposure()),
            positions=views,
        )

    @operation("portfolio", "trade", idempotent=True)
    async def update_sltp(self, request: StopsRequest, caller: Caller) -> StopsAnswer:
        """Set the stop loss and/or take profit price of an open position (position_id from
        get_positions). A stop must lie on the losing side of the current price, a target on the
        winning side; else it is refused. A level that is left out stays as it is. A stop set by
        hand is kept when the position grows, and trailing goes on from it."""
        position = self._open(request.position_id)
        if request.stop_loss is None and request.take_profit is None:
            raise InvalidParameter("stop_loss or take_profit: at least one is needed")
        changed = position
        if request.stop_loss is not None:
            level = self._level(position, request.stop_loss, "stop_loss")
            changed = msgspec.structs.replace(
                changed, stop_loss=level, stop_kind="stop_loss", stops_by_hand=True
            )
        if request.take_profit is not None:
            level = self._level(position, request.take_profit, "take_profit")
            changed = msgspec.structs.replace(changed, take_profit=level, stops_by_hand=True)
        return await self._change(changed, "set by hand", caller, "SL/TP updated successfully")

    @operation("portfolio", "trade", idempotent=True, rest_only="the reference names no tool")
    async def move_to_breakeven(self, request: BreakevenRequest, caller: Caller) -> StopsAnswer:
        """Move a position's stop to where leaving pays for both fees."""
        position = self._open(request.position_id)
        fee = float(self._session.core.markets[position.market].taker_fee)
        even = exits.breakeven_price(position.sign, float(position.entry_price), fee)
        level = self._level(position, even, "stop_loss")
        changed = msgspec.structs.replace(
            position, stop_loss=level, stop_kind="breakeven", stops_by_hand=True
        )
        return await self._change(changed, "breakeven", caller, "Stop loss moved to breakeven")

    @operation("portfolio", "trade", idempotent=True, rest_only="the reference names no tool")
    async def enable_trailing_stop(self, request: TrailingRequest, caller: Caller) -> StopsAnswer:
        """Let a position's stop follow the best price from now on."""
        position = self._open(request.position_id)
        price = float(self._mark(position))
        stop = float(position.stop_loss or 0)
        start = exits.trailed_stop(position.sign, stop, price, request.distance_percent)
        level = self._session.core.markets[position.market].near_price(exact(start))
        changed = msgspec.structs.replace(
            position,
            trailing_pct=request.distance_percent,
            stop_loss=level,
            stop_kind="trailing_stop" if start != stop else position.stop_kind,
            stops_by_hand=True,
        )
        return await self._change(changed, "trailing", caller, "Trailing stop enabled")

    def _views(self) -> list[PositionView]:
        core = self._session.core
        return [
            position_view(
                position,
                core.standings.marks.get(position.market),
                any(
                    order.reduce_only and order.position_id == position.id
                    for order in core.standings.orders_in(position.market)
                ),
            )
            for position in self._session.state.positions.values()
        ]

    def _open(self, position_id: str) -> Position:
        position = self._session.state.positions.get(position_id)
        if position is None:
            raise PositionNotFound(
                f"No open position {position_id!r}",
                position_id=position_id,
                open=list(self._session.state.positions)[:20],
            )
        return position

    def _mark(self, position: Position) -> Decimal:
        return self._session.core.standings.marks.get(position.market, position.entry_price)

    def _level(self, position: Position, price: float, field: str) -> Decimal:
        level = self._session.core.markets[position.market].near_price(exact(price))
        mark = self._mark(position)
        losing = exits.is_protective(position.sign, float(level), float(mark))
        wanted_losing = field == "stop_loss"
        if level <= 0 or level == mark or losing != wanted_losing:
            side = "below" if (position.side == "long") == wanted_losing else "above"
            raise InvalidParameter(
                f"{field}: must lie {side} the current price {mark} of a {position.side} "
                f"position, got {level}",
                field=field,
                current_price=float(mark),
            )
        return level

    async def _change(
        self, position: Position, why: str, caller: Caller, message: str
    ) -> StopsAnswer:
        await self._session.move_stops(position, why, caller.principal)
        return StopsAnswer(
            message=message,
            position_id=position.id,
            stop_loss=number(position.stop_loss),
            take_profit=number(position.take_profit),
        )
