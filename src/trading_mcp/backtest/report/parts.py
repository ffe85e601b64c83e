"""The parts of a page that are tables and figures."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from trading_mcp.backtest.report.told import Row, Told
from trading_mcp.backtest.report.words import (
    NONE,
    cell,
    measure,
    minute,
    number,
    percent,
    table,
    tone,
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTABLE = 5


def tiles(metrics: Mapping[str, Any]) -> str:
    """Return the figures that count most."""
    return f'<div class="tiles">{"".join(_tile(*tile) for tile in _figures(metrics))}</div>'


def _figures(m: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    gained = m.get("total_return_pct")
    yield "Return", percent(gained), tone(gained)
    yield "Buying and holding", percent(m.get("buy_and_hold_return_pct")), ""
    yield "Deepest fall", percent(m.get("max_drawdown_pct"), ",.2f"), "down"
    yield "Sharpe ratio", number(m.get("sharpe_ratio")), tone(m.get("sharpe_ratio"))
    yield "Sortino ratio", number(m.get("sortino_ratio")), tone(m.get("sortino_ratio"))
    yield "Profit factor", number(m.get("profit_factor")), ""
    yield "Trades", number(m.get("total_trades"), ",.0f"), ""
    yield "Won", percent(m.get("win_rate"), ".1f"), ""
    yield "Profit", number(m.get("total_pnl")), tone(m.get("total_pnl"))
    yield "A trade", number(m.get("expectancy"), ",.4f"), tone(m.get("expectancy"))
    yield "Fees", number(m.get("fees")), ""
    yield "In the market", percent(m.get("exposure_time_pct"), ".1f"), ""


def _tile(name: str, value: str, classes: str) -> str:
    return f'<div class="tile"><span>{escape(name)}</span><b class="{classes}">{value}</b></div>'


def findings(honesty: Mapping[str, Any]) -> str:
    """Return what speaks against the result, the gravest first."""
    found = honesty.get("findings")
    if found is None:
        return ""
    if not found:
        return '<p class="lead">Nothing was found that speaks against this result.</p>'
    return f'<div class="findings">{"".join(map(_finding, found))}</div>'


def _finding(finding: Mapping[str, Any]) -> str:
    grade = finding.get("severity")
    grade = grade if grade in ("critical", "warning", "info") else "info"
    title = escape(str(finding["code"]).replace("_", " ").capitalize())
    measured, limit = (_measure(finding, name) for name in ("measured", "threshold"))
    return (
        f'<article class="{grade}"><h3>{title}<em>{grade}</em></h3>'
        f'<p class="measure"><b>{measured}</b>, threshold {limit}</p>'
        f"<p>{escape(str(finding.get('meaning', '')))}</p>"
        f'<p class="advice">{escape(str(finding.get("advice", "")))}</p></article>'
    )


def _measure(finding: Mapping[str, Any], name: str) -> str:
    value, unit = finding.get(name), finding.get("unit", "") if name == "measured" else ""
    return escape(measure(value, str(unit))) if isinstance(value, int | float) else NONE


def months(told: Told) -> str:
    """Return the returns of all months: a row for each year."""
    found = {str(row["month"]): row.get("return_pct") for row in told.months}
    if not found:
        return ""
    most = max((abs(v) for v in found.values() if isinstance(v, int | float)), default=0.0) or 1.0
    rows = [
        [
            cell(escape(year), "name"),
            *(_month(found.get(f"{year}-{month:02d}"), most) for month in range(1, 13)),
            _whole_year(found, year),
        ]
        for year in sorted({month[:4] for month in found})
    ]
    return table(("", *_MONTHS, "Year"), rows, "months")


def _month(value: Any, most: float) -> str:
    if not isinstance(value, int | float):
        return cell(NONE, "none")
    share = 8 + round(42 * abs(value) / most)
    colour = "up" if value >= 0 else "down"
    return cell(
        number(value, "+,.1f"),
        "",
        f"background:color-mix(in srgb, var(--{colour}) {share}%, transparent)",
    )


def _whole_year(found: Mapping[str, Any], year: str) -> str:
    grown = 1.0
    for month, value in found.items():
        if month.startswith(year) and isinstance(value, int | float):
            grown *= 1.0 + value / 100.0
    return cell(percent(100.0 * (grown - 1.0), "+,.1f"), f"total {tone(grown - 1.0)}")


def reasons(told: Told) -> str:
    """Return why positions were left."""
    rows = [
        [
            cell(escape(str(row["reason"]).replace("_", " ")), "name"),
            cell(number(row.get("total_trades"), ",.0f")),
            cell(number(row.get("total_pnl")), tone(row.get("total_pnl"))),
        ]
        for row in told.reasons
    ]
    return table(("Left by", "Trades", "Profit"), rows) if rows else ""


def pairs(told: Told) -> str:
    """Return what each pair came to, if there are several."""
    rows = [
        [
            cell(escape(str(row["pair"])), "name"),
            cell(number(row.get("total_trades"), ",.0f")),
            cell(percent(row.get("win_rate"), ".1f")),
            cell(number(row.get("total_pnl")), tone(row.get("total_pnl"))),
            cell(percent(row.get("buy_and_hold_return_pct"))),
        ]
        for row in told.by_pair
    ]
    return table(("Pair", "Trades", "Won", "Profit", "Held"), rows) if len(rows) > 1 else ""


def notable(told: Told) -> str:
    """Return the best and the worst trades."""
    ranked = sorted(told.trades, key=lambda trade: -trade.pnl)
    shown = [*ranked[:_NOTABLE], *ranked[max(_NOTABLE, len(ranked) - _NOTABLE) :]]
    headings = ("Pair", "Side", "Entered", "Price", "Left", "Price", "By", "Profit")
    return table(headings, map(_trade, shown)) if shown else ""


def _trade(trade: Row) -> list[str]:
    return [
        cell(escape(trade.pair), "name"),
        cell(trade.side),
        cell(minute(trade.entry)),
        cell(number(trade.entry_price, ",.8g")),
        cell(minute(trade.exit)),
        cell(number(trade.exit_price, ",.8g")),
        cell(escape(trade.reason.replace("_", " "))),
        cell(number(trade.pnl), tone(trade.pnl)),
    ]
