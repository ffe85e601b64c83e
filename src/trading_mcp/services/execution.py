"""Execution: how fast, and what was sent."""

from trading_mcp.engine.session import Session
from trading_mcp.ports import History
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.common import Nothing
from trading_mcp.services.shapes.execution import ExecutionHistoryRequest, Latency
from trading_mcp.services.shapes.orders import Orders
from trading_mcp.services.views import order_view

_WHY = "the reference names no tool for it"


class ExecutionService:
    """What may be asked about execution."""

    def __init__(self, session: Session, history: History):
        self._session, self._history = session, history

    @operation("orders", rest_only=_WHY)
    async def get_latency(self, request: Nothing, caller: Caller) -> Latency:
        """Return how long exchanges took to answer orders."""
        samples = sorted(self._session.flight.latencies)
        if not samples:
            return Latency(
                avg_latency_ms=0.0,
                p50_latency_ms=0.0,
                p95_latency_ms=0.0,
                p99_latency_ms=0.0,
                max_latency_ms=0.0,
                samples=0,
            )
        return Latency(
            avg_latency_ms=sum(samples) / len(samples),
            p50_latency_ms=_percentile(samples, 50),
            p95_latency_ms=_percentile(samples, 95),
            p99_latency_ms=_percentile(samples, 99),
            max_latency_ms=samples[-1],
            samples=len(samples),
        )

    @operation("orders", rest_only=_WHY)
    async def get_execution_history(
        self, request: ExecutionHistoryRequest, caller: Caller
    ) -> Orders:
        """List the newest orders of every status."""
        orders = await self._history.orders(limit=request.limit)
        return Orders(orders=[order_view(order) for order in orders], count=len(orders))


def _percentile(ordered: list[float], percent: int) -> float:
    """Return the nearest-rank percentile of samples in rising order."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank - 1, 0)]
