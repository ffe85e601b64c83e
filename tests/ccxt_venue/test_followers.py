"""What came of a spot order whose stop was reached, also where KuCoin should not keep its name."""

from decimal import Decimal
from typing import Any

import pytest

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.followers import follower_of
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.markets import Market
from trading_mcp.domain.reports import OrderReport

REACHED = 1_740_000_000_000
LISTED = Listed(
    Market(
        exchange="kucoin",
        symbol="BTC-USDT",
        base="BTC",
        quote="USDT",
        type="spot",
        tick=Decimal("0.1"),
        step=Decimal("0.00001"),
        min_amount=Decimal("0.00001"),
        min_notional=Decimal("0.1"),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    ),
    "BTC/USDT",
    Decimal(1),
)
STOP = {
    "id": "vs93gptvr9t2fsql003l8k5p",
    "clientOid": "ord_001-ab12",
    "symbol": "BTC-USDT",
    "status": "TRIGGERED",
    "type": "market",
    "side": "sell",
    "size": "0.00200000000000000000",
    "createdAt": REACHED - 60_000,
    "stop": "loss",
    "stopTriggerTime": REACHED,
    "stopPrice": "45000.00000000000000000000",
}


def made(**changes: Any) -> dict[str, Any]:
    usual = {
        "id": "670fd33bf9406e0007ab3945",
        "clientOid": "8f2c",
        "type": "market",
        "side": "sell",
        "size": "0.002",
        "dealSize": "0.002",
        "isActive": False,
        "cancelExist": False,
        "createdAt": REACHED + 5,
    }
    return {**usual, **changes}


class Kept:
    """Orders as the exchange has them."""

    def __init__(self, *orders: dict[str, Any]):
        self.orders = orders

    async def normal(self, listed: Listed, client_id: str) -> dict[str, Any] | None:
        return next((o for o in self.orders if o["clientOid"] == client_id), None)

    async def around(self, listed: Listed, since: int) -> list[dict[str, Any]]:
        return list(self.orders)


async def followed(*orders: dict[str, Any], after_ms: int = 1_000) -> OrderReport:
    return await follower_of(Kept(*orders), STOP, LISTED, REACHED + after_ms)


async def test_the_order_that_kept_the_client_id_is_it() -> None:
    report = await followed(made(clientOid="ord_001-ab12"), made(id="other"))
    assert (report.status, report.venue_id) == ("filled", "670fd33bf9406e0007ab3945")


async def test_the_only_order_that_fits_is_it() -> None:
    report = await followed(
        made(), made(id="bought", side="buy"), made(id="more", size="0.003", dealSize="0.003")
    )
    assert report.venue_id == "670fd33bf9406e0007ab3945"


async def test_an_order_of_our_own_is_not_it() -> None:
    with pytest.raises(AskFailed):
        await followed(made(clientOid="ord_002-ab12"))


async def test_two_that_fit_leave_it_in_doubt() -> None:
    with pytest.raises(AskFailed):
        await followed(made(), made(id="another"), after_ms=3_600_000)


async def test_at_first_nothing_is_said() -> None:
    with pytest.raises(AskFailed):
        await followed()


async def test_in_the_end_no_order_means_that_it_failed() -> None:
    report = await followed(after_ms=61_000)
    assert (report.status, report.client_id, report.filled) == ("rejected", "ord_001-ab12", 0)
    assert "no order came of it" in report.reason
