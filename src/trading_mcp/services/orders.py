"""Orders: submitted through the gate, cancelled, listed."""

from typing import Literal

from trading_mcp.domain.errors import InvalidParameter, OrderFailed, OrderNotFound
from trading_mcp.domain.markets import Market, MarketType
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.orders import ExitPlan, Order, OrderIntent, Refused
from trading_mcp.engine.session import Session
from trading_mcp.ports import History
from trading_mcp.services.intents import by_hand, default_plan, held_by_hand
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.refusals import failure, refusal
from trading_mcp.services.shapes.orders import (
    CancelRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    OpenOrdersRequest,
    OrderAnswer,
    Orders,
    ScalpRequest,
)
from trading_mcp.services.views import order_view, symbol_from

WAIT_S = 3.0
"""How long a caller waits for the exchange; after it the answer says what is known."""
Outcome = Literal["accepted", "filled", "partially_filled", "cancelled", "unknown"]


class OrderService:
    """What may be asked about orders."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("scalping", "trade", destructive=True)
    async def execute_trade(self, request: ScalpRequest, caller: Caller) -> OrderAnswer:
        """Open a scalping position: a market entry whose stop loss and take profit are watched
        from the first fill on. Use it for a trade with exits of its own; use submit_market_order
        for a bare order. Exits are in percent of the entry price; without them the risk
        parameters' own apply. Needs the engine running (start_bot). On spot only side buy opens
        a position. Afterwards get_positions shows it."""
        self._session.must_run()
        market = self._market(request.exchange, request.pair, request.market_type)
        if market.type == "spot" and request.side == "sell":
            raise InvalidParameter(
                f"side: a spot position can't be opened by selling; {market.symbol} is spot",
                field="side",
                hint="Use market_type perpetual to go short, or submit_market_order to sell.",
            )
        if (held := held_by_hand(self._session, market)) is not None:
            raise InvalidParameter(
                f"{held.id} is open in {market.symbol} already, with exits of its own",
                position_id=held.id,
                hint="Change them with update_sltp, or close it first; submit_market_order adds "
                "to it.",
            )
        await self._watched(market)
        standard = default_plan(self._session)
        plan = ExitPlan(
            stop_loss_pct=request.stop_loss_pct or standard.stop_loss_pct,
            take_profit_pct=request.take_profit_pct or standard.take_profit_pct,
            trailing_pct=request.trailing_stop_pct or 0.0,
            breakeven_pct=request.breakeven_pct or 0.0,
        )
        return await self._submitted(by_hand(self._session, market, request, caller, plan=plan))

    @operation("orders", "trade", destructive=True)
    async def submit_market_order(self, request: MarketOrderRequest, caller: Caller) -> OrderAnswer:
        """Send a market order now, at whatever price the book gives. The amount is in base
        currency. It passes every risk check (see check_risk_limits); a buy opens or enlarges the
        manual position with the default stop loss and take profit, a sell closes it. Prefer
        submit_limit_order when the price matters. If the outcome is unknown, ask
        get_open_orders; don't send again."""
        market = self._market(request.exchange, request.pair, request.market_type)
        await self._watched(market)
        return await self._submitted(by_hand(self._session, market, request, caller))

    @operation("orders", "trade", destructive=True)
    async def submit_limit_order(self, request: LimitOrderRequest, caller: Caller) -> OrderAnswer:
        """Send a limit order: it trades at its price or better, or rests. Amount in base
        currency, price in quote. Its whole notional counts towards the limits while it rests.
        Refused when the price is far on the wrong side of the market. cancel_order takes it
        back."""
        market = self._market(request.exchange, request.pair, request.market_type)
        await self._watched(market)
        intent = by_hand(self._session, market, request, caller, price=exact(request.price))
        return await self._submitted(intent)

    @operation("orders", "trade", idempotent=True)
    async def cancel_order(self, request: CancelRequest, caller: Caller) -> OrderAnswer:
        """Cancel a working order by its order_id (from get_open_orders). What it has filled so
        far stays. An order that has ended already is an error that says how it ended. Lowers
        risk, so it is allowed while the kill switch is on."""
        order = self._session.state.order(request.order_id)
        if order is None:
            order = await self._history.order(request.order_id)
        if order is None:
            raise OrderNotFound(f"No order {request.order_id!r}", order_id=request.order_id)
        if not order.working:
            raise OrderFailed(
                f"Order {order.id} has ended already: {order.status}",
                order_id=order.id,
                state=order.status,
            )
        return answer(await self._session.cancel(order))

    @operation("orders")
    async def get_open_orders(self, request: OpenOrdersRequest, caller: Caller) -> Orders:
        """List working orders, the newest first; of one exchange or pair if named. Includes
        orders whose outcome is unknown (state "unknown"): they keep their reservation."""
        working = list(self._session.state.orders.values())[::-1]
        if request.exchange is not None:
            name = self._session.exchange(request.exchange).name
            working = [order for order in working if order.exchange == name]
        if request.pair is not None:
            symbol = symbol_from(request.pair, request.market_type)
            working = [order for order in working if order.symbol == symbol]
        return Orders(orders=[order_view(o) for o in working], count=len(working))

    async def resumed(self, order: Order) -> OrderAnswer:
        """Return the answer for an order whose request was cut off."""
        if order.id in self._session.state.orders:
            order = await self._session.flight.settled(order.id, within=WAIT_S)
        return _or_failure(order)

    def _market(self, exchange: str | None, pair: str, market_type: MarketType | None) -> Market:
        name = self._session.exchange(exchange).name
        return self._session.market(name, symbol_from(pair, market_type))

    async def _watched(self, market: Market) -> None:
        price = self._session.core.standings.prices.get(market.key)
        if price is None or not price.fresh:
            await self._session.follow(market.key)

    async def _submitted(self, intent: OrderIntent) -> OrderAnswer:
        result = await self._session.submit(intent, within=WAIT_S)
        if isinstance(result, Refused):
            raise refusal(result)
        return _or_failure(result)


def answer(order: Order) -> OrderAnswer:
    """Return what has become of *order* so far."""
    outcome: Outcome
    match order.status:
        case "filled":
            outcome = "filled"
        case "cancelled":
            outcome = "partially_filled" if order.filled else "cancelled"
        case "partial":
            outcome = "partially_filled"
        case "open":
            outcome = "accepted"
        case _:
            outcome = "unknown"
    filled = f"{order.filled} of {order.amount}"
    message = f"{order.side} {order.amount} {order.symbol}: {outcome}, filled {filled}"
    if outcome == "unknown":
        message += "; the exchange has not said yet: ask get_open_orders, do not send again"
    return OrderAnswer(order=order_view(order), outcome=outcome, message=message)


def _or_failure(order: Order) -> OrderAnswer:
    error = failure(order)
    if error is not None:
        raise error
    return answer(order)
