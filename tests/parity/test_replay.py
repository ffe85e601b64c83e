"""Stored candles as an exchange, and what it refuses."""

import re
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from parity_markets import QUICK, random_candles, shipped
from parity_sides import Case, market, played

from trading_mcp.adapters.clocks import SystemClock
from trading_mcp.adapters.replay.build import open_replay
from trading_mcp.adapters.replay.past import Past
from trading_mcp.app.replay import Terms, replayed
from trading_mcp.domain.orders import ApprovedOrder
from trading_mcp.domain.reports import VenueRefused
from trading_mcp.domain.signals import Signals
from trading_mcp.strategy.base import Params, Strategy

STRATEGY = shipped()["rsi_scalping"]


class Peeks(Strategy):
    """Buys before each rise: it looks at the candle after."""

    name = "peeks"
    params_type = Params

    @property
    def warmup(self):
        return 1

    def signals(self, candles):
        rises = np.append(candles.close[1:] > candles.close[:-1], False)
        none = np.zeros(len(candles), dtype=np.bool_)
        return Signals(rises, none, none, none, rises.astype(float))


@pytest.fixture
def past():
    return Past(market=market(), interval=60_000, candles=random_candles(120, 7), first=100)


@pytest.fixture
def exchange(past):
    return open_replay(
        [past], capital=Decimal(1_000), clock_base=SystemClock(), is_idle=lambda: True
    )


def test_candles_with_a_gap_are_refused():
    candles = random_candles(120, 7)
    with pytest.raises(ValueError, match="BTC-USDT-PERP have a gap"):
        Past(market=market(), interval=60_000, candles=candles[np.arange(120) != 60])


def test_markets_of_different_intervals_share_no_replay(past):
    hours = Past(
        market=market("ETH-USDT-PERP"),
        interval=3_600_000,
        candles=random_candles(9, 7, step=3_600_000),
    )
    with pytest.raises(ValueError, match="one interval"):
        open_replay(
            [past, hours], capital=Decimal(1), clock_base=SystemClock(), is_idle=lambda: True
        )


async def test_a_strategy_that_sees_the_future_is_not_played(past):
    with pytest.raises(ValueError, match="peeks breaks the contract"):
        await replayed([past], Terms(strategy=Peeks, capital=Decimal(1_000)))


async def test_only_what_has_closed_is_told(exchange, past):
    told = await exchange.data.candles(past.market.symbol, "1m", limit=10)
    assert told.time.tolist() == past.candles.time[90:100].tolist()


async def test_an_order_that_would_wait_is_refused(exchange, past):
    order = approved(past, type="limit", price=Decimal(90))
    with pytest.raises(VenueRefused, match="no limit orders"):
        await exchange.venue.submit(order)
    assert await exchange.venue.fills_since(0) == []


async def test_an_order_is_filled_where_the_candle_opens_or_at_the_level_it_names(past):
    costly = msgspec.structs.replace(past, slippage=0.001)
    venue = open_replay(
        [costly], capital=Decimal(1_000), clock_base=SystemClock(), is_idle=lambda: True
    ).venue
    await venue.submit(approved(past))
    await venue.submit(approved(past, side="sell", client_id="b", expected_price=Decimal(50)))
    bought, sold = await venue.fills_since(0)

    opens = Decimal(repr(float(past.candles.open[100])))
    assert bought.price == (opens * Decimal("1.001")).quantize(Decimal("0.01"), "ROUND_CEILING")
    assert sold.price == Decimal("49.95")
    (wallet,) = await venue.balances()
    assert wallet.total == 1_000 + sold.value - bought.value - bought.fee - sold.fee
    assert await venue.holdings() == []


async def test_what_is_held_at_the_end_stays_held():
    rising = random_candles(300, 1, wild=0.0)
    case = Case(
        cls=STRATEGY,
        params={**QUICK["rsi_scalping"], "stop_loss_pct": 50.0, "take_profit_pct": 0.0},
        candles={market(): falling_at_the_end(rising)},
        first=100,
    )
    closed, still_open = await played(case)
    assert (len(closed), [trade.side for trade in still_open]) == (0, [1])


def test_the_document_shows_a_replay_that_runs(capsys):
    document = (Path(__file__).parents[2] / "docs" / "replay.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    exec(compile(block, "docs/replay.md", "exec"), {})
    assert re.fullmatch(r"\d+ trades, the last left for \w+\n", capsys.readouterr().out)


def falling_at_the_end(candles):
    fall = np.where(np.arange(len(candles)) < len(candles) - 5, 0.0, 1.0).cumsum()
    moved = [getattr(candles, n) - fall for n in ("open", "high", "low", "close")]
    moved[1] = moved[1] + (fall > 0)
    return type(candles)(candles.time, *moved, candles.volume)


def approved(past, **fields):
    return ApprovedOrder(
        **{
            "id": "a",
            "client_id": "a",
            "exchange": past.market.exchange,
            "symbol": past.market.symbol,
            "side": "buy",
            "type": "market",
            "amount": Decimal(1),
            "price": None,
            "stop_price": None,
            "reduce_only": False,
            "leverage": 1,
            **fields,
        }
    )
