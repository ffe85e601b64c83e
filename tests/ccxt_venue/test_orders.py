"""Orders of a live account, over the wire and back."""

from decimal import Decimal
from typing import Any

import pytest
from accounts import Joined, order

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.domain.reports import VenueRefused


async def test_a_market_order_trades_at_once(account: Joined) -> None:
    venue_id = await account.venue.submit(order(account.symbol))
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert (report.venue_id, report.status) == (venue_id, "filled")
    assert report.filled == Decimal("0.002")
    assert report.terms is not None
    assert (report.terms.side, report.terms.type) == ("buy", "market")


async def test_a_limit_order_rests_and_is_listed(account: Joined) -> None:
    venue_id = await account.venue.submit(order(account.symbol, "limit"))
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert (report.status, report.filled) == ("open", 0)
    assert report.terms is not None
    assert report.terms.price == Decimal(45000)
    assert [(o.client_id, o.venue_id) for o in await account.venue.open_orders()] == [
        ("ord_001-ab12", venue_id)
    ]


async def test_a_stop_that_waits_is_open_by_the_exchange_s_own_id_too(account: Joined) -> None:
    # KuCoin shows it among the orders as well, inactive: it has not been cancelled for that.
    venue_id = await account.venue.submit(order(account.symbol, "stop"))
    report = await account.venue.order(account.symbol, f"id:{venue_id}")
    assert report is not None
    assert (report.client_id, report.status) == ("ord_001-ab12", "open")
    await account.venue.cancel(account.symbol, f"id:{venue_id}")
    report = await account.venue.order(account.symbol, f"id:{venue_id}")
    assert report is not None
    assert report.status == "cancelled"


async def test_a_stop_waits_and_is_listed(account: Joined) -> None:
    await account.venue.submit(order(account.symbol, "stop"))
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert report.status == "open"
    assert report.terms is not None
    assert (report.terms.type, report.terms.stop_price) == ("stop", Decimal(55000))
    assert [o.client_id for o in await account.venue.open_orders()] == ["ord_001-ab12"]


async def test_a_stop_that_is_reached_is_still_the_same_order(account: Joined) -> None:
    await account.venue.submit(order(account.symbol, "stop"))
    account.kucoin.price(account.symbol, 55_100)
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert (report.status, report.filled) == ("filled", Decimal("0.002"))
    fills = await account.venue.fills(account.symbol, "ord_001-ab12")
    assert sum(fill.amount for fill in fills) == Decimal("0.002")
    assert {fill.client_id for fill in fills} == {"ord_001-ab12"}


@pytest.mark.parametrize("kind", ["limit", "stop"])
async def test_a_cancelled_order_says_so(account: Joined, kind: str) -> None:
    await account.venue.submit(order(account.symbol, kind))
    await account.venue.cancel(account.symbol, "ord_001-ab12")
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert report.status == "cancelled"
    assert await account.venue.open_orders() == []


@pytest.mark.parametrize("kind", ["market", "limit", "stop"])
async def test_what_is_gone_can_be_cancelled_again(account: Joined, kind: str) -> None:
    await account.venue.submit(order(account.symbol, kind))
    for _ in range(2):
        await account.venue.cancel(account.symbol, "ord_001-ab12")


async def test_an_order_that_never_was_is_not_known(account: Joined) -> None:
    assert await account.venue.order(account.symbol, "ord_404-ab12") is None
    assert await account.venue.fills(account.symbol, "ord_404-ab12") == ()
    await account.venue.cancel(account.symbol, "ord_404-ab12")


async def test_an_order_sent_twice_trades_once(account: Joined) -> None:
    await account.venue.submit(order(account.symbol))
    with pytest.raises(Exception, match="uplicate") as caught:
        await account.venue.submit(order(account.symbol))
    assert not isinstance(caught.value, VenueRefused)
    report = await account.venue.order(account.symbol, "ord_001-ab12")
    assert report is not None
    assert report.filled == Decimal("0.002")


async def test_an_order_placed_by_hand_is_asked_for_and_cancelled_like_any(account: Joined) -> None:
    venue_id = account.by_hand("limit", 40_000)
    (foreign,) = await account.venue.open_orders()
    assert foreign.client_id == f"id:{venue_id}"
    assert foreign.terms is not None
    assert (foreign.terms.amount, foreign.terms.price) == (Decimal("0.002"), Decimal(40000))
    await account.venue.cancel(account.symbol, foreign.client_id)
    report = await account.venue.order(account.symbol, foreign.client_id)
    assert report is not None
    assert (report.client_id, report.status) == (foreign.client_id, "cancelled")


async def test_an_order_that_cannot_be_paid_is_refused_for_certain(account: Joined) -> None:
    with pytest.raises(VenueRefused) as refused:
        await account.venue.submit(order(account.symbol, amount=Decimal(100), leverage=1))
    assert refused.value.code == "insufficient_balance"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("0.0000000001")},
        {"amount": Decimal("0.0020000001")},
        {"type": "limit", "price": Decimal("45000.0000001")},
        {"type": "stop", "stop_price": Decimal("55000.0000001")},
    ],
)
async def test_an_order_that_would_be_rounded_never_leaves(
    account: Joined, change: dict[str, Any]
) -> None:
    with pytest.raises(VenueRefused) as refused:
        await account.venue.submit(order(account.symbol, **change))
    assert refused.value.code == "off_grid"
    assert account.requests("POST") == 0


async def test_an_accepted_order_that_is_not_shown_is_in_doubt(account: Joined) -> None:
    account.venue._side.learn("6720da3fa30a360007f5f832", "ord_404-ab12")
    with pytest.raises(AskFailed, match="does not show"):
        await account.venue.order(account.symbol, "ord_404-ab12")
