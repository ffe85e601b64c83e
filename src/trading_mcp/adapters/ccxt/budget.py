"""One budget for all that is asked of an exchange's account: cancels first, data last."""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any, NamedTuple

import structlog

from trading_mcp.adapters.ccxt.allowance import (
    RANK,
    Allowance,
    Pool,
    Purpose,
    remaining,
    too_many,
)

log = structlog.get_logger(__name__)
_purpose: ContextVar[Purpose] = ContextVar("purpose", default="data")
_pool: ContextVar[str] = ContextVar("pool", default="")
_COST = 1.0

PoolOf = Callable[[Any, str], str]
"""Names the pool that a request of ccxt's *api* and *path* draws on."""


class _Waiter(NamedTuple):
    rank: int
    number: int
    purpose: Purpose
    cost: float
    gone: asyncio.Future[None]


@contextmanager
def asking_for(purpose: Purpose) -> Iterator[None]:
    """Say what the requests inside are for; without it they are for data."""
    token = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(token)


class Budget:
    """Lets requests of one account through, the most urgent first, as far as its pools allow.

    After the exchange has said "too many", nothing at all goes until the time it named. Takes
    the place of ccxt's own throttle in each client that it is given to by `govern`.
    """

    def __init__(
        self,
        pools: Mapping[str, Pool],
        pool_of: PoolOf,
        *,
        exchange: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        now = monotonic()
        self._allowances = {name: Allowance(pool, now) for name, pool in pools.items()}
        self._pool_of, self._exchange = pool_of, exchange
        self._monotonic, self._sleep = monotonic, sleep
        self._waiting: dict[str, list[_Waiter]] = defaultdict(list)
        self._wakers: dict[str, asyncio.Task[None]] = {}
        self._numbers, self._banned_until = count(), now

    @property
    def banned_s(self) -> float:
        """How long nothing may be sent yet."""
        return max(self._banned_until - self._monotonic(), 0.0)

    def govern(self, client: Any) -> None:
        """Let every REST request of *client* wait for its turn here."""
        cost_of, on_answer = client.calculate_rate_limiter_cost, client.on_rest_response

        def costed(api: Any, method: str, path: str, *rest: Any) -> Any:
            _pool.set(self._pool_of(api, path))
            return cost_of(api, method, path, *rest)

        def heard(status: int, reason: str, url: str, method: str, headers: Any, *rest: Any) -> Any:
            self.heard(status, headers or {}, str(rest[0]))
            return on_answer(status, reason, url, method, headers, *rest)

        client.calculate_rate_limiter_cost, client.on_rest_response = costed, heard
        client.throttle, client.enableRateLimit = self.turn, True

    async def turn(self, cost: float | None = None) -> None:
        """Wait until a request may go for the purpose that `asking_for` said."""
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        purpose, pool = _purpose.get(), _pool.get()
        pool = pool if pool in self._allowances else next(iter(self._allowances))
        waiter = _Waiter(RANK[purpose], next(self._numbers), purpose, float(cost or _COST), gone)
        heapq.heappush(self._waiting[pool], waiter)
        self._let_go(pool)
        await gone

    def heard(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """Take in what an answer says about the budget."""
        now, left = self._monotonic(), remaining(headers)
        if left is not None and _pool.get() in self._allowances:
            self._allowances[_pool.get()].correct(left, now)
        refused = too_many(status, headers, body)
        if refused is not None:
            self._banned_until = max(self._banned_until, now + refused.wait_s)
            log.warning("rate_limited", exchange=self._exchange, wait_s=refused.wait_s)

    def _let_go(self, pool: str) -> None:
        waiting, allowance = self._waiting[pool], self._allowances[pool]
        while waiting:
            first = waiting[0]
            if not first.gone.done():  # done: whoever asked has given up
                now = self._monotonic()
                wait = max(
                    self._banned_until - now, allowance.wait_s(first.purpose, first.cost, now)
                )
                if wait > 0:
                    self._wake_in(pool, wait)
                    return
                allowance.take(first.cost, now)
                first.gone.set_result(None)
            heapq.heappop(waiting)

    def _wake_in(self, pool: str, seconds: float) -> None:
        if pool in self._wakers:
            self._wakers[pool].cancel()
        self._wakers[pool] = asyncio.create_task(self._wake(pool, seconds))

    async def _wake(self, pool: str, seconds: float) -> None:
        await self._sleep(seconds)
        del self._wakers[pool]
        self._let_go(pool)
