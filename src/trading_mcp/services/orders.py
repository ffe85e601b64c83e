"""Orders: submitted through the gate, cancelled, looked at."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from trading_mcp.domain.errors import (
    InvalidParameter,
    MissingParameter,
    OrderFailed,
    OrderNotFound,
)
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.orders import ExitPlan, Order, OrderType, Refused
from trading_mcp.engine.session import Session
from trading_mcp.ports import History
from trading_mcp.services.cursors import cursor, place
from trading_mcp.services.held import held_by_hand
from trading_mcp.services.intents import by_hand, default_plan
from trading_mcp.services.lookup import market_of
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.outcomes import WAIT_S, answer, answer_or_failure
from trading_mcp.services.refusals import refusal
from trading_mcp.services.shapes.orders import (
    CancelAllAnswer,
    CancelAllRequest,
    CancelRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    OpenOrdersRequest,
    OrderAnswer,
    OrderHistory,
    OrderHistoryRequest,
    OrderRequest,
    Orders,
    OrderStatusRequest,
    OrderView,
    ScalpRequest,
    StopOrderRequest,
)
from trading_mcp.services.views import order_view, symbol_from

NO_ROUTE = "the reference has orders as tools only"
PRICES: dict[OrderType, str | None] = {"market": None, "limit": "price", "stop": "stop_price"}
"""The one price that an order of each type has."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of the order history ended: creation time and id of its last order."""

    created_at: Annotated[int, Meta(ge=0, le=1 << 53)]
    order_id: str


class OrderService:
    """What may be asked about orders."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("scalping", "trade", destructive=True, mcp_only=NO_ROUTE)
    async def execute_trade(self, request: ScalpRequest, caller: Caller) -> OrderAnswer:
        """Open a scalping position at the market with its own stop loss and take profit, in
        percent of the entry (left out: the risk parameters'). Needs the engine running
        (start_bot). Spot only buys; BTC-USDT-PERP goes short too. Then get_positions."""
        self._session.must_run()
        market = market_of(self._session, request)
        if market.type == "spot" and request.side == "sell":
            raise InvalidParameter(
                f"side: a spot position can't be opened by selling; {market.symbol} is spot",
                field="side",
                hint=f"To go short use {market.symbol}-PERP; to sell, submit_market_order.",
            )
        if (held := held_by_hand(self._session, market)) is not None:
            raise InvalidParameter(
                f"{held.id} is open in {market.symbol} already, with exits of its own",
                position_id=held.id,
                hint="Change them with update_sltp, or close it first; submit_market_order adds "
                "to it.",
            )
        standard = default_plan(self._session)
        plan = ExitPlan(
            stop_loss_pct=request.stop_loss_pct or standard.stop_loss_pct,
            take_profit_pct=request.take_profit_pct or standard.take_profit_pct,
            trailing_pct=request.trailing_stop_pct or 0.0,
            breakeven_pct=request.breakeven_pct or 0.0,
        )
        return await self._submitted(request, caller, plan=plan)

    @operation("orders", "trade", destructive=True, mcp_only=NO_ROUTE)
    async def submit_order(self, request: OrderRequest, caller: Caller) -> OrderAnswer:
        """Send an order of any type: limit needs price, stop needs stop_price, market neither.
        Passes every risk check (see check_risk_limits). Against the manual position it closes,
        else it opens or adds. If the outcome is unknown: get_order_status, don't resend."""
        wanted = PRICES[request.type]
        for field in ("price", "stop_price"):
            given = getattr(request, field) is not None
            if field == wanted and not given:
                raise MissingParameter(f"{field}: a {request.type} order needs it", field=field)
            if field != wanted and given:
                raise InvalidParameter(f"{field}: a {request.type} order has none", field=field)
        return await self._submitted(
            request, caller, price=request.price, stop_price=request.stop_price
        )

    @operation("orders", "trade", destructive=True, mcp_only=NO_ROUTE)
    async def submit_market_order(self, request: MarketOrderRequest, caller: Caller) -> OrderAnswer:
        """Trade now at whatever price the book gives. A buy opens or adds to the manual position
        with default stop and target, a sell closes it. When the price matters use
        submit_limit_order."""
        return await self._submitted(request, caller)

    @operation("orders", "trade", destructive=True, mcp_only=NO_ROUTE)
    async def submit_limit_order(self, request: LimitOrderRequest, caller: Caller) -> OrderAnswer:
        """Trade at price or better, or rest until cancel_order. Its whole notional counts towards
        the limits while it rests. Refused far on the wrong side of the market."""
        return await self._submitted(request, caller, price=request.price)

    @operation("orders", "trade", destructive=True, mcp_only=NO_ROUTE)
    async def submit_stop_order(self, request: StopOrderRequest, caller: Caller) -> OrderAnswer:
        """Wait at the exchange and trade at the market once stop_price is reached: a sell below
        the market protects the manual position, a buy above it enters a breakout. A position's
        own stop is set by update_sltp."""
        return await self._submitted(request, caller, stop_price=request.stop_price)

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
        return self._answer(await self._session.cancel(order))

    @operation("orders", "trade", idempotent=True, mcp_only=NO_ROUTE)
    async def cancel_all_orders(self, request: CancelAllRequest, caller: Caller) -> CancelAllAnswer:
        """Cancel all working orders that could open or enlarge a position, of a pair or exchange
        or all. Orders that only close are kept, unless exits is true: then resting ones go too.
        Works under the kill switch; to stop all new trading use activate_kill_switch."""
        working = self._working(request)
        going = [o for o in working if not o.reduce_only or (request.exits and o.type != "market")]
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

    async def resumed(self, order: Order) -> OrderAnswer:
        """Return the answer for an order whose request was cut off."""
        if order.id in self._session.state.orders:
            order = await self._session.flight.settled(order.id, within=WAIT_S)
        return answer_or_failure(order, self._session.source_of(order.exchange))

    async def _submitted(
        self,
        request: MarketOrderRequest,
        caller: Caller,
        *,
        price: float | None = None,
        stop_price: float | None = None,
        plan: ExitPlan | None = None,
    ) -> OrderAnswer:
        market = market_of(self._session, request)
        await self._watched(market)
        intent = by_hand(
            self._session,
            market,
            request,
            caller,
            price=_exact(price),
            stop_price=_exact(stop_price),
            plan=plan,
        )
        result = await self._session.submit(intent, within=WAIT_S)
        if isinstance(result, Refused):
            raise refusal(result)
        return answer_or_failure(result, self._session.source_of(result.exchange))

    async def _watched(self, market: Market) -> None:
        price = self._session.core.standings.prices.get(market.key)
        if price is None or not price.fresh:
            await self._session.follow(market.key)

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


def _exact(price: float | None) -> Decimal | None:
    return exact(price) if price is not None else None
