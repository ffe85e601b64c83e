"""What runs and searches over history have in common before they begin."""

from typing import Any

import msgspec

from trading_mcp.backtest.terms import Terms
from trading_mcp.domain.backtests import KeptRun
from trading_mcp.domain.markets import Market
from trading_mcp.domain.spans import Span
from trading_mcp.domain.times import iso


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made, and over what. *source* says what the exchange is, *plugin* where the
    strategy is from; the exits of *terms* are not there yet: they are the strategy's own."""

    id: str
    at: int
    market: Market
    source: str
    interval: str
    span: Span
    plugin: str
    terms: Terms

    @property
    def inputs(self) -> dict[str, Any]:
        """What was asked for."""
        return {
            "exchange": self.market.exchange,
            "symbol": self.market.symbol,
            "source": self.source,
            "interval": self.interval,
            "start_date": iso(self.span.start),
            "end_date": iso(self.span.end),
            "plugin": self.plugin,
            "terms": msgspec.to_builtins(self.terms),
        }

    @property
    def queued(self) -> KeptRun:
        """What is kept of it before it has begun."""
        return KeptRun(id=self.id, at=self.at, status="queued", inputs=self.inputs)
