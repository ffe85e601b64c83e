"""One budget for an exchange's account: cancels first, data last, nothing while it says no."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from canned_exchanges import StillClock, canned_client, kucoin_wire
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.adapters.ccxt.allowance import Allowance, Pool, Purpose, too_many
from trading_mcp.adapters.ccxt.budget import Budget, asking_for
from trading_mcp.adapters.ccxt.traits import traits_of

POOL = Pool(100, 10)
PURPOSES: list[Purpose] = ["cancel", "query", "order", "data"]


@given(
    st.lists(
        st.tuples(st.sampled_from(PURPOSES), st.floats(0.1, 10), st.floats(0, 3)), max_size=200
    )
)
def test_no_window_ever_holds_more_than_the_exchange_allows(
    asked: list[tuple[Purpose, float, float]],
) -> None:
    allowance, now, gone = Allowance(POOL, 0.0), 0.0, list[tuple[float, float]]()
    for purpose, cost, pause in asked:
        now += pause
        now += allowance.wait_s(purpose, cost, now)
        assert allowance.wait_s(purpose, cost, now) == pytest.approx(0, abs=1e-6)
        allowance.take(cost, now)
        gone.append((now, cost))
    for end, _ in gone:
        inside = sum(cost for at, cost in gone if end - POOL.window_s < at <= end)
        assert inside <= POOL.weight + 1e-6


def test_a_share_is_kept_for_cancels_and_queries() -> None:
    allowance = Allowance(POOL, 0.0)
    while allowance.wait_s("data", 1, 0.0) == 0:
        allowance.take(1, 0.0)

    assert allowance.wait_s("order", 1, 0.0) > 0
    assert allowance.wait_s("cancel", 1, 0.0) == 0
    assert allowance.wait_s("query", 4, 0.0) == 0


def test_what_the_exchange_says_is_left_counts() -> None:
    allowance = Allowance(POOL, 0.0)

    allowance.correct(2, 0.0)

    assert allowance.wait_s("cancel", 3, 0.0) == pytest.approx(1 / 7.5)


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (429, {"gw-ratelimit-reset": "14500"}, "", 14.5),
        (429, {"Retry-After": "7"}, "", 7.0),
        (418, {"retry-after": "120"}, "", 120.0),
        (200, {}, '{"code":"429000","msg":"Too Many Requests"}', 10.0),
        (429, {"Retry-After": "soon"}, "error code: 1015", 10.0),
        (200, {}, '{"code":"200000","data":"429000"}', None),
        (500, {"Retry-After": "7"}, "", None),
    ],
)
def test_a_refusal_says_how_long_nothing_may_be_sent(
    status: int, headers: dict[str, str], body: str, wait: float | None
) -> None:
    refused = too_many(status, headers, body)

    assert (refused.wait_s if refused else None) == wait


class Sleeper:
    """Sleeps that end when somebody moves the clock."""

    def __init__(self) -> None:
        self.clock, self._sleeping = StillClock(), list[tuple[float, asyncio.Event]]()

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._sleeping.append((self.clock.passed + seconds, event))
        await event.wait()

    async def pass_time(self, seconds: float) -> None:
        self.clock.passed += seconds
        for until, event in self._sleeping:
            if until <= self.clock.passed + 1e-9:
                event.set()
        for _ in range(10):
            await asyncio.sleep(0)


def _budget(sleeper: Sleeper) -> Budget:
    return Budget(
        {"": POOL},
        lambda api, path: "",
        exchange="test",
        monotonic=sleeper.clock.monotonic,
        sleep=sleeper.sleep,
    )


async def _asked(budget: Budget, purpose: Purpose, gone: list[Purpose], cost: float = 1) -> None:
    with asking_for(purpose):
        await budget.turn(cost)
    gone.append(purpose)


async def test_after_a_refusal_nothing_goes_until_its_time_and_then_cancels_first() -> None:
    sleeper, gone = Sleeper(), list[Purpose]()
    budget = _budget(sleeper)
    budget.heard(429, {"gw-ratelimit-reset": "30000"}, "")
    tasks = [
        asyncio.create_task(_asked(budget, purpose, gone))
        for purpose in ("data", "order", "query", "data", "cancel")
    ]

    await sleeper.pass_time(29.9)
    assert gone == []
    assert budget.banned_s == pytest.approx(0.1)
    await sleeper.pass_time(0.2)

    assert gone == ["cancel", "query", "order", "data", "data"]
    await asyncio.gather(*tasks)


async def test_in_a_storm_of_data_a_cancel_goes_at_once() -> None:
    sleeper, gone = Sleeper(), list[Purpose]()
    budget = _budget(sleeper)
    tasks = [asyncio.create_task(_asked(budget, "data", gone)) for _ in range(200)]
    await sleeper.pass_time(0)
    waiting = gone.count("data")

    tasks.append(asyncio.create_task(_asked(budget, "cancel", gone)))
    await sleeper.pass_time(0)

    assert waiting < 100
    assert gone[-1] == "cancel"
    for task in tasks:
        task.cancel()


async def test_who_gives_up_waiting_takes_nothing() -> None:
    sleeper, gone = Sleeper(), list[Purpose]()
    budget = _budget(sleeper)
    budget.heard(429, {"gw-ratelimit-reset": "1000"}, "")
    order = asyncio.create_task(_asked(budget, "order", gone))
    query = asyncio.create_task(_asked(budget, "query", gone))
    await sleeper.pass_time(0)

    order.cancel()
    await sleeper.pass_time(1.1)

    assert gone == ["query"]
    await query
    with pytest.raises(asyncio.CancelledError):
        await order


async def test_ccxts_own_requests_wait_for_the_budget() -> None:
    sleeper = Sleeper()
    client, canned = canned_client("kucoin", kucoin_wire())
    traits = traits_of("kucoin")
    budget = Budget(
        traits.pools,
        traits.pool_of,
        exchange="kucoin",
        monotonic=sleeper.clock.monotonic,
        sleep=sleeper.sleep,
    )
    budget.govern(client)
    budget.heard(429, {"gw-ratelimit-reset": "5000"}, "")

    asking = asyncio.create_task(client.fetch_time())
    await sleeper.pass_time(4.9)
    assert canned.asked == []
    await sleeper.pass_time(0.2)
    assert await asking > 0


def test_kucoins_requests_draw_on_their_own_pools() -> None:
    pool_of: Callable[[Any, str], str] = traits_of("kucoin").pool_of

    assert pool_of("public", "market/candles") == "public"
    assert pool_of("futuresPublic", "kline/query") == "public"
    assert pool_of("private", "hf/orders") == "spot"
    assert pool_of("private", "accounts") == "management"
    assert pool_of("futuresPrivate", "orders") == "futures"
    assert traits_of("okx").pool_of("public", "market/candles") == ""
