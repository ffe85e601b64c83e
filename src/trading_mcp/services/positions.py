"""Positions: open ones, closed ones, and what protects them."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.positions import Position, closing_side
from trading_mcp.engine.session import Session
from trading_mcp.ports import History
from trading_mcp.rules import exits, margins
from trading_mcp.services.held import open_position
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Nothing, OfExchange
from trading_mcp.services.shapes.positions import (
    BreakevenRequest,
    FuturesPosition,
    FuturesPositions,
    ManagerState,
    PositionHistory,
    PositionHistoryRequest,
    Positions,
    PositionView,
    StopsAnswer,
    StopsRequest,
    TrailingRequest,
)
from trading_mcp.services.views import (
    iso,
    milliseconds,
    number,
    past_position,
    position_view,
)


class PositionService:
    """What may be asked about positions."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("portfolio")
    async def get_positions(self, request: OfExchange, caller: Caller) -> Positions:
        """List open positions with size, entry, current price, stops and unrealized profit in
        quote currency. Use it before changing or closing a position; for balances use
        get_portfolio."""
        views = [self._view(position) for position in self._positions(request)]
        return Positions(positions=views, count=len(views))

    @operation("scalping", mcp_only="REST lists positions of every kind at /positions")
    async def get_futures_positions(self, request: OfExchange, caller: Caller) -> FuturesPositions:
        """List open perpetual positions with margin, liquidation price, return on margin and
        funding. Use it for leverage risk, and for the ids that close_futures_position wants; spot
        too is in get_positions."""
        markets = self._session.core.markets
        found = [p for p in self._positions(request) if markets[p.market].type == "perpetual"]
        views = [self._futures_view(position) for position in found]
        return FuturesPositions(positions=views, count=len(views))

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
        views = [past_position(p, self._session.source_of(p.exchange)) for p in closed]
        return PositionHistory(positions=views, count=len(views))

    @operation("portfolio", rest_only="agents use get_positions and get_exposure")
    async def get_manager_state(self, request: Nothing, caller: Caller) -> ManagerState:
        """Return all open positions and their exposure."""
        views = [self._view(position) for position in self._session.state.positions.values()]
        return ManagerState(
            open_positions=len(views),
            total_exposure=number(self._session.core.standings.exposure()),
            positions=views,
        )

    @operation("portfolio", "trade", idempotent=True)
    async def update_sltp(self, request: StopsRequest, caller: Caller) -> StopsAnswer:
        """Set the stop loss and/or take profit price of an open position (ids are in
        get_positions); a level left out stays. A stop must lie on the losing side of the current
        price, a target on the winning side. A stop set by hand stays when the position grows."""
        position = self._changeable(request.position_id)
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
        """Move a position's stop to where leaving pays for both fees; one that protects more
        stays."""
        position = self._changeable(request.position_id)
        market, mark = self._session.core.markets[position.market], self._mark(position)
        fee = float(market.taker_fee)
        even = exits.breakeven_price(position.sign, float(position.entry_price), fee)
        level = market.near_price(exact(even))
        if not exits.is_protective(position.sign, float(level), float(mark)):
            wanted = "above" if position.side == "long" else "below"
            raise InvalidParameter(
                f"Break-even of {position.id} is at {level}, which the price has to be {wanted} "
                f"first; it is at {mark}",
                field="position_id",
                breakeven_price=float(level),
                current_price=float(mark),
            )
        if not exits.is_tighter(position.sign, float(level), float(position.stop_loss or 0)):
            return _said(position, "The stop loss protects as much as breakeven already")
        changed = msgspec.structs.replace(
            position, stop_loss=level, stop_kind="breakeven", stops_by_hand=True
        )
        return await self._change(changed, "breakeven", caller, "Stop loss moved to breakeven")

    @operation("portfolio", "trade", idempotent=True, rest_only="the reference names no tool")
    async def enable_trailing_stop(self, request: TrailingRequest, caller: Caller) -> StopsAnswer:
        """Let a position's stop follow the best price from now on."""
        position = self._changeable(request.position_id)
        price = float(self._mark(position))
        stop = float(position.stop_loss or 0)
        start = exits.trailed_stop(position.sign, stop, price, request.distance_percent)
        level = self._session.core.markets[position.market].near_price(exact(start))
        if not exits.is_protective(position.sign, float(level), price):
            raise InvalidParameter(
                f"distance_percent: {request.distance_percent} is less than half a tick of "
                f"{position.symbol} at {price}: the stop would be at the price itself",
                field="distance_percent",
                tick=float(position.tick),
            )
        changed = msgspec.structs.replace(
            position,
            trailing_pct=request.distance_percent,
            stop_loss=level,
            stop_kind="trailing_stop" if start != stop else position.stop_kind,
            stops_by_hand=True,
        )
        return await self._change(changed, "trailing", caller, "Trailing stop enabled")

    def _positions(self, request: OfExchange) -> list[Position]:
        name = self._session.exchange(request.exchange).name if request.exchange else None
        held = self._session.state.positions.values()
        return [position for position in held if name in (None, position.exchange)]

    def _view(self, position: Position) -> PositionView:
        return position_view(
            position,
            self._session.core.standings.marks.get(position.market),
            closing=self._is_closing(position),
            source=self._session.source_of(position.exchange),
        )

    def _futures_view(self, position: Position) -> FuturesPosition:
        mark = self._mark(position)
        profit = position.unrealized_pnl(mark)
        return FuturesPosition(
            id=position.id,
            exchange=position.exchange,
            source=self._session.source_of(position.exchange),
            symbol=position.symbol,
            side=position.side,
            size=number(position.size),
            leverage=position.leverage,
            entry_price=number(position.entry_price),
            mark_price=number(mark),
            notional=number(position.size * mark),
            margin=number(position.margin),
            liquidation_price=self._liquidation_price(position),
            unrealized_pnl=number(profit),
            roe_percent=margins.return_pct(number(profit), float(position.margin)),
            funding=number(position.funding),
            stop_loss=number(position.stop_loss),
            take_profit=number(position.take_profit),
            strategy=position.owner,
            status="closing" if self._is_closing(position) else "open",
            open_time=iso(position.opened_at),
        )

    def _liquidation_price(self, position: Position) -> float | None:
        market = self._session.core.markets[position.market]
        # An exchange nets what all owners hold in a market: it is liquidated as one.
        held = self._session.core.standings.positions_in(market.key)
        price = margins.liquidation_price(
            position.sign,
            float(sum(p.size for p in held)),
            float(sum(p.open_value for p in held)),
            float(sum(p.margin for p in held)),
            float(market.maintenance_margin),
        )
        if price == 0:
            return None
        # On the tick that is reached first.
        return number(market.limit_price(exact(price), closing_side(position.side)))

    def _is_closing(self, position: Position) -> bool:
        """Say whether it is on its way out; an exit that waits for its price does not count."""
        orders = self._session.core.standings.orders_in(position.market)
        return bool(position.leaving) or any(
            order.reduce_only and order.type == "market" and order.position_id == position.id
            for order in orders
        )

    def _changeable(self, position_id: str) -> Position:
        position = open_position(self._session, position_id)
        if position.leaving:
            raise InvalidParameter(
                f"{position.id} is being closed ({position.leaving}): its stops don't count any "
                "more",
                field="position_id",
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
        return _said(position, message)


def _said(position: Position, message: str) -> StopsAnswer:
    return StopsAnswer(
        message=message,
        position_id=position.id,
        stop_loss=number(position.stop_loss),
        take_profit=number(position.take_profit),
    )
