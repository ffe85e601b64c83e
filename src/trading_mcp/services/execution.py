"""Execution: what is under way, how fast, how well, and what was sent."""

from trading_mcp.domain.orders import Order
from trading_mcp.engine.execution import Execution
from trading_mcp.engine.session import Session
from trading_mcp.engine.state import ALL
from trading_mcp.ports import History
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.execution import (
    ExecutionHistoryRequest,
    Latency,
    OfOrders,
    Performance,
    Queue,
    QueuedOrder,
    QueueRequest,
)
from trading_mcp.services.shapes.orders import Orders
from trading_mcp.services.views import iso, order_view

NO_TOOL = "the reference names no tool for it"
LOWERS_RISK, MAY_ADD_RISK = 1, 2


class ExecutionService:
    """What may be asked about execution."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("orders", rest_only=NO_TOOL)
    async def get_latency(self, request: OfOrders, caller: Caller) -> Latency:
        """Return how long exchanges took to accept orders."""
        measured = self._executed(request.exchange).latency
        return Latency(
            avg_latency_ms=measured.average,
            p50_latency_ms=measured.percentile(50),
            p95_latency_ms=measured.percentile(95),
            p99_latency_ms=measured.percentile(99),
            max_latency_ms=measured.most,
            samples=measured.count,
        )

    @operation("orders", rest_only=NO_TOOL)
    async def get_execution_history(
        self, request: ExecutionHistoryRequest, caller: Caller
    ) -> Orders:
        """List the newest orders of every status."""
        orders = await self._history.orders(
            limit=request.limit,
            exchange=self._session.exchange(request.exchange).name if request.exchange else None,
        )
        views = [order_view(order, self._session.source_of(order.exchange)) for order in orders]
        return Orders(orders=views, count=len(views))

    @operation("orders", rest_only=NO_TOOL)
    async def get_execution_queue(self, request: QueueRequest, caller: Caller) -> Queue:
        """Return the orders that are under way, by priority."""
        queue = sorted(map(self._queued, self._working(request.exchange)), key=_urgency)
        executed = self._executed(request.exchange)
        processing = sum(order.status == "processing" for order in queue)
        return Queue(
            pending_orders=len(queue) - processing,
            processing_orders=processing,
            completed_orders=executed.completed,
            failed_orders=executed.failed,
            queue=queue[: request.limit],
        )

    @operation("orders", rest_only=NO_TOOL)
    async def get_execution_performance(self, request: OfOrders, caller: Caller) -> Performance:
        """Return how fast and how well orders were carried out."""
        executed, working = self._executed(request.exchange), self._working(request.exchange)
        traded = executed.made + executed.taken
        return Performance(
            avg_latency_ms=executed.latency.average,
            p50_latency_ms=executed.latency.percentile(50),
            p95_latency_ms=executed.latency.percentile(95),
            p99_latency_ms=executed.latency.percentile(99),
            avg_slippage_pct=executed.average_slippage_pct,
            fill_rate=executed.fill_rate,
            order_errors=executed.failed,
            total_orders=executed.completed + executed.failed + len(working),
            filled_orders=executed.ended.get("filled", 0),
            cancelled_orders=executed.ended.get("cancelled", 0),
            working_orders=len(working),
            unknown_orders=sum(order.status == "unknown" for order in working),
            maker_share_pct=executed.maker_share,
            taker_share_pct=100.0 - executed.maker_share if traded else 0.0,
        )

    def _executed(self, exchange: str | None) -> Execution:
        name = self._session.exchange(exchange).name if exchange else ALL
        return self._session.state.executed(name)

    def _working(self, exchange: str | None) -> list[Order]:
        name = self._session.exchange(exchange).name if exchange else None
        return [o for o in self._session.state.orders.values() if name in (None, o.exchange)]

    def _queued(self, order: Order) -> QueuedOrder:
        answered = order.status in ("open", "partial") and not order.cancelling
        waiting = answered or self._session.core.is_waiting(order.id)
        lowers_risk = order.reduce_only or order.cancelling
        return QueuedOrder(
            order_id=order.id,
            exchange=order.exchange,
            symbol=order.symbol,
            side=order.side,
            type=order.type,
            status="pending" if waiting else "processing",
            state=order.status,
            priority=LOWERS_RISK if lowers_risk else MAY_ADD_RISK,
            created_at=iso(order.created_at),
        )


def _urgency(order: QueuedOrder) -> tuple[int, str]:
    return order.priority, order.order_id  # ids sort by time
