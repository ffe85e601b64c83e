"""Orders that were sent: cancelled, and looked at."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from trading_mcp.domain.errors import (
    InvalidParameter,
    OrderFailed,
    OrderNotFound,
)
from trading_mcp.domain.orders import Order
from trading_mcp.engine.session import Session
from trading_mcp.ports import History
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.outcomes import answer
from trading_mcp.services.shapes.orders import (
    CancelAllAnswer,
    CancelAllRequest,
    CancelRequest,
    OpenOrdersRequest,
    OrderAnswer,
    OrderHistory,
    OrderHistoryRequest,
    Orders,
    OrderStatusRequest,
    OrderView,
)
from trading_mcp.services.views import order_view, symbol_from

NO_ROUTE = "the reference has orders as tools only"


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of the order history ended: creation time and id of its last order."""

    created_at: Annotated[int, Meta(ge=0, le=1 << 53)]
    order_id: str


class OrderService:
    """What may be asked about orders."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("orders", "trade", idempotent=True, mcp_only=NO_ROUTE)
    async def cancel_order(self, request: CancelRequest, caller: Caller) -> OrderAnswer:
        """Cancel a working order (order_id from get_open_orders); what it has filled stays. An
        order that has ended is an error that says how. Works under the kill switch."""
        order = await self._found(request.order_id, request.exchange)
        if not order.working:
            raise OrderFailed(
                f"Order {order.id} has ended already: {order.status}",
                order_id=order.id,
                state=order.status,
            )
        if order.protective:
            raise InvalidParameter(
                f"order_id: {order.id} is the stop that protects {order.position_id}",
                field="order_id",
                hint="Move it with update_sltp, or close the position: it goes with it.",
            )
        return self._answer(await self._session.cancel(order))

    @operation("orders", "trade", idempotent=True, mcp_only=NO_ROUTE)
    async def cancel_all_orders(self, request: CancelAllRequest, caller: Caller) -> CancelAllAnswer:
        """Cancel all working orders that could open or enlarge a position, of a pair or exchange
        or all. Orders that only close are kept, unless exits is true: then resting ones go too.
        Works under the kill switch; to stop all new trading use activate_kill_switch."""
        working = self._working(request)
        going = [o for o in working if not o.reduce_only or (request.exits and _is_exit_by_hand(o))]
        left = await self._session.cancel_orders(going)
        ended = [self._session.state.order(o.id) or o for o in going if o.id not in left]
        filled = [order.id for order in ended if order.status == "filled"]
        cancelled = [order.id for order in ended if order.status != "filled"]
        message = f"{len(cancelled)} cancelled"
        if left:
            message += f"; {len(left)} may still trade: their cancels are sent until answered"
        return CancelAllAnswer(
            message=message,
            cancelled=cancelled,
            filled=filled,
            may_trade=left,
            kept=[order.id for order in working if order not in going],
        )

    @operation("orders", mcp_only=NO_ROUTE)
    async def get_order_status(self, request: OrderStatusRequest, caller: Caller) -> OrderAnswer:
        """Say what has become of one order, working or ended, by its order_id. Ask it when an
        outcome was unknown; for all working orders use get_open_orders."""
        return self._answer(await self._found(request.order_id, request.exchange))

    @operation("orders", mcp_only=NO_ROUTE)
    async def get_open_orders(self, request: OpenOrdersRequest, caller: Caller) -> Orders:
        """List working orders, newest first, of one exchange or pair if named; count says how many
        there are. Those with state unknown keep their reservation."""
        working = self._working(request)
        return Orders(orders=self._views(working[: request.limit]), count=len(working))

    @operation("orders", mcp_only=NO_ROUTE)
    async def get_order_history(self, request: OrderHistoryRequest, caller: Caller) -> OrderHistory:
        """List orders of any state, newest first, of one exchange or pair if named. For the next
        page pass next_cursor as cursor. For single fills use get_trade_history."""
        exchange, symbol = self._named(request)
        last = place(request.cursor, Place)
        found = await self._history.orders(
            limit=request.limit + 1,
            exchange=exchange,
            symbol=symbol,
            before=(last.created_at, last.order_id) if last else None,
        )
        page = found[: request.limit]
        more = len(found) > len(page)
        return OrderHistory(
            orders=self._views(page),
            count=len(page),
            next_cursor=cursor(Place(page[-1].created_at, page[-1].id)) if more else None,
        )

    async def _found(self, order_id: str, exchange: str | None) -> Order:
        """Return an order, if it is one of *exchange*. Raises OrderNotFound."""
        name = self._session.exchange(exchange).name if exchange is not None else None
        order = self._session.state.order(order_id) or await self._history.order(order_id)
        if order is None or name not in (None, order.exchange):
            where = f" on {name}" if name else ""
            raise OrderNotFound(
                f"No order {order_id!r}{where}",
                order_id=order_id,
                hint="get_open_orders lists the working ones, get_order_history all.",
            )
        return order

    def _working(self, request: OpenOrdersRequest | CancelAllRequest) -> list[Order]:
        exchange, symbol = self._named(request)
        return [
            order
            for order in reversed(self._session.state.orders.values())
            if exchange in (None, order.exchange) and symbol in (None, order.symbol)
        ]

    def _named(
        self, request: OpenOrdersRequest | CancelAllRequest
    ) -> tuple[str | None, str | None]:
        """Return the exchange and the symbol that are asked for; None: any.

        Raises InvalidParameter: a name that is none must not pass for "nothing to cancel".
        """
        name = self._session.exchange(request.exchange).name if request.exchange else None
        if request.pair is None:
            if request.market_type is not None:
                raise InvalidParameter("market_type: only together with pair", field="market_type")
            return name, None
        symbol = symbol_from(request.pair, request.market_type)
        names = [name] if name else list(self._session.exchanges)
        if not any(f"{exchange}:{symbol}" in self._session.core.markets for exchange in names):
            raise InvalidParameter(
                f"pair: {symbol} is not a market of {' or '.join(names)}", field="pair"
            )
        return name, symbol

    def _answer(self, order: Order) -> OrderAnswer:
        return answer(order, self._session.source_of(order.exchange))

    def _views(self, orders: Sequence[Order]) -> list[OrderView]:
        return [order_view(order, self._session.source_of(order.exchange)) for order in orders]


def _is_exit_by_hand(order: Order) -> bool:
    return order.type != "market" and not order.protective
