"""What a walk-forward came to, for people: the tests together, and what was chosen before each."""

from collections.abc import Mapping, Sequence
from typing import Any

from trading_mcp.cli.data_words import counted
from trading_mcp.cli.tables import print_table

_HEADS = ("TESTED FROM", "UNTIL", "RETURN %", "SHARPE", "SEARCHED", "FALL %", "TRADES")


def print_walk(walk: Mapping[str, Any], names: Sequence[str]) -> None:
    """Print the tests together, and each with the parameters, *names*, chosen before it."""
    together, way = walk["metrics"], "anchored" if walk["anchored"] else "rolling"
    print(f"Out of sample, {counted(walk['tests'], 'test')} ({way}): ", end="")
    print(
        f"{together['total_return_pct']:+.2f} %, Sharpe {_sharpe(together['sharpe_ratio'])}, ",
        end="",
    )
    print(f"fall {together['max_drawdown_pct']:.2f} %, ", end="")
    print(f"{counted(together['total_trades'], 'trade')}; no search had seen these candles\n")
    heads = (*_HEADS, *(name.upper() for name in names))
    print_table([heads, *(_row(fold, names) for fold in walk["folds"])])


def _row(fold: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    return (
        _minute(fold["tested_from"]),
        _minute(fold["tested_until"]),
        f"{fold['total_return_pct']:+.2f}",
        _sharpe(fold["sharpe_ratio"]),
        _sharpe(fold["searched_sharpe"]),
        f"{fold['max_drawdown_pct']:.2f}",
        f"{fold['total_trades']:,}",
        *(str(fold["parameters"][name]) for name in names),
    )


def _sharpe(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
