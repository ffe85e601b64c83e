"""Orders sent on somebody's wish, through the gate: of every type, and with exits of their own."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.errors import InvalidParameter, MissingParameter
from trading_mcp.domain.markets import Market
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.orders import ExitPlan, Order, OrderType, Refused, Side
from trading_mcp.domain.positions import closing_side
from trading_mcp.engine.session import Session
from trading_mcp.services.held import entering_by_hand, held_by_hand
from trading_mcp.services.intents import by_hand, default_plan
from trading_mcp.services.lookup import market_of
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.orders import NO_ROUTE
from trading_mcp.services.outcomes import WAIT_S, answer_or_failure
from trading_mcp.services.refusals import refusal
from trading_mcp.services.shapes.orders import (
    LimitOrderRequest,
    MarketOrderRequest,
    OrderAnswer,
    OrderRequest,
    ScalpRequest,
    StopOrderRequest,
)

PRICES: dict[OrderType, str | None] = {"market": None, "limit": "price", "stop": "stop_price"}
"""The one price that an order of each type has."""


class SubmittingService:
    """How orders are sent."""

    def __init__(self, session: Session):
        self._session = session

    @operation("scalping", "trade", destructive=True, mcp_only=NO_ROUTE)
    async def execute_trade(self, request: ScalpRequest, caller: Caller) -> OrderAnswer:
        """Open a scalping position at the market with its own stop loss and take profit, in
        percent of the entry (left out: the risk parameters'). Needs the engine running
        (start_bot). Spot only buys; BTC-USDT-PERP goes short too. Then get_positions."""
        self._session.must_run()
        market = market_of(self._session, request)
        # First, so that nothing comes between what is found here and the order.
        await self._session.watch(market.key)
        self._must_be_free(market, request.side)
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
        if not self._can_be_left(market, request.side):
            await self._session.watch(market.key)
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
        answered = answer_or_failure(result, self._session.source_of(result.exchange))
        if not (warning := self._session.core.displaced(result)):
            return answered
        return msgspec.structs.replace(answered, message=f"{answered.message}. {warning}")

    def _can_be_left(self, market: Market, side: Side) -> bool:
        """Say whether the order leaves what is held: that must not wait for a fresh price."""
        held = held_by_hand(self._session, market)
        price = self._session.core.standings.prices.get(market.key)
        return held is not None and price is not None and side == closing_side(held.side)

    def _must_be_free(self, market: Market, side: Side) -> None:
        """Raise InvalidParameter where a position with exits of its own can't be opened."""
        if market.type == "spot" and side == "sell":
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
        if (entry := entering_by_hand(self._session, market)) is not None:
            raise InvalidParameter(
                f"{entry.id} opens a position in {market.symbol} already, with exits of its own",
                order_id=entry.id,
                hint="Ask get_order_status what becomes of it.",
            )


def _exact(price: float | None) -> Decimal | None:
    return exact(price) if price is not None else None
