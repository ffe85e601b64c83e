"""The arguments of `report`."""

import argparse
from pathlib import Path


def add_report(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `report` takes."""
    parser.add_argument(
        "result", type=Path, metavar="RESULT.json", help="what `backtest --json` printed"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.html", help="the page (RESULT.html beside the result)"
    )
    parser.add_argument(
        "--candles", type=Path, metavar="FILE", help="draw the trades on these, as of `backtest`"
    )
    parser.set_defaults(run=_report)


def _report(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.report import report

    return report(arguments)
