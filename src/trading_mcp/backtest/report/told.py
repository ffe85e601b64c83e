"""A result as JSON, read: what `trading-mcp backtest --json` prints, or the server answers."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.times import iso


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A trade: *side* is long or short; times are UTC ms."""

    pair: str
    side: str
    entry: int
    entry_price: float
    exit: int
    exit_price: float
    reason: str
    pnl: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """The equity (quote) at a time (UTC ms), and what buying and holding had come to, if known."""

    at: int
    equity: float
    held: float | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows. *is_realized*: the equity is known at trades' ends only.

    *terms* are those of the run, *blocked* the entries that were not made by what stood against
    them, and *ended_at* when a drawdown ended all others; "": none did.
    """

    strategy: str
    pairs: tuple[str, ...]
    interval: str
    start: str
    end: str
    settings: dict[str, Any]
    metrics: dict[str, Any]
    trades: tuple[Row, ...]
    equity: tuple[Point, ...]
    is_realized: bool
    months: tuple[dict[str, Any], ...]
    reasons: tuple[dict[str, Any], ...]
    by_pair: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]
    terms: dict[str, Any]
    blocked: dict[str, int]
    ended_at: str
    honesty: dict[str, Any]


def read(result: Any) -> Told:
    """Read *result*.

    Raises:
        InvalidParameter: it is not the result of a run, or a number in it is none.
    """
    given = _unwrapped(result)
    if "all_results" in given:
        raise InvalidParameter(
            "this is the JSON of a search, and a page is of one run: `optimize --html FILE` writes "
            "that of its best; of a server's search, ask for the backtest that best_run names"
        )
    try:
        return _read(given)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise InvalidParameter(
            f"this is not the JSON of a backtest: {why}",
            hint="Expected what `trading-mcp backtest --json` prints.",
        ) from None


def _unwrapped(result: Any) -> Mapping[str, Any]:
    if not isinstance(result, Mapping):
        raise InvalidParameter(
            f"this is not the JSON of a backtest: expected an object, got {type(result).__name__}"
        )
    inner = result.get("data")
    return inner if isinstance(inner, Mapping) else result


def _read(given: Mapping[str, Any]) -> Told:
    about = {**given.get("inputs", {}), **{k: v for k, v in given.items() if k != "inputs"}}
    metrics = {str(name): value for name, value in given["metrics"].items()}
    capital = _finite(metrics["initial_capital"])
    trades = tuple(map(_row, given["trades"]))
    curve = tuple(map(_point, given.get("equity_curve") or ()))
    first = about.get("from") or about.get("start_date") or ""
    return Told(
        strategy=str(about["strategy"]),
        pairs=_pairs(about),
        interval=str(about["interval"]),
        start=str(first),
        end=str(about.get("to") or about.get("end_date") or ""),
        settings=dict(about.get("params") or about.get("config") or {}),
        metrics=metrics,
        trades=trades,
        equity=curve or tuple(_realized(trades, capital, str(first))),
        is_realized=not curve,
        months=_rows(about, "by_month", "months"),
        reasons=_rows(about, "by_reason", "reasons"),
        by_pair=_rows(about, "by_pair", "pairs"),
        notes=tuple(_notes(about, len(trades))),
        terms=dict(about.get("terms") or {}),
        blocked={str(n): int(c) for n, c in dict(about.get("blocked_entries") or {}).items() if c},
        ended_at=str(about.get("entries_ended_at") or ""),
        honesty=dict(about.get("honesty") or {}),
    )


def _pairs(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the pairs: the server names one, and calls their table what is a list here."""
    if "symbol" in about:
        return (str(about["symbol"]),)
    return tuple(map(str, about["pairs"]))


def _notes(about: Mapping[str, Any], trades: int) -> Iterator[str]:
    yield from map(str, about.get("notes") or about.get("warnings") or ())
    if about.get("next_cursor"):
        yield f"Only the first {trades:,} trades are in this result: ask for more of them."


def _rows(about: Mapping[str, Any], *names: str) -> tuple[dict[str, Any], ...]:
    found = next((about[name] for name in names if about.get(name)), ())
    return tuple(dict(row) for row in found if isinstance(row, Mapping))


def _row(trade: Mapping[str, Any]) -> Row:
    if trade["side"] not in ("long", "short"):
        raise ValueError(f"a trade's side is {trade['side']!r:.20}")
    return Row(
        pair=str(trade.get("pair") or trade["symbol"]),
        side=trade["side"],
        entry=_time(trade["entry_time"]),
        entry_price=_finite(trade["entry_price"]),
        exit=_time(trade["exit_time"]),
        exit_price=_finite(trade["exit_price"]),
        reason=str(trade["reason"]),
        pnl=_finite(trade["pnl"]),
    )


def _point(point: Mapping[str, Any]) -> Point:
    held = point.get("buy_and_hold")
    return Point(
        at=_time(point["timestamp"]),
        equity=_finite(point["equity"]),
        held=None if held is None else _finite(held),
    )


def _realized(trades: Sequence[Row], capital: float, start: str) -> Iterable[Point]:
    equity = capital
    if start:
        yield Point(at=_time(start), equity=capital)
    for trade in trades:
        equity += trade.pnl
        yield Point(at=trade.exit, equity=equity)


def _time(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without zone: {text[:30]!r}")
    milliseconds = round(at.timestamp() * 1000)
    iso(milliseconds)
    return milliseconds


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value!r:.40}")
    return float(value)
