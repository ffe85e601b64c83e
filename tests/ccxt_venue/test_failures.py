"""Answers that are lost or make no sense: what is taken for certain must be so."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count, product
from typing import Any, get_args

import pytest
from accounts import Joined, order

from trading_mcp.adapters.ccxt.allowance import Pool
from trading_mcp.adapters.ccxt.budget import Budget
from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.domain.reports import VenueRefused
from trading_mcp.testkit.kucoin.settings import Kind, Scripted

KINDS: tuple[Kind, ...] = get_args(Kind)
NUMBERS = count(1)
Join = Callable[..., Any]


def failures() -> Iterator[tuple[int, Kind, bool]]:
    """Yield a number, a way to fail, and whether what was asked for is done all the same."""
    for kind, done in product(KINDS, (True, False)):
        yield next(NUMBERS), kind, done


def fails(account: Joined, method: str, kind: Kind, *, done: bool) -> None:
    account.venue._asker.client.timeout = 300  # "hang" must not take long
    account.kucoin.script(Scripted(kind=kind, method=method, after_accept=done))


def truth(account: Joined, client_id: str) -> list[dict[str, str]]:
    """Return the orders that the exchange really has of *client_id*, the last one in front."""
    orders = account.kucoin.ledger()["orders"]
    return [o for o in reversed(orders) if o["client_oid"] == client_id]


@pytest.mark.parametrize("kind", ["market", "limit", "stop"])
async def test_an_order_whose_answer_is_lost_is_never_taken_for_refused(
    account: Joined, kind: str
) -> None:
    for n, failure, done in failures():
        fails(account, "POST", failure, done=done)
        with pytest.raises(AskFailed):
            await account.venue.submit(order(account.symbol, kind, n))
        assert account.kucoin.ledger()["accepted"].get(f"ord_{n:03}-ab12", 0) == int(done), failure
        report = await account.venue.order(account.symbol, f"ord_{n:03}-ab12")
        assert (report is not None) == done, failure
        assert report is None or report.status == ("filled" if kind == "market" else "open")
        await account.venue.cancel(account.symbol, f"ord_{n:03}-ab12")


@pytest.mark.parametrize("kind", ["limit", "stop"])
async def test_what_became_of_a_cancel_is_in_the_report(account: Joined, kind: str) -> None:
    for n, failure, done in failures():
        await account.venue.submit(order(account.symbol, kind, n))
        fails(account, "DELETE", failure, done=done)
        with contextlib.suppress(AskFailed):
            await account.venue.cancel(account.symbol, f"ord_{n:03}-ab12")
        real = truth(account, f"ord_{n:03}-ab12")[0]["status"]
        report = await account.venue.order(account.symbol, f"ord_{n:03}-ab12")
        assert report is not None
        assert (report.status == "cancelled") == (real == "cancelled"), failure
        await account.venue.cancel(account.symbol, f"ord_{n:03}-ab12")
    assert await account.venue.open_orders() == []


@pytest.mark.parametrize("kind", ["market", "limit", "stop"])
async def test_a_question_that_fails_never_says_that_there_is_no_order(
    account: Joined, kind: str
) -> None:
    await account.venue.submit(order(account.symbol, kind))
    for failure, times in product(KINDS, (1, 2, 3)):
        account.venue._asker.client.timeout = 300
        account.kucoin.script(Scripted(kind=failure, method="GET", times=times))
        try:
            report = await account.venue.order(account.symbol, "ord_001-ab12")
        except AskFailed:
            pass
        else:
            assert report is not None, failure
        while account.kucoin.take_script("GET", "/"):
            pass


async def test_a_refusal_after_acceptance_is_known_by_the_order_alone(account: Joined) -> None:
    # The order is there, and the second answer says that its client id is taken.
    await account.venue.submit(order(account.symbol, "limit"))
    with pytest.raises(AskFailed):
        await account.venue.submit(order(account.symbol, "limit"))
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert report.status == "open"
    assert len(truth(account, "ord_001-ab12")) == 1


async def test_each_order_is_posted_once_whatever_the_network_does(account: Joined) -> None:
    for n, failure, done in failures():
        before = account.requests("POST")
        fails(account, "POST", failure, done=done)
        with pytest.raises(AskFailed):
            await account.venue.submit(order(account.symbol, "limit", n))
        assert account.requests("POST") == before + 1, failure


async def test_refusals_of_orders_sent_at_once_are_not_mixed_up(account: Joined) -> None:
    async def sent(n: int) -> object:
        amount = Decimal(100) if n % 2 else Decimal("0.002")
        try:
            return await account.venue.submit(
                order(account.symbol, "limit", n, amount=amount, leverage=1)
            )
        except VenueRefused as refused:
            return refused.code

    outcomes = await asyncio.gather(*(sent(n) for n in range(1, 21)))
    assert all(code == "insufficient_balance" for code in outcomes[::2])
    assert not any(code == "insufficient_balance" for code in outcomes[1::2])


async def test_no_entry_leaves_while_the_exchange_lets_nothing_through(join: Join) -> None:
    pools = {"all": Pool(weight=1e9, window_s=1.0)}
    budget = Budget(pools, lambda *_: "all", exchange="kucoin", monotonic=time.monotonic)
    async with join("spot", budget=budget) as account:
        account.kucoin.script(Scripted(kind="http_429", method="POST"))
        with pytest.raises(AskFailed):
            await account.venue.submit(order(account.symbol, "limit"))
        with pytest.raises(VenueRefused, match="lets nothing through"):
            await account.venue.submit(order(account.symbol, "limit", 2))
        assert account.requests("POST") == 1
