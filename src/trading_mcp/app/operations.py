"""The table of operations, each made safe to repeat."""

from trading_mcp.adapters.sqlite.history import SqliteHistory
from trading_mcp.app.runs import Runs
from trading_mcp.engine.dispatch import Dispatcher
from trading_mcp.engine.session import Session
from trading_mcp.services.alerts import AlertService
from trading_mcp.services.analysis import AnalysisService
from trading_mcp.services.backtests import BacktestService
from trading_mcp.services.closing import ClosingService
from trading_mcp.services.counts import Counts
from trading_mcp.services.exchanges import ExchangeService
from trading_mcp.services.execution import ExecutionService
from trading_mcp.services.idempotency import Idempotency
from trading_mcp.services.market import MarketService
from trading_mcp.services.monitoring import MonitoringService
from trading_mcp.services.operations import Operation, table
from trading_mcp.services.opportunity import OpportunityService
from trading_mcp.services.optimization import OptimizationService
from trading_mcp.services.orders import OrderService
from trading_mcp.services.pairs import PairService
from trading_mcp.services.patterns import PatternService
from trading_mcp.services.planning import PlanningService
from trading_mcp.services.portfolio import PortfolioService
from trading_mcp.services.positions import PositionService
from trading_mcp.services.risk import RiskService
from trading_mcp.services.scalping import ScalpingService
from trading_mcp.services.shapes.orders import OrderAnswer
from trading_mcp.services.shapes.positions import CloseAnswer
from trading_mcp.services.signals import SignalService
from trading_mcp.services.strategies import StrategyService
from trading_mcp.services.submitting import SubmittingService
from trading_mcp.services.switches import SwitchService
from trading_mcp.services.timeframes import TimeframeService
from trading_mcp.strategy.loader import Catalogue


def operations(
    session: Session,
    history: SqliteHistory,
    catalogue: Catalogue,
    counts: Counts,
    dispatcher: Dispatcher,
    runs: Runs,
) -> dict[str, Operation]:
    submitting = SubmittingService(session)
    closing = ClosingService(session)
    once = Idempotency(session, {OrderAnswer: submitting.resumed, CloseAnswer: closing.resumed})
    plugins = {name: info.plugin for name, info in catalogue.strategies.items()}
    declared = table(
        ScalpingService(session, dict(catalogue.broken)),
        MarketService(session),
        ExchangeService(session),
        AnalysisService(session),
        PatternService(session),
        TimeframeService(session),
        SignalService(session, plugins),
        OpportunityService(session),
        BacktestService(
            session,
            jobs=runs.jobs,
            pasts=runs.pasts,
            store=runs.store,
            workshop=runs.workshop,
            plugins=plugins,
        ),
        OptimizationService(
            session,
            jobs=runs.jobs,
            pasts=runs.pasts,
            store=runs.searches,
            runs=runs.store,
            room=runs.room,
            plugins=plugins,
        ),
        PairService(session),
        submitting,
        OrderService(session, history),
        PositionService(session, history),
        closing,
        PortfolioService(session, history),
        RiskService(session),
        SwitchService(session),
        PlanningService(session),
        StrategyService(session, catalogue),
        ExecutionService(session, history),
        MonitoringService(session, history, counts),
        AlertService(dispatcher, session.clock),
    )
    return {name: once.wrap(operation) for name, operation in declared.items()}
