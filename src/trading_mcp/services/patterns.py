"""Candlestick patterns in a market's newest candles."""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.engine.session import Session
from trading_mcp.indicators import warmup
from trading_mcp.services.charts import chart_for
from trading_mcp.services.operations import Caller, operation
from trading_mcp.services.shapes.analysis import PatternsAnswer, PatternsRequest, PatternView
from trading_mcp.services.views import iso

if TYPE_CHECKING:
    from trading_mcp.indicators.patterns import Found, Pattern

MOST_TOLD = 100


class PatternService:
    """What a market's candles draw."""

    def __init__(self, session: Session):
        self._session = session

    @operation("analysis", mcp_only="the reference names no route for it")
    async def detect_patterns(self, request: PatternsRequest, caller: Caller) -> PatternsAnswer:
        """Find candlestick patterns (all 61 of TA-Lib) that end within the last candles: which
        way each points, how strong it is, what it says. One alone is weak evidence: confirm with
        generate_signals or an indicator."""
        # The longest pattern, and what it is measured by, take 15 candles.
        chart = await chart_for(self._session, request, first=15, settled=warmup.PATTERNS)
        # Not before: it imports TA-Lib, which the chart has loaded.
        from trading_mcp.indicators.patterns import PATTERNS, find_patterns

        wanted = PATTERNS if request.patterns is None else _named(request.patterns)
        newest = len(chart.candles) - 1
        found = [
            one
            for one in find_patterns(chart.candles, wanted)
            if one.row > newest - chart.shown and one.strength >= request.min_strength
        ]
        found.sort(key=lambda one: (-one.row, -one.strength, one.pattern.name))
        told = found[:MOST_TOLD]
        return PatternsAnswer(
            **chart.told,
            patterns=[_view(one, int(chart.candles.time[one.row]), newest) for one in told],
            says={one.pattern.name: one.pattern.says for one in told},
            count=len(told),
            found=len(found),
        )


def _view(found: "Found", opened_at: int, newest: int) -> PatternView:
    return PatternView(
        pattern=found.pattern.name,
        direction=found.direction,
        kind=found.pattern.kind,
        strength=found.strength,
        candle_time=iso(opened_at),
        candles_ago=newest - found.row,
    )


def _named(names: Sequence[str]) -> list["Pattern"]:
    """Return the patterns called *names*, each once. Raises InvalidParameter."""
    from trading_mcp.indicators.patterns import PATTERNS, pattern_named

    found: dict[str, Pattern] = {}
    for name in names:
        pattern = pattern_named(name)
        if pattern is None:
            near = difflib.get_close_matches(name.title(), [p.name for p in PATTERNS], 3, 0.0)
            raise InvalidParameter(
                f"patterns: {name[:40]!r} is not one of the {len(PATTERNS)} patterns, such as "
                f"{', '.join(near)}",
                field="patterns",
                found=name[:40],
                known=sorted(p.name for p in PATTERNS),
            )
        found[pattern.code] = pattern
    return list(found.values())
