"""`trading-mcp backtest`: a strategy over stored candles, and what it would have come to."""

import argparse
import time
from decimal import Decimal
from typing import Any

import msgspec

from trading_mcp.backtest.runs import Result, exits_of, run_strategy
from trading_mcp.backtest.terms import Costs, Ground, Limits, Terms
from trading_mcp.cli.backtest_fits import must_fit, symbols_of
from trading_mcp.cli.backtest_progress import Stages, made_ready
from trading_mcp.cli.backtest_words import print_result, result_json
from trading_mcp.cli.judging import Judge, print_findings
from trading_mcp.cli.report import must_be_writable, write_page
from trading_mcp.cli.settings import configuration
from trading_mcp.config import Config
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.numbers import exact
from trading_mcp.strategy.base import Params, Strategy


def backtest(arguments: argparse.Namespace) -> int:
    """Run it, and print what came of it."""
    from trading_mcp.app.backtesting import compile_folder, strategy_class
    from trading_mcp.strategy.params import build_params

    must_fit(arguments)
    must_be_writable(arguments.html)
    config = configuration(arguments)
    cls = strategy_class(config, arguments.strategy)
    strategy = cls(build_params(cls, params_given(arguments)))
    terms = terms_of(arguments, config, strategy.params)
    stages = Stages(quiet=arguments.quiet)
    stages.tell("proof", 0.0)
    judge = Judge(arguments, config, strategy)
    stages.tell("candles", 0.0)
    began = time.perf_counter()
    found = data_of(arguments, config)
    loading = time.perf_counter() - began
    loop, compiling = made_ready(compile_folder(config), stages)
    result = _run(strategy, found, terms, loop, stages)
    stages.end()
    seconds = {"loading": loading, "compiling": compiling}
    told = result_json(arguments, strategy, found, terms, result, seconds)
    told |= judge.judged(found, terms, result)
    if arguments.json:
        print(msgspec.json.encode(told).decode())
    else:
        print_result(told)
        print_findings(told["honesty"])
    if arguments.html is not None:
        markets = {data.market: data.candles for data in found.data}
        stages.say(write_page(arguments.html, told, markets))
    return 0


def _run(strategy: Strategy, found: Any, terms: Terms, loop: Any, stages: Stages) -> Result:
    try:
        return run_strategy(strategy, found.data, terms, loop, stages.tell)
    except ValueError as error:
        raise InvalidParameter(f"{strategy.name}: {error}") from None


def params_given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters that were given. Raises InvalidParameter."""
    try:
        given = msgspec.json.decode(arguments.params, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InvalidParameter(f"--params: expected a JSON object: {error}") from None
    if arguments.direction is not None:
        given["direction"] = arguments.direction
    return given


def terms_of(arguments: argparse.Namespace, config: Config, params: Params) -> Terms:
    """Return what a run with *params* is held to. Raises InvalidParameter."""
    limited = arguments.limits
    if limited is None:
        limited = arguments.size_percent is None
    settings = config.strategies.settings.get(arguments.strategy)
    limits = Limits(
        parameters=config.risk.parameters(),
        mode=config.risk.mode,
        weight=settings.weight if settings else 1.0,
    )
    if not limited and arguments.size_percent is None:
        raise InvalidParameter("--no-limits: without the risk per trade, --size-percent is needed")
    return Terms(
        capital=arguments.capital,
        exits=exits_of(params, arguments.max_candles),
        costs=_costs(arguments),
        size_percent=arguments.size_percent,
        limits=limits if limited else None,
        leverage=arguments.leverage,
        rounded=not arguments.no_rounding,
    )


def _costs(arguments: argparse.Namespace) -> Costs:
    taker, maker = arguments.fee_percent, arguments.maker_fee_percent
    maker = taker if maker is None else maker
    return Costs(
        taker_fee=None if taker is None else taker / 100.0,
        maker_fee=None if maker is None else maker / 100.0,
        slippage=arguments.slippage_percent / 100.0,
        spread=arguments.spread_percent / 100.0,
        target_rests=arguments.resting_targets,
    )


def data_of(arguments: argparse.Namespace, config: Config) -> Any:
    """Return the candles that were asked for. Raises InvalidParameter."""
    from trading_mcp.app.backtesting import from_exchange, from_file
    from trading_mcp.app.history import system_clock

    wanted = _wanted(arguments)
    if arguments.candles is not None and arguments.exchange is None:
        pairs = arguments.pair or [arguments.candles.stem]
        return from_file(
            arguments.candles,
            wanted,
            name=pairs[0],
            ground=_ground(arguments),
            finer=arguments.finer,
            funding=arguments.funding,
        )
    if arguments.candles is not None or arguments.exchange is None or not arguments.pair:
        raise InvalidParameter(
            "expected --candles FILE, or --exchange NAME with --pair and --interval"
        )
    symbols, ground = symbols_of(arguments), _ground(arguments)
    return from_exchange(config, arguments.exchange, symbols, wanted, system_clock(), ground=ground)


def _wanted(arguments: argparse.Namespace) -> Any:
    from trading_mcp.app.backtesting import Wanted
    from trading_mcp.domain.candles import INTERVALS

    if arguments.interval is not None and arguments.interval not in INTERVALS:
        raise InvalidParameter(f"--interval: expected one of {', '.join(INTERVALS)}")
    times = (_time(getattr(arguments, name), f"--{name}") for name in ("since", "until"))
    since, until = times
    return Wanted(since=since, until=until, interval=arguments.interval, gaps=arguments.fill_gaps)


def _time(text: str | None, field: str) -> int | None:
    from trading_mcp.services.views import milliseconds

    return None if text is None else milliseconds(text, field)


def _ground(arguments: argparse.Namespace) -> Ground:
    return Ground(
        tick=_grid(arguments.tick, "--tick"),
        step=_grid(arguments.step, "--step"),
        can_short=arguments.market_type != "spot",
        is_margined=arguments.market_type == "perpetual",
    )


def _grid(text: str | None, field: str) -> Decimal:
    if text is None:
        return Decimal(0)
    try:
        grid = exact(text)
    except ValueError as error:
        raise InvalidParameter(f"{field}: {error}") from None
    if grid <= 0:
        raise InvalidParameter(
            f"{field}: expected a number above 0, got {text}; left out, nothing is rounded"
        )
    return grid
