"""The arguments of `backtest`, and of `replay`, which does the same twice."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trading_mcp.cli.common import add_common

Help = Callable[[str], str]
"""Makes the help of an argument out of its text."""


def add_backtest(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `backtest` takes."""
    _add_run(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page of it, with charts")
    parser.set_defaults(run=_backtest)


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take what `replay` takes: what it refuses in a sentence, its help leaves out."""
    _add_run(parser, is_replay=True)
    parser.set_defaults(run=_replay)


def _add_run(parser: argparse.ArgumentParser, *, is_replay: bool = False) -> None:
    def unplayed(text: str) -> str:
        return argparse.SUPPRESS if is_replay else text

    _add_data(parser, unplayed)
    _add_strategy(parser, unplayed)
    _add_money(parser, unplayed)
    _add_costs(parser, unplayed)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    add_common(parser)


def _add_data(parser: argparse.ArgumentParser, unplayed: Help) -> None:
    data = parser.add_argument_group("candles")
    data.add_argument(
        "--candles",
        type=Path,
        action=_Once,
        metavar="FILE",
        help="Parquet (or CSV): timestamp (ms UTC, open), open, high, low, close, volume",
    )
    data.add_argument("--exchange", metavar="NAME", help="take them from the store, or made by sim")
    data.add_argument(
        "--pair", action="append", metavar="PAIR", help="such as BTC-USDT; may be repeated"
    )
    data.add_argument("--interval", help="1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d")
    data.add_argument("--since", metavar="TIME", help="ISO 8601, UTC")
    data.add_argument("--until", metavar="TIME", help="up to, and without, this time")
    data.add_argument(
        "--fill-gaps",
        choices=("skip", "flat"),
        help="take candles with flaws: skip goes on after a gap, flat makes candles in it",
    )
    data.add_argument(
        "--finer",
        type=Path,
        action=_Once,
        metavar="FILE",
        help=unplayed("smaller candles of the same time, as --candles"),
    )
    data.add_argument(
        "--funding",
        type=Path,
        action=_Once,
        metavar="FILE",
        help=unplayed("settlements: timestamp, funding_rate (a fraction)"),
    )


def _add_strategy(parser: argparse.ArgumentParser, unplayed: Help) -> None:
    strategy = parser.add_argument_group("strategy")
    strategy.add_argument("--strategy", required=True, metavar="NAME", help="such as rsi_scalping")
    strategy.add_argument("--params", default="{}", metavar="JSON", help="its parameters")
    strategy.add_argument("--direction", choices=("long", "short", "both"), help="what is entered")
    strategy.add_argument(
        "--max-candles",
        type=_whole(0, 10**9),
        default=0,
        metavar="N",
        help=unplayed("leave after so many"),
    )


def _add_money(parser: argparse.ArgumentParser, unplayed: Help) -> None:
    money = parser.add_argument_group("money and limits")
    money.add_argument(
        "--capital", type=_number(0, 1e15, above=True), default=10_000.0, metavar="QUOTE"
    )
    money.add_argument(
        "--size-percent",
        type=_number(0, 100, above=True),
        metavar="P",
        help=unplayed(
            "an entry's margin in percent of the equity; else what [risk] risks per trade"
        ),
    )
    money.add_argument(
        "--limits",
        action=argparse.BooleanOptionalAction,
        help=unplayed("hold entries to the limits of [risk] (yes, but with --size-percent)"),
    )
    money.add_argument("--leverage", type=_whole(1, 100), default=1, metavar="N")
    money.add_argument(
        "--market-type",
        choices=("spot", "perpetual"),
        help="of a file: can it be liquidated, short",
    )
    money.add_argument("--tick", metavar="PRICE", help="of a file: the market's price step")
    money.add_argument("--step", metavar="AMOUNT", help="of a file: the market's amount step")
    money.add_argument(
        "--no-rounding", action="store_true", help=unplayed("put nothing on tick and step")
    )


def _add_costs(parser: argparse.ArgumentParser, unplayed: Help) -> None:
    costs = parser.add_argument_group("costs, in percent of the price")
    costs.add_argument("--fee-percent", type=_number(0, 99), metavar="P", help="a side (0.1)")
    costs.add_argument(
        "--maker-fee-percent", type=_number(0, 99), metavar="P", help="of targets that rest"
    )
    costs.add_argument(
        "--slippage-percent", type=_number(0, 99), default=0.05, metavar="P", help="(0.05)"
    )
    costs.add_argument(
        "--spread-percent", type=_number(0, 99), default=0.0, metavar="P", help="(0)"
    )
    costs.add_argument(
        "--resting-targets",
        action="store_true",
        help=unplayed("targets are limit orders, not market orders"),
    )


class _Once(argparse.Action):
    """An argument that may be given once: of two, the last would count and nobody would know."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "expected one file, got several")
        setattr(namespace, self.dest, values)


class _number:
    """A finite number of an argument, from *least* to *most*."""

    def __init__(self, least: float, most: float, *, above: bool = False):
        self._least, self._most, self._above = least, most, above

    def __call__(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if self._least <= number <= self._most and not (self._above and number == self._least):
            return number
        word = "above" if self._above else "from"
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected a number {word} {self._least:g} to {self._most:g}"
        )


class _whole(_number):
    """A whole number of an argument."""

    def __call__(self, text: str) -> int:
        number = super().__call__(text)
        if number != int(number):
            raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number")
        return int(number)


def _backtest(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.backtest import backtest

    return backtest(arguments)


def _replay(arguments: argparse.Namespace) -> int:
    from trading_mcp.cli.replay import replay

    return replay(arguments)
