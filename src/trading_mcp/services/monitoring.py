"""Monitoring: what the server's own figures are, for people's reports and for Prometheus."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.orders import Order
from trading_mcp.domain.times import start_of_day, start_of_month, start_of_week
from trading_mcp.engine.execution import Execution
from trading_mcp.engine.session import Session
from trading_mcp.portfolio.earnings import Earnings
from trading_mcp.portfolio.performance import Tally
from trading_mcp.ports import History
from trading_mcp.risk import sentinel
from trading_mcp.services import gauges
from trading_mcp.services.counts import Counts
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.portfolio import PERIODS
from trading_mcp.services.shapes.common import Nothing
from trading_mcp.services.shapes.monitoring import (
    Export,
    ExportPeriod,
    ExportRequest,
    Measurements,
)
from trading_mcp.services.views import iso, number

PAGE = 1_000
MOST_POSITIONS = 100_000
"""Closed positions of one period that are looked at, the newest."""
STARTS: dict[ExportPeriod, Callable[[int], int]] = {
    "daily": start_of_day,
    "weekly": start_of_week,
    "monthly": start_of_month,
}


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a period's figures are computed from."""

    session: Session
    tally: Tally
    executed: Execution
    earned: Earnings | None
    fallen: float


class MonitoringService:
    """What may be asked about the server's figures."""

    def __init__(self, session: Session, history: History, counts: Counts):
        self._session, self._history, self._counts = session, history, counts

    @operation("scalping", rest_only="the reference names no tool for it")
    async def export_metrics(self, request: ExportRequest, caller: Caller) -> Export:
        """Return figures of the present UTC day, week or month so far."""
        wanted = _wanted(request.metrics)
        start = self._start(request.period)
        found = await self._found(request.period, start)
        return Export(
            period=_called(request.period, start),
            start=iso(start),
            metrics={KEYS.get(name, name): FIGURES[name](found) for name in wanted},
        )

    @operation("scalping", rest_only="it is for Prometheus")
    async def get_measurements(self, request: Nothing, caller: Caller) -> Measurements:
        """Return everything that is measured, at this instant."""
        return Measurements(families=[*gauges.of(self._session), *self._counts.families()])

    def _start(self, period: ExportPeriod) -> int:
        opened = self._session.state.periods.get(PERIODS[period])
        return opened.start if opened else STARTS[period](self._session.clock.now())

    async def _found(self, period: ExportPeriod, start: int) -> Findings:
        closed = await self._history.positions(limit=MOST_POSITIONS, start=start)
        tally, executed = Tally(), Execution()
        for position in closed:
            tally = tally.after(position.realized_pnl, position.closed_at or start)
        for order in await self._orders_since(start):
            executed.note_order(None, order)
        core = self._session.core
        fallen = dict(zip(STARTS, sentinel.drawdowns(core.equity()), strict=True))
        return Findings(
            session=self._session,
            tally=tally,
            executed=executed,
            earned=core.earnings(PERIODS[period]),
            fallen=fallen[period],
        )

    async def _orders_since(self, start: int) -> list[Order]:
        found: list[Order] = []
        before: tuple[int, str] | None = None
        while True:
            page: Sequence[Order] = await self._history.orders(limit=PAGE, before=before)
            found += [order for order in page if order.created_at >= start]
            if len(page) < PAGE or page[-1].created_at < start:
                return found
            before = (page[-1].created_at, page[-1].id)


def _wanted(names: list[str] | None) -> list[str]:
    """Return the figures that are asked for, by name or by the key of their value."""
    by_key = {key: name for name, key in KEYS.items()}
    found = [by_key.get(name, name) for name in names or FIGURES]
    for number_of, name in enumerate(found):
        if name not in FIGURES:
            raise InvalidParameter(
                f"metrics[{number_of}]: {name!r} is not known; known: {', '.join(FIGURES)}",
                field=f"metrics[{number_of}]",
                known=list(FIGURES),
            )
    return list(dict.fromkeys(found))


def _called(period: ExportPeriod, start: int) -> str:
    forms = {"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m"}
    return datetime.fromtimestamp(start / 1000, UTC).strftime(forms[period])


def _exposed(found: Findings) -> float:
    core = found.session.core
    limit = core.max_exposure()
    return float(100 * core.standings.exposure() / limit) if limit else 0.0


def _equity(found: Findings) -> float | None:
    worth = found.session.core.standings.equity()
    return float(worth) if worth is not None else None


def _earned(figure: str) -> Callable[[Findings], float | None]:
    return lambda found: number(getattr(found.earned, figure)) if found.earned else None


FIGURES: dict[str, Callable[[Findings], float | None]] = {
    # Of the positions that closed in the period, after fees and funding.
    "pnl": lambda found: number(found.tally.pnl),
    "trades": lambda found: float(found.tally.trades),
    "winning_trades": lambda found: float(found.tally.wins),
    "losing_trades": lambda found: float(found.tally.losses),
    "win_rate": lambda found: found.tally.win_rate,
    "avg_win": lambda found: found.tally.average_win,
    "avg_loss": lambda found: found.tally.average_loss,
    "profit_factor": lambda found: found.tally.profit_factor,
    # Of the whole account in the period.
    "net_pnl": _earned("net"),
    "fees": _earned("fees"),
    "funding": _earned("funding"),
    "drawdown": lambda found: found.fallen if math.isfinite(found.fallen) else None,
    # Of the orders that were approved in the period.
    "orders": lambda found: float(found.executed.completed + found.executed.failed),
    "order_errors": lambda found: float(found.executed.failed),
    "fill_rate": lambda found: found.executed.fill_rate,
    "slippage": lambda found: found.executed.average_slippage_pct,
    "latency": lambda found: found.executed.latency.average,
    "latency_p95": lambda found: found.executed.latency.percentile(95),
    # Now.
    "equity": _equity,
    "unrealized_pnl": lambda found: number(found.session.core.standings.unrealized()),
    "exposure": lambda found: number(found.session.core.standings.exposure()),
    "exposure_percent": _exposed,
    "open_positions": lambda found: float(len(found.session.state.positions)),
    "consecutive_losses": lambda found: float(found.session.state.consecutive_losses),
}
"""Every figure that can be exported, by the name that asks for it."""
KEYS = {
    "latency": "avg_latency_ms",
    "latency_p95": "p95_latency_ms",
    "slippage": "avg_slippage_pct",
    "drawdown": "drawdown_pct",
}
"""The keys of those figures that are answered under another name: it says the unit."""
