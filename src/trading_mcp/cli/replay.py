"""`trading-mcp replay`: a backtest, and the same candles played through the engine that trades."""

import argparse
import asyncio

import msgspec

from trading_mcp.app.replaying import both_sides, traded
from trading_mcp.cli.backtest import data_of, params_given, terms_of
from trading_mcp.cli.backtest_fits import must_fit
from trading_mcp.cli.backtest_progress import Stages, made_ready
from trading_mcp.cli.judging import Judge
from trading_mcp.cli.replay_words import print_replay, replay_json
from trading_mcp.cli.settings import configuration
from trading_mcp.config import Config
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.strategy.base import Strategy

_NOT_PLAYED = {
    "finer": "finer candles",
    "funding": "funding",
    "size_percent": "sizes in percent of the equity",
    "max_candles": "time limit",
    "resting_targets": "targets that rest in the book",
    "no_rounding": "prices beside the tick",
}
"""What a backtest knows, and a replay does not, by the argument that asks for it."""


def replay(arguments: argparse.Namespace) -> int:
    """Run both, and print what each came to. Returns 1 if they part."""
    from trading_mcp.api.logging import configure_logging
    from trading_mcp.app.backtesting import strategy_class
    from trading_mcp.strategy.params import build_params

    _must_be_played(arguments)
    must_fit(arguments)
    configure_logging("console", "error")
    config = configuration(arguments)
    cls = strategy_class(config, arguments.strategy)
    strategy = cls(build_params(cls, params_given(arguments)))
    stages = Stages(quiet=arguments.quiet)
    told = _replayed(arguments, config, strategy, stages)
    stages.end()
    if arguments.json:
        print(msgspec.json.encode(told).decode())
    else:
        print_replay(told)
    return 0 if told["same"] else 1


def _replayed(
    arguments: argparse.Namespace, config: Config, strategy: Strategy, stages: Stages
) -> dict[str, object]:
    from trading_mcp.app.backtesting import compile_folder

    terms = terms_of(arguments, config, strategy.params)
    stages.tell("proof", 0.0)
    judge = Judge(arguments, config, strategy)
    stages.tell("candles", 0.0)
    found = data_of(arguments, config)
    exchange = arguments.exchange or "file"
    markets = [traded(data, exchange, terms) for data in found.data]
    loop, _ = made_ready(compile_folder(config), stages)

    def tell(share: float) -> None:
        stages.tell(f"playing {found.interval} candles through the engine", share)

    sides = asyncio.run(both_sides(strategy, markets, terms, loop, tell))
    judge.note([one.data for one in markets], terms, sides.metrics)
    return replay_json(strategy, found, terms, markets, sides)


def _must_be_played(arguments: argparse.Namespace) -> None:
    for name, words in _NOT_PLAYED.items():
        if getattr(arguments, name):
            flag = f"--{name.replace('_', '-')}"
            raise InvalidParameter(f"{flag}: a replay has no {words}; docs/replay.md says what has")
    if arguments.limits is False:
        raise InvalidParameter("--no-limits: the engine is never without its limits")
