"""How candles and gaps are told: for people, and as JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec

from trading_mcp.cli.tables import day_and_time
from trading_mcp.domain.candles import interval_ms
from trading_mcp.domain.spans import Hole, Span
from trading_mcp.domain.times import iso

SHOWN = 10
"""So many gaps are listed, the longest first; of the others there is the number."""
_NUMBERS = 1024


def print_json(answer: Any) -> None:
    """Print *answer* as JSON that people can read too."""
    print(msgspec.json.format(msgspec.json.encode(answer)).decode())


def span_json(span: Span, interval: str) -> dict[str, Any]:
    """Return a stretch: its end is not in it."""
    candles = span.length // interval_ms(interval)
    return {"from": iso(span.start), "to": iso(span.end), "candles": candles}


def gap_json(hole: Hole, interval: str) -> dict[str, Any]:
    """Return a gap and whether it is known why."""
    return {**span_json(hole.span, interval), "not_traded": hole.answered}


def missing(holes: Sequence[Hole], interval: str) -> int:
    """Return how many candles are missing."""
    return sum(hole.span.length for hole in holes) // interval_ms(interval)


def counted(number: int, word: str) -> str:
    """Return e.g. `1,200 candles`, `1 gap`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def print_gaps(holes: Sequence[Hole], interval: str, indent: str = "  ") -> None:
    """List the longest gaps."""
    longest = sorted(holes, key=lambda hole: -hole.span.length)[:SHOWN]
    for hole in sorted(longest, key=lambda hole: hole.span):
        why = "nobody traded" if hole.answered else "not known"
        count = counted(missing([hole], interval), "candle")
        print(f"{indent}{day_and_time(hole.span.start)}  {count}, {why}")
    if len(holes) > SHOWN:
        print(f"{indent}and {counted(len(holes) - SHOWN, 'shorter gap')}; --json has all")


def size(count: int) -> str:
    """Return bytes for people."""
    amount, units = float(count), iter(("B", "KiB", "MiB", "GiB"))
    unit = next(units)
    while amount >= _NUMBERS and (bigger := next(units, None)):
        amount, unit = amount / _NUMBERS, bigger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
