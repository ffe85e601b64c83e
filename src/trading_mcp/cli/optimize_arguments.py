"""The arguments of `optimize`: those of `backtest`, and what is searched."""

import argparse

from trading_mcp.cli.backtest_arguments import add_backtest


def add_optimize(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `optimize` takes."""
    add_backtest(parser)
    search = parser.add_argument_group("search")
    search.add_argument(
        "--space",
        required=True,
        metavar="JSON",
        help='for each parameter a list, or a range: {"rsi_period": [7, 14], '
        '"stop_loss_pct": {"min": 0.2, "max": 1, "step": 0.2}}',
    )
    search.add_argument(
        "--method", choices=("grid", "random", "tpe", "nsga2"), default="grid", help="(grid)"
    )
    search.add_argument(
        "--objective",
        action="append",
        metavar="METRIC[:min]",
        help="a figure of the run, :min where less is better (sharpe_ratio); repeated for nsga2",
    )
    search.add_argument(
        "--trials", type=_count, default=100, metavar="N", help="but for grid (100)"
    )
    search.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of random, tpe, nsga2 (0)"
    )
    search.add_argument(
        "--executor", choices=("threads", "processes", "dask"), help="what works on it (threads)"
    )
    search.add_argument("--workers", type=_count, metavar="N", help="(one for each processor)")
    search.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://10.0.0.5:8786"
    )
    search.add_argument(
        "--walk-forward",
        type=_count,
        metavar="N",
        help="search N times on one part of the time, and test what was found on the next",
    )
    search.add_argument(
        "--anchored", action="store_true", help="each of these searches begins at the beginning"
    )
    search.add_argument("--top", type=_count, default=10, metavar="N", help="rows to show (10)")
    parser.set_defaults(run=_optimize)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 to 1000000")
    return int(text)


def _optimize(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.optimize import optimize

    return optimize(arguments)
