"""The real operations' names and types with made-up answers behind them."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

from trading_mcp.api.context import ApiContext
from trading_mcp.api.mcp.catalogue import EVERYTHING
from trading_mcp.api.settings import McpSettings, ServerSettings
from trading_mcp.engine.hub import Hub
from trading_mcp.services.alerts import AlertService
from trading_mcp.services.analysis import AnalysisService
from trading_mcp.services.announcements import Announcer
from trading_mcp.services.backtests import BacktestService
from trading_mcp.services.closing import ClosingService
from trading_mcp.services.exchanges import ExchangeService
from trading_mcp.services.execution import ExecutionService
from trading_mcp.services.guarding import guarded
from trading_mcp.services.market import MarketService
from trading_mcp.services.monitoring import MonitoringService
from trading_mcp.services.operations import Caller, Operation, table
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
from trading_mcp.services.signals import SignalService
from trading_mcp.services.strategies import StrategyService
from trading_mcp.services.submitting import SubmittingService
from trading_mcp.services.switches import SwitchService
from trading_mcp.services.timeframes import TimeframeService

SERVICES = (
    ScalpingService,
    MarketService,
    ExchangeService,
    AnalysisService,
    PatternService,
    TimeframeService,
    SignalService,
    OpportunityService,
    BacktestService,
    OptimizationService,
    PairService,
    SubmittingService,
    OrderService,
    PositionService,
    ClosingService,
    PortfolioService,
    RiskService,
    SwitchService,
    PlanningService,
    StrategyService,
    ExecutionService,
    MonitoringService,
    AlertService,
)


class Fakes:
    """Operations that note how they were called. What stands in `answers` is returned or raised."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.announcer = Announcer(self.hub)
        self.answers: dict[str, Any] = {}
        self.behind: dict[str, Any] = {}
        """Further parts of the context: who has access, what is counted."""
        self.calls: list[tuple[str, Any, Caller]] = []
        declared = table(*(service.__new__(service) for service in SERVICES))
        self.operations = {name: self._faked(operation) for name, operation in declared.items()}

    def context(self, mcp: McpSettings = EVERYTHING, **settings: Any) -> ApiContext:
        return ApiContext(
            operations=self.operations,
            announcer=self.announcer,
            settings=ServerSettings(**{"port": 0, "rest_port": 0, "mcp_port": 0, **settings}),
            version="1.2.3",
            uptime_s=lambda: 9015.0,
            exchanges={"sim": "simulated"},
            **self.behind,
            mcp=mcp,
        )

    def sample(self, name: str, **changes: Any) -> Any:
        """Return an answer of the operation *name* with some of its fields as in *changes*."""
        kind = self.operations[name].answer
        return msgspec.convert(msgspec.to_builtins(sample(kind)) | changes, kind)

    def called(self, name: str) -> tuple[Any, Caller]:
        """Return the one call of *name*: its request and its caller."""
        [(request, caller)] = [(r, c) for n, r, c in self.calls if n == name]
        return request, caller

    def _faked(self, operation: Operation) -> Operation:
        async def run(request: Any, caller: Caller) -> Any:
            self.calls.append((operation.name, request, caller))
            answer = self.answers.get(operation.name, sample(operation.answer))
            if isinstance(answer, Callable):  # type: ignore[arg-type]
                answer = await answer()
            if isinstance(answer, Exception):
                raise answer
            return answer

        return guarded(msgspec.structs.replace(operation, run=run))


def sample(kind: Any) -> Any:
    """Return some value of *kind* with something in each of its lists and mappings."""
    return msgspec.convert(_sample(inspect.type_info(kind)), kind)


def _sample(info: inspect.Type) -> Any:
    maker = _MAKERS.get(type(info))
    return maker(info) if maker else _SIMPLE[type(info)]


def _of_union(info: Any) -> Any:
    return _sample(next(t for t in info.types if not isinstance(t, inspect.NoneType)))


_MAKERS: dict[type, Callable[[Any], Any]] = {
    inspect.StructType: lambda info: {f.encode_name: _sample(f.type) for f in info.fields},
    inspect.Metadata: lambda info: _sample(info.type),
    inspect.UnionType: _of_union,
    inspect.ListType: lambda info: [_sample(info.item_type)],
    inspect.TupleType: lambda info: [_sample(kind) for kind in info.item_types],
    inspect.DictType: lambda info: {"BTC-USDT": _sample(info.value_type)},
    inspect.LiteralType: lambda info: info.values[0],
}
_SIMPLE = {
    inspect.StrType: "some text",
    inspect.IntType: 3,
    inspect.FloatType: 1.5,
    inspect.BoolType: True,
    inspect.AnyType: 14,
}
