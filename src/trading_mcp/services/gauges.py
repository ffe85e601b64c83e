"""The session's state as measurements: read when somebody asks, kept nowhere."""

import math
from collections.abc import Iterable

from trading_mcp.engine.histogram import Histogram
from trading_mcp.engine.session import Session
from trading_mcp.engine.state import ALL
from trading_mcp.risk import sentinel
from trading_mcp.services.counts import counted
from trading_mcp.services.shapes.monitoring import Family, Sample
from trading_mcp.services.views import number


def of(session: Session) -> list[Family]:
    """Return what *session* is like now. Money in quote currency."""
    return [*_switches(session), *_money(session), *_work(session), *_records(session)]


def durations(found: Histogram, labels: dict[str, str] | None = None, every: int = 1) -> Sample:
    """Return a histogram of milliseconds as one of seconds, with *every* so manieth bound."""
    *bounds, whole = found.buckets()
    kept = [(ms / 1000, count) for ms, count in bounds[::every]]
    return Sample(value=found.sum / 1000, labels=labels or {}, buckets=[*kept, whole])


def _switches(session: Session) -> list[Family]:
    state = session.state
    killed = state.kill_switch is not None
    return [
        _gauge("engine_running", "1 while the scalping engine is started", state.running),
        _gauge("kill_switch_active", "1 while the kill switch is on", killed),
        _gauge("can_trade", "1 while positions may be opened", not session.why_halted()),
        _gauge("journal_healthy", "1 while the journal can be written", session.healthy),
        _gauge("stale_markets", "Watched markets without data", len(session.stale_markets())),
        _gauge("uptime_seconds", "Seconds since the start", session.uptime_s),
        _gauge("trading_time_seconds", "Trading time, since 1970", session.clock.now() / 1000),
    ]


def _money(session: Session) -> list[Family]:
    state, core = session.state, session.core
    equity, limit = core.standings.equity(), core.max_exposure()
    periods = ("day", "week", "month")
    fallen = dict(zip(periods, sentinel.drawdowns(core.equity()), strict=True))
    earned = {name: number(state.realized(name)) for name in periods}
    return [
        _gauge("equity", "What the account is worth", math.nan if equity is None else equity),
        _gauge("unrealized_pnl", "Profit of the open positions", core.standings.unrealized()),
        _gauge("exposure", "Notional of positions and entries", core.standings.exposure()),
        _gauge("exposure_limit", "The largest exposure that is allowed", limit),
        _by("realized_pnl", "Profit of positions closed in the period so far", "period", earned),
        _by("drawdown_percent", "Fall since the start of the period", "period", fallen),
        _gauge("consecutive_losses", "Losing positions in a row", state.consecutive_losses),
    ]


def _work(session: Session) -> list[Family]:
    state = session.state
    unknown = sum(order.status == "unknown" for order in state.orders.values())
    ended: dict[tuple[str, ...], float] = {
        (exchange, status): float(count)
        for exchange, executed in state.execution.items()
        if exchange != ALL
        for status, count in executed.ended.items()
    }
    speeds = [
        durations(executed.latency, {"exchange": exchange})
        for exchange, executed in sorted(state.execution.items())
        if exchange != ALL
    ]
    return [
        _gauge("open_positions", "Open positions", len(state.positions)),
        _gauge("working_orders", "Orders that may still trade", len(state.orders)),
        _gauge("unknown_orders", "Working orders that nobody knows the outcome of", unknown),
        counted(
            "trading_mcp_orders_total",
            "Orders that have ended, since the data directory began",
            ("exchange", "outcome"),
            ended,
        ),
        Family(
            name="trading_mcp_order_latency_seconds",
            meaning="From sending an order to its acceptance, since the data directory began",
            kind="histogram",
            samples=speeds,
        ),
    ]


def _records(session: Session) -> list[Family]:
    state = session.state
    owners = {owner: tally for owner, tally in state.tallies.items() if owner != ALL}
    closed: dict[tuple[str, ...], float] = {}
    for owner, tally in owners.items():
        closed[owner, "won"], closed[owner, "lost"] = float(tally.wins), float(tally.losses)
        closed[owner, "even"] = float(tally.trades - tally.wins - tally.losses)
    earned = {owner: float(tally.pnl) for owner, tally in owners.items()}
    active = {name: float(settings.active) for name, settings in state.strategies.items()}
    return [
        counted(
            "trading_mcp_trades_total",
            "Closed positions, since the data directory began",
            ("strategy", "result"),
            closed,
        ),
        _by("strategy_pnl", "What its closed positions earned", "strategy", earned),
        _by("strategy_active", "1 while the strategy is started", "strategy", active),
    ]


def _gauge(name: str, meaning: str, value: object) -> Family:
    return _family(name, meaning, [Sample(value=float(value))])  # type: ignore[arg-type]  # any number


def _by(name: str, meaning: str, label: str, values: dict[str, float]) -> Family:
    found = sorted(values.items())
    return _family(name, meaning, [Sample(value=v, labels={label: key}) for key, v in found])


def _family(name: str, meaning: str, samples: Iterable[Sample]) -> Family:
    return Family(name=f"trading_mcp_{name}", meaning=meaning, kind="gauge", samples=list(samples))
