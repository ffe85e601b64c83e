"""A backtest and the running engine over the same candles, side by side."""

from collections.abc import Sequence

import msgspec

from trading_mcp.adapters.replay.past import Past
from trading_mcp.app.replay import Tell, replayed
from trading_mcp.app.replay import Terms as ReplayTerms
from trading_mcp.backtest.compiling import Loop
from trading_mcp.backtest.metrics import Metrics, metrics_of
from trading_mcp.backtest.parity import (
    Difference,
    Trade,
    differences,
    trades_of_engine,
    trades_of_run,
)
from trading_mcp.backtest.runs import Data, wished
from trading_mcp.backtest.simulation import Outcome, simulate
from trading_mcp.backtest.terms import Ground, Terms, ground_of
from trading_mcp.backtest.warmed import since
from trading_mcp.domain.accounts import QUOTE
from trading_mcp.domain.errors import InvalidParameter
from trading_mcp.domain.markets import PERPETUAL_SUFFIX, Market, symbol_of
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.times import iso
from trading_mcp.strategy.base import ENGINE_WINDOW, Strategy


class Traded(msgspec.Struct, frozen=True, kw_only=True):
    """A market as the engine knows it, and its candles."""

    market: Market
    data: Data


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides' trades, and where they part. Of the engine's those that are held come last.

    The first *before* candles of each market came before, for the strategy to warm up.
    """

    before: int
    outcome: Outcome
    metrics: Metrics
    run: tuple[Trade, ...]
    played: tuple[Trade, ...]
    differences: tuple[Difference, ...]


def traded(data: Data, exchange: str, terms: Terms) -> Traded:
    """Return *data* as something that both sides can trade: without what a replay does not have.

    Raises:
        InvalidParameter: tick and step are not known, or its quote is not the engine's.
    """
    ground = data.ground
    if not ground.tick or not ground.step:
        raise InvalidParameter(
            f"{data.market}: the engine trades on a market's tick and step, which are not known: "
            "expected --tick and --step"
        )
    market = _market(data.market, ground, exchange, terms)
    plain = msgspec.structs.replace(
        data, market=market.symbol, ground=ground_of(market), finer=None, settlements=None
    )
    return Traded(market=market, data=plain)


async def both_sides(
    strategy: Strategy, markets: Sequence[Traded], terms: Terms, loop: Loop, tell: Tell
) -> Sides:
    """Run *strategy* over the candles of *markets*, and play them through the engine.

    Raises:
        InvalidParameter: the candles can't be played, or the strategy answers rubbish.
    """
    before = max(strategy.warmup, ENGINE_WINDOW)
    _must_fit(markets, before)
    try:
        outcome = _run(strategy, markets, before, terms, loop)
        played = await _played(strategy, markets, before, terms, tell)
    except ValueError as error:
        raise InvalidParameter(f"{error}") from None
    run = trades_of_run(outcome)
    return Sides(
        before=before,
        outcome=outcome,
        metrics=metrics_of(outcome),
        run=tuple(run),
        played=tuple(played),
        differences=tuple(differences(run, played)),
    )


def _run(
    strategy: Strategy, markets: Sequence[Traded], before: int, terms: Terms, loop: Loop
) -> Outcome:
    histories = [since(wished(strategy, one.data, terms), before) for one in markets]
    return simulate(histories, terms, loop)


async def _played(
    strategy: Strategy, markets: Sequence[Traded], before: int, terms: Terms, tell: Tell
) -> list[Trade]:
    limits = terms.limits
    if limits is None:
        raise InvalidParameter("the engine sizes by risk, and holds to limits")
    costs, interval = terms.costs, markets[0].data.interval
    pasts = [
        Past(
            market=one.market,
            interval=interval,
            candles=one.data.candles,
            first=before,
            slippage=costs.slippage,
            spread=costs.spread,
        )
        for one in markets
    ]
    asked = ReplayTerms(
        strategy=type(strategy),
        params=msgspec.to_builtins(strategy.params),
        capital=exact(terms.capital),
        parameters=limits.parameters,
        mode=limits.mode,
        weight=limits.weight,
        leverage=terms.leverage,
        proven=True,
    )
    played = await replayed(pasts, asked, tell)
    return trades_of_engine([*played.closed, *played.open], interval)


def _must_fit(markets: Sequence[Traded], before: int) -> None:
    times = [(int(one.data.candles.time[0]), int(one.data.candles.time[-1])) for one in markets]
    if len(set(times)) > 1:
        start, end = max(first for first, _ in times), min(last for _, last in times)
        raise InvalidParameter(
            "the markets have candles of different times, and the engine plays them together: "
            f"expected --since {iso(start)} --until {iso(end + markets[0].data.interval)}"
        )
    count = len(markets[0].data.candles)
    if count <= before + 1:
        raise InvalidParameter(
            f"{count:,} candles are too few: the first {before:,} are for the strategy to warm up"
        )


def _market(name: str, ground: Ground, exchange: str, terms: Terms) -> Market:
    # What can be sold short is a perpetual to the engine.
    is_perpetual = ground.is_margined or ground.can_short
    symbol = _symbol(name, is_perpetual=is_perpetual)
    base, quote = symbol.split("-")[:2]
    taker, maker = terms.costs.taker_fee, terms.costs.maker_fee
    return Market(
        exchange=exchange,
        symbol=symbol,
        base=base,
        quote=quote,
        type="perpetual" if is_perpetual else "spot",
        tick=ground.tick,
        step=ground.step,
        min_amount=exact(ground.min_amount),
        min_notional=exact(ground.min_notional),
        maker_fee=exact(ground.maker_fee if maker is None else maker),
        taker_fee=exact(ground.taker_fee if taker is None else taker),
        max_leverage=ground.max_leverage if is_perpetual else 1,
        maintenance_margin=exact(ground.maintenance),
    )


def _symbol(name: str, *, is_perpetual: bool) -> str:
    """Return a pair as a symbol; a file that is not called like one has some pair's candles."""
    plain = name.removesuffix(PERPETUAL_SUFFIX)
    try:
        symbol = symbol_of(plain)
    except ValueError:
        symbol = f"BASE-{QUOTE}"
    if not symbol.endswith(f"-{QUOTE}"):
        raise InvalidParameter(
            f"{name}: the engine keeps its account in {QUOTE}, so it cannot play other quotes; of "
            f"a file, --pair {symbol.partition('-')[0]}-{QUOTE} takes the numbers as they are"
        )
    return symbol + PERPETUAL_SUFFIX if is_perpetual else symbol
