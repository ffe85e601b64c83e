"""The part of a page that says under which terms a run was made."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from trading_mcp.backtest.report.told import Told
from trading_mcp.backtest.report.words import cell, number, percent, table

_OWN = "the market's own"
_LIMITS = {
    "max_position_size_usd": "a position",
    "max_total_exposure_usd": "all positions",
    "max_open_positions": "open positions",
    "max_consecutive_losses": "losses in a row",
    "max_daily_loss_usd": "a day's loss",
    "confidence_threshold": "signals from",
}


def held(told: Told) -> str:
    """Return the terms as a table: money, costs, limits, and what they kept from being entered."""
    rows = [[cell(escape(name), "name"), cell(text, "wide")] for name, text in _rows(told)]
    return table(("Held to", ""), rows) if told.terms else ""


def _rows(told: Told) -> Iterator[tuple[str, str]]:
    terms, costs = told.terms, _object(told.terms, "costs")
    yield "Time", escape(f"{told.start} to {told.end}")
    yield "Capital", number(terms.get("capital"))
    yield "Fee, a side", _fee(costs.get("taker_fee"))
    yield "Fee of targets that rest", _fee(costs.get("maker_fee")) if _rests(costs) else "none rest"
    yield "Slippage of market orders", _share(costs.get("slippage"))
    yield "Spread", _share(costs.get("spread"))
    yield "Leverage", number(terms.get("leverage"), ".0f")
    yield "Size of an entry", _size(terms)
    yield "Limits", _limits(terms)
    yield "On tick and step", "yes, where they are known" if terms.get("rounded") else "no"
    if told.blocked:
        counts = (f"{number(count, ',.0f')} {name}" for name, count in told.blocked.items())
        yield "Entries not made", escape(", ".join(counts))
    if told.ended_at:
        yield "Entries ended by a drawdown", escape(told.ended_at)


def _rests(costs: Mapping[str, Any]) -> bool:
    return bool(costs.get("target_rests"))


def _fee(fraction: Any) -> str:
    return _OWN if fraction is None else _share(fraction)


def _share(fraction: Any) -> str:
    return percent(100.0 * fraction if isinstance(fraction, int | float) else None, ".4g")


def _size(terms: Mapping[str, Any]) -> str:
    share = terms.get("size_percent")
    if share is not None:
        return f"{percent(share, '.4g')} of the equity as margin"
    risk = _object(_object(terms, "limits"), "parameters").get("risk_per_trade_percent")
    return f"what loses {percent(risk, '.4g')} of the equity at its stop"


def _limits(terms: Mapping[str, Any]) -> str:
    limits = _object(terms, "limits")
    if not limits:
        return "none"
    parameters = _object(limits, "parameters")
    shown = (f"{words} {number(parameters.get(name), ',.6g')}" for name, words in _LIMITS.items())
    return ", ".join((escape(f"mode {limits.get('mode')}"), *shown))


def _object(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}
