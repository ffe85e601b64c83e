"""The arguments of `data`: the candle store and what goes into it."""

import argparse
from pathlib import Path

from trading_mcp.cli.common import add_common


def add_data(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `data` takes."""
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    _add_download(actions.add_parser("download", help="fetch candles that the store lacks"))
    listing = actions.add_parser("list", help="say what is stored")
    listing.set_defaults(run=_list)
    checking = actions.add_parser("check", help="read every file; 1 if one is broken")
    checking.set_defaults(run=_check)
    _add_import(actions.add_parser("import", help="take candles from a CSV or Parquet file"))
    for action in actions.choices.values():
        action.add_argument("--json", action="store_true", help="print the answer as JSON")
        add_common(action)


def _add_download(parser: argparse.ArgumentParser) -> None:
    _add_series(parser)
    parser.add_argument(
        "--since", metavar="TIME", help="ISO 8601, UTC; where the store begins, if left out"
    )
    parser.add_argument("--until", metavar="TIME", help="up to, and without, this time (now)")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=_download)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV with a first line, or Parquet")
    _add_series(parser)
    parser.add_argument(
        "--times",
        choices=("s", "ms", "us", "ns", "utc"),
        help="what times are, where it is not certain; utc: without a zone, but in UTC",
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADER",
        help="which column is time, open, high, low, close or volume; may be repeated",
    )
    parser.add_argument(
        "--replace", action="store_true", help="put the file's candles in the place of stored ones"
    )
    parser.add_argument(
        "--fill-gaps",
        choices=("skip", "flat"),
        default="skip",
        help="skip: gaps stay gaps; flat: make candles at the last close, without volume (skip)",
    )
    parser.set_defaults(run=_import)


def _add_series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--exchange", required=True, metavar="NAME", help="such as kucoin, or sim")
    parser.add_argument("--pair", required=True, help="such as BTC-USDT, or BTC-USDT-PERP")
    parser.add_argument("--interval", required=True, help="1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d")


def _download(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.data_download import download

    return download(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.data import list_data

    return list_data(arguments)


def _check(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.data import check_data

    return check_data(arguments)


def _import(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.data_import import import_data

    return import_data(arguments)
