"""Strategies are asked in turn, and one that never answers costs only itself."""

import asyncio
import threading
import time

import numpy as np
import pytest

from trading_mcp.domain.candles import Candle, Candles
from trading_mcp.domain.signals import Signals
from trading_mcp.engine.evaluator import Evaluator, Fault
from trading_mcp.strategy.base import Params, Strategy

VIEWS = [
    ("sim:AAA-USDT", Candles.of([Candle(i * 60_000, 1.0, 1.0, 1.0, 1.0, 1.0) for i in range(9)]))
]


class Still(Strategy):
    """Wishes for nothing."""

    name = "still"
    warmup = 1

    def signals(self, candles: Candles) -> Signals:
        never = np.zeros(len(candles), dtype=np.bool_)
        return Signals(never, never, never, never, np.zeros(len(candles)))


class Stuck(Still):
    """Says that it was asked, and never answers."""

    name = "stuck"
    asked = threading.Event()

    def signals(self, candles: Candles) -> Signals:
        self.asked.set()
        threading.Event().wait()
        return super().signals(candles)


@pytest.fixture
def evaluator():
    one = Evaluator(50, time.monotonic)
    yield one
    one.close()


async def test_a_strategy_that_never_answers_is_a_fault_and_the_others_have_answered(evaluator):
    answers = await evaluator.ask([Stuck(Params()), Still(Params())], VIEWS)
    assert answers["stuck"] == Fault("gave no answer within 50 ms")
    assert [signal.wishes for signal in answers["still"]] == [()]


async def test_who_waits_behind_a_strategy_that_never_answers_is_answered(evaluator):
    Stuck.asked.clear()
    stuck = asyncio.create_task(evaluator.ask([Stuck(Params())], VIEWS))
    await asyncio.to_thread(Stuck.asked.wait)
    answers = await evaluator.ask([Still(Params())], VIEWS)
    assert [signal.strategy for signal in answers["still"]] == ["still"]
    assert isinstance((await stuck)["stuck"], Fault)


async def test_answers_come_in_the_order_of_the_strategies(evaluator):
    class Last(Still):
        name = "last"

    answers = await evaluator.ask([Still(Params()), Stuck(Params()), Last(Params())], VIEWS)
    assert list(answers) == ["still", "stuck", "last"]
