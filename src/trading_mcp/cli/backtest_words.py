"""What came of a backtest: as JSON, and for people."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from trading_mcp.backtest.kernel.layout import REASONS
from trading_mcp.backtest.runs import Result
from trading_mcp.backtest.simulation import Outcome
from trading_mcp.backtest.terms import Terms
from trading_mcp.cli.tables import print_table
from trading_mcp.domain.times import iso
from trading_mcp.strategy.base import Strategy

_BLOCKED = {
    "paused": "entries were paused, or ended, by a limit",
    "full": "as many positions as allowed were open",
    "weak": "the signal was weaker than asked for",
    "small": "too little was left to enter with",
    "short": "the market cannot be sold short",
}


def result_json(
    arguments: argparse.Namespace,
    strategy: Strategy,
    found: Any,
    terms: Terms,
    result: Result,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Return everything that a run is and came to."""
    outcome = result.outcome
    account = outcome.account
    killed = int(account["killed_at"])
    return {
        "strategy": strategy.name,
        "params": msgspec.to_builtins(strategy.params),
        "exchange": arguments.exchange,
        "pairs": list(outcome.markets),
        "interval": found.interval,
        "from": iso(int(outcome.time[0])),
        "to": iso(int(outcome.time[-1]) + outcome.interval),
        "candles": len(outcome.bars.time),
        "terms": msgspec.to_builtins(terms),
        "metrics": msgspec.to_builtins(result.metrics),
        "by_pair": msgspec.to_builtins(result.pairs),
        "by_month": msgspec.to_builtins(result.months),
        "by_reason": msgspec.to_builtins(result.reasons),
        "blocked_entries": {name: int(account[f"blocked_{name}"]) for name in _BLOCKED},
        "entries_ended_at": iso(killed) if killed else None,
        "notes": list(_notes(found, terms, outcome)),
        "repairs": msgspec.to_builtins(found.repairs),
        "trades": trades_json(result),
        "seconds": {**seconds, **msgspec.to_builtins(result.seconds)},
    }


def trades_json(result: Result) -> list[dict[str, Any]]:
    """Return every trade, in the order in which they ended."""
    outcome = result.outcome
    trades, times, markets = outcome.trades, outcome.bars.time, outcome.markets
    columns = {name: trades[name].tolist() for name in trades.dtype.names}
    entered = times[trades.entry_row].tolist()
    return [
        {
            "pair": markets[columns["market"][i]],
            "side": "long" if columns["side"][i] > 0 else "short",
            "amount": columns["amount"][i],
            "entry_time": iso(entered[i]),
            "entry_price": columns["entry_price"][i],
            "exit_time": iso(columns["exit_at"][i]),
            "exit_price": columns["exit_price"][i],
            "reason": REASONS[columns["reason"][i]],
            "pnl": columns["pnl"][i],
            "fees": columns["fees"][i],
            "funding": columns["funding"][i],
            "candles": columns["candles"][i],
        }
        for i in range(len(trades))
    ]


def print_result(told: Mapping[str, Any]) -> None:
    """Print a summary."""
    pairs, metrics = ", ".join(told["pairs"]), told["metrics"]
    print(f"{told['strategy']} on {pairs} {told['interval']}, {told['from']} to {told['to']}")
    print(f"{told['candles']:,} candles\n")
    for left, right in _figures(metrics):
        print(f"  {left:<24}{right}")
    print()
    print_table([("LEFT BY", "TRADES", "PNL"), *_reasons(told)])
    if len(told["pairs"]) > 1:
        print()
        print_table([("PAIR", "TRADES", "WON", "PNL"), *_pairs(told)])
    print()
    print_table([("MONTH", "TRADES", "RETURN", "PNL"), *_months(told)])
    for line in (*_warnings(told), _spent(told["seconds"])):
        print(f"\n{line}")


def _figures(m: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "trades", f"{m['total_trades']:,} ({m['win_rate']:.1f} % won)"
    yield "profit", f"{m['total_pnl']:,.2f} ({m['total_return_pct']:+.2f} %)"
    yield "buying and holding", f"{m['buy_and_hold_return_pct']:+.2f} %"
    yield "a year", _or_none(m["annual_return_pct"], "{:+.2f} %")
    yield "deepest fall", f"{m['max_drawdown_pct']:.2f} %, {m['max_drawdown_days']:.1f} days"
    yield "average win, loss", f"{m['avg_win']:,.4f}, {m['avg_loss']:,.4f}"
    yield "profit factor", _or_none(m["profit_factor"], "{:.2f}")
    yield "a trade", f"{m['expectancy']:,.4f} ({m['avg_trade_pct']:+.3f} %)"
    ratios = ("sharpe_ratio", "sortino_ratio", "calmar_ratio")
    yield "Sharpe, Sortino, Calmar", ", ".join(_or_none(m[name], "{:.2f}") for name in ratios)
    yield "fees", f"{m['fees']:,.2f} ({_or_none(m['fees_share_pct'], '{:.1f} % of what was won')})"
    if m["funding"]:
        yield "funding", f"{m['funding']:+,.2f}"
    yield "in the market", f"{m['exposure_time_pct']:.1f} %"
    yield "turnover", f"{m['turnover']:,.1f} x the capital"


def _or_none(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _reasons(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (row["reason"], f"{row['total_trades']:,}", f"{row['total_pnl']:,.2f}")
        for row in told["by_reason"]
    ]


def _pairs(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (r["pair"], f"{r['total_trades']:,}", f"{r['win_rate']:.1f} %", f"{r['total_pnl']:,.2f}")
        for r in told["by_pair"]
    ]


def _months(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (r["month"], f"{r['total_trades']:,}", f"{r['return_pct']:+.2f} %", f"{r['pnl']:,.2f}")
        for r in told["by_month"]
    ]


def _warnings(told: Mapping[str, Any]) -> Iterator[str]:
    yield from told["notes"]
    for name, why in _BLOCKED.items():
        if count := told["blocked_entries"][name]:
            yield f"{count:,} entries were not made: {why}."
    if told["entries_ended_at"]:
        yield f"A drawdown limit ended all entries at {told['entries_ended_at']}."


def _notes(found: Any, terms: Terms, outcome: Outcome) -> Iterator[str]:
    for name, what in (("tick", "prices were"), ("step", "amounts were")):
        unknown = [data.market for data in found.data if not getattr(data.ground, name)]
        if terms.rounded and unknown:
            yield (
                f"The {name} of {', '.join(unknown)} is not known: {what} not rounded. "
                f"--{name} names it, --no-rounding says that none is meant."
            )
    for market, flaws in found.repairs.items():
        yield f"{market}: {'; '.join(f'{flaw}: {flaw.repair}' for flaw in flaws)}."
    lowest = int(outcome.equity.argmin())
    if outcome.equity[lowest] < 0:
        yield (
            f"More was lost than the account had: {outcome.equity[lowest]:,.2f} at "
            f"{iso(int(outcome.time[lowest]))}. No exchange lends that: disregard this run."
        )


def _spent(seconds: Mapping[str, float]) -> str:
    names = ("loading", "compiling", "signals", "kernel", "metrics")
    return "Seconds: " + ", ".join(f"{name} {seconds[name]:.3f}" for name in names)
