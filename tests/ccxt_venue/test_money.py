"""Balances, fees, positions and what moves them, as the exchange tells of them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from accounts import Joined, order

from trading_mcp.domain.accounts import Balance
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.reports import FundingPaid, Liquidated, Transferred

Join = Callable[..., Any]


def of(balances: Any, currency: str) -> Balance:
    found: Balance = next(b for b in balances if b.currency == currency)
    return found


async def test_both_wallets_are_one_account(account: Joined) -> None:
    usdt = of(await account.venue.balances(), "USDT")
    assert (usdt.total, usdt.free) == (Decimal(20_000), Decimal(20_000))


async def test_what_an_order_holds_is_not_free(account: Joined) -> None:
    await account.venue.submit(order(account.symbol, "limit"))
    usdt = of(await account.venue.balances(), "USDT")
    assert usdt.total == Decimal(20_000)
    assert usdt.free < Decimal(20_000)


async def test_a_wallet_is_told_without_what_a_position_may_earn(futures: Joined) -> None:
    await futures.venue.submit(order(futures.symbol))
    before = of(await futures.venue.balances(), "USDT").total
    futures.kucoin.price(futures.symbol, 60_000)
    assert of(await futures.venue.balances(), "USDT").total == before


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_a_position_is_told_in_base(futures: Joined, side: str) -> None:
    await futures.venue.submit(order(futures.symbol, side=side))
    (holding,) = await futures.venue.holdings()
    assert holding.symbol == futures.symbol
    assert holding.amount == (Decimal("0.002") if side == "buy" else Decimal("-0.002"))
    assert holding.leverage == 5
    assert holding.liquidation_price is not None
    assert abs(holding.entry_price - 50_000) < 100


async def test_a_closed_position_is_none(futures: Joined) -> None:
    await futures.venue.submit(order(futures.symbol))
    await futures.venue.submit(order(futures.symbol, n=2, side="sell", reduce_only=True))
    assert await futures.venue.holdings() == []


@pytest.mark.parametrize("hf", [False, True])
@pytest.mark.parametrize(("coin", "told"), [("quote", "USDT"), ("base", "BTC"), ("KCS", "KCS")])
async def test_a_fee_is_told_in_its_own_currency(
    join: Join, hf: bool, coin: str, told: str
) -> None:
    balances = {"USDT": 10_000.0, "KCS": 100.0}
    async with join("spot", hf=hf, fee_coin=coin, balances=balances) as spot:
        await spot.venue.submit(order(spot.symbol))
        (fill,) = await spot.venue.fills(spot.symbol, "ord_001-ab12")
        assert fill.fee_currency == told
        assert fill.fee > 0


async def test_every_fill_is_told_once_whichever_way_it_is_asked_for(account: Joined) -> None:
    for n in range(1, 8):
        await account.venue.submit(order(account.symbol, n=n))
    since = await account.venue.fills_since(account.kucoin.clock.now() - 60_000)
    asked = [
        fill
        for n in range(1, 8)
        for fill in await account.venue.fills(account.symbol, f"ord_{n:03}-ab12")
    ]
    assert sorted(since, key=by_id) == sorted(asked, key=by_id)
    trades = account.kucoin.ledger()["trades"]
    assert len({fill.trade_id for fill in since}) == len(since) == len(trades)


async def test_fills_of_orders_placed_by_hand_bear_their_names(account: Joined) -> None:
    venue_id = account.by_hand("market")
    (fill,) = await account.venue.fills_since(account.kucoin.clock.now() - 60_000)
    assert fill.client_id == f"id:{venue_id}"
    assert fill.amount == Decimal("0.002")


async def test_fills_of_another_life_are_still_ours(account: Joined) -> None:
    await account.venue.submit(order(account.symbol))
    forget(account)
    (fill,) = await account.venue.fills_since(account.kucoin.clock.now() - 60_000)
    assert fill.client_id == "ord_001-ab12"


async def test_a_partial_fill_adds_up(account: Joined) -> None:
    venue_id = await account.venue.submit(order(account.symbol, "limit"))
    account.kucoin.fill(venue_id, 0.001)
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert (report.status, report.filled) == ("open", Decimal("0.001"))
    await account.venue.cancel(account.symbol, "ord_001-ab12")
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert (report.status, report.filled) == ("cancelled", Decimal("0.001"))
    (fill,) = await account.venue.fills(account.symbol, "ord_001-ab12")
    assert (fill.amount, fill.maker) == (Decimal("0.001"), True)


async def test_deposits_and_withdrawals_are_told_once(account: Joined) -> None:
    began = account.kucoin.clock.now()
    which = "spot" if account.symbol == "BTC-USDT" else "futures"
    account.kucoin.transfer("USDT", 250.0, account=which)
    account.kucoin.transfer("USDT", -100.0, account=which)
    await account.venue.submit(order(account.symbol))
    moved = [
        report
        for report in await account.venue.account_reports(began)
        if isinstance(report, Transferred) and report.at >= began
    ]
    assert [report.amount for report in moved][-2:] == [Decimal(250), Decimal(-100)]
    assert len({report.transfer_id for report in moved}) == len(moved)


async def test_money_moved_between_the_own_wallets_adds_up_to_nothing(account: Joined) -> None:
    account.kucoin.transfer("USDT", -300.0, account="spot")
    account.kucoin.transfer("USDT", 300.0, account="futures")
    moved = await account.venue.account_reports(account.kucoin.clock.now() - 3_600_000)
    amounts = [r.amount for r in moved if isinstance(r, Transferred) and abs(r.amount) == 300]
    assert (len(amounts), sum(amounts)) == (2, 0)
    assert of(await account.venue.balances(), "USDT").total == Decimal(20_000)


async def test_trades_are_no_transfers(spot: Joined) -> None:
    await spot.venue.submit(order(spot.symbol))
    moved = await spot.venue.account_reports(spot.kucoin.clock.now() - 3_600_000)
    assert not any(isinstance(r, Transferred) and r.currency == "BTC" for r in moved)


async def test_funding_is_told_with_its_rate(futures: Joined) -> None:
    await futures.venue.submit(order(futures.symbol))
    futures.kucoin.fund(futures.symbol, 0.0001)
    paid = [
        report
        for report in await futures.venue.account_reports(futures.kucoin.clock.now() - 60_000)
        if isinstance(report, FundingPaid)
    ]
    assert [(p.symbol, p.rate) for p in paid] == [(futures.symbol, 0.0001)]
    assert paid[0].amount == pytest.approx(Decimal("-0.01"), abs=Decimal("0.0005"))


async def test_a_liquidation_is_no_fill_of_an_order(futures: Joined) -> None:
    await futures.venue.submit(order(futures.symbol, leverage=20))
    began = futures.kucoin.clock.now() - 60_000
    futures.kucoin.price(futures.symbol, 40_000)
    reports = await futures.venue.account_reports(began)
    (forced,) = [report for report in reports if isinstance(report, Liquidated)]
    assert (forced.symbol, forced.amount) == (futures.symbol, Decimal("0.002"))
    fills = await futures.venue.fills_since(began)
    assert forced.trade_id not in {fill.trade_id for fill in fills}
    assert await futures.venue.holdings() == []


def by_id(fill: Fill) -> str:
    return fill.trade_id


def forget(account: Joined) -> None:
    """Let the venue know no more than after a start."""
    names = account.venue._side._room.names  # type: ignore[attr-defined]
    names.__init__()
