"""The parts of a page that say how far the result can be trusted."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from trading_mcp.backtest.report.words import cell, number, percent, settings, table, tone
from trading_mcp.domain.times import iso

_SHARES = ("p5", "p25", "p50", "p75", "p95")


def luck(honesty: Mapping[str, Any]) -> str:
    """Return the deflated Sharpe ratio."""
    found = honesty.get("deflated_sharpe")
    if not found:
        return ""
    rows = (
        ("Likely to have an edge", percent(100.0 * found["probability"], ".1f")),
        ("The same, were it the only attempt", percent(100.0 * found["alone"], ".1f")),
        ("Attempts on these candles", number(found["trials"], ",.0f")),
        ("Sharpe ratio reached", number(found["sharpe"])),
        ("Expected of the best without an edge", number(found["benchmark"])),
        (
            "Days, skewness, kurtosis",
            f"{number(found['days'], ',.0f')}, "
            f"{number(found['skewness'])}, {number(found['kurtosis'])}",
        ),
    )
    return table(("Deflated Sharpe ratio", ""), ([cell(a, "name"), cell(b)] for a, b in rows))


def draws(honesty: Mapping[str, Any]) -> str:
    """Return the percentiles of the Monte Carlo draws."""
    found = honesty.get("monte_carlo")
    if not found:
        return ""
    falls, ends = found["drawdown_pct"], found["final_equity"]
    rows = [
        [cell("Deepest fall", "name"), *(cell(percent(falls[p], ",.1f")) for p in _SHARES)],
        [cell("Final equity", "name"), *(cell(number(ends[p])) for p in _SHARES)],
    ]
    said = (
        f"{number(found['runs'], ',.0f')} draws of {number(found['trades'], ',.0f')} trades: the "
        "fall of the same trades in another order, the end of draws with replacement; "
        f"{percent(found['losing_pct'], '.1f')} of those lose money. Measured fall: "
        f"{percent(found['measured_drawdown_pct'], ',.1f')}."
    )
    headings = ("Monte Carlo", "worst 5 %", "25 %", "median", "75 %", "best 5 %")
    return table(headings, rows) + f'<p class="lead">{said}</p>'


def walk(honesty: Mapping[str, Any]) -> str:
    """Return the folds of a walk-forward."""
    found = honesty.get("walk_forward")
    if not found:
        return ""
    searched = ((honesty.get("plateau") or {}).get("best") or {}).get("params")
    rows = [
        [
            cell(f"{_day(fold['window']['split'])} to {_day(fold['window']['end'])}", "name"),
            cell(escape(settings(_chosen(fold["params"], found["folds"], searched))), "wide"),
            cell(number(fold["searched"].get("sharpe_ratio"))),
            cell(number(fold["tested"].get("sharpe_ratio"))),
            cell(
                percent(fold["tested"].get("total_return_pct")),
                tone(fold["tested"].get("total_return_pct")),
            ),
            cell(number(fold["tested"].get("total_trades"), ",.0f")),
        ]
        for fold in found["folds"]
    ]
    headings = ("Test", "Chosen before it", "Sharpe searched", "tested", "Return", "Trades")
    return table(headings, rows)


def plateau(honesty: Mapping[str, Any]) -> str:
    """Return what is around the best parameters, in a sentence."""
    found = honesty.get("plateau")
    if not found:
        return ""
    return (
        f'<p class="lead">Best of {number(found["tried"], ",.0f")}: '
        f"<b>{escape(settings(found['best']['params']))}</b>, which scored "
        f"{number(found['best']['score'], ',.4g')}. {_around(found)}</p>"
    )


def _around(found: Mapping[str, Any]) -> str:
    """Return what the neighbours came to; none: there was nothing one step away."""
    count, mean = len(found["neighbours"]), number(found.get("neighbour_mean"), ",.4g")
    flat = found.get("flatness")
    share = "" if flat is None else f", {number(100.0 * flat, ',.0f')} % of it"
    if count == 0:
        return "No combination one step away was tried."
    if count == 1:
        return f"Its only neighbour scored {mean}{share}."
    worst = number(found.get("neighbour_worst"), ",.4g")
    return f"Its {count} neighbours scored {mean} on average{share}, and {worst} at worst."


def _chosen(
    params: Mapping[str, Any],
    folds: Sequence[Mapping[str, Any]],
    searched: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the parameters that were *searched*; None: those that not all folds have alike."""
    first = folds[0]["params"]
    names = searched or {
        n for fold in folds for n, value in fold["params"].items() if value != first.get(n)
    }
    return {name: value for name, value in params.items() if name in names} or {**params}


def _day(at: int) -> str:
    return iso(at)[:10]
