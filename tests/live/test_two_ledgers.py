"""The ledgers that the torture compares: what counts as a difference, and what does not."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from torture.journals import Journal
from torture.two_ledgers import TwoLedgers

from trading_mcp.domain import entries as e
from trading_mcp.domain.orders import Order, OrderStatus

EMPTY: Mapping[str, Any] = {
    "orders": [],
    "trades": [],
    "asked": {},
    "accepted": {},
    "balances": {},
    "positions": {},
}


def ended(status: OrderStatus, evidence: str) -> Order:
    return Order(
        id="1",
        client_id="one",
        market="kucoin:BTC-USDT",
        exchange="kucoin",
        symbol="BTC-USDT",
        side="buy",
        type="market",
        amount=Decimal(1),
        owner="manual",
        principal="test",
        reason="manual",
        created_at=1,
        expected_price=Decimal(50_000),
        reduce_only=False,
        status=status,
        evidence=evidence,
    )


def found(order: Order, **theirs: Any) -> list[str]:
    ledgers = TwoLedgers(Journal([e.OrderChanged(at=1, order=order)]), {**EMPTY, **theirs})
    return [*ledgers.wrong(), *ledgers.different()]


def test_an_order_cancelled_before_it_was_sent_is_nowhere_and_right() -> None:
    assert found(ended("cancelled", "cancelled before it was sent")) == []


def test_an_order_that_was_sent_was_not_cancelled_before() -> None:
    order = ended("cancelled", "cancelled before it was sent")

    assert len(found(order, asked={"one": 1})) == 2


@pytest.mark.parametrize("evidence", ["exchange: cancelled", ""])
def test_what_the_exchange_never_had_it_did_not_cancel(evidence: str) -> None:
    assert len(found(ended("cancelled", evidence))) == 2


def test_an_order_that_was_never_sent_is_abandoned_or_rejected_too() -> None:
    assert found(ended("abandoned", "the kill switch went on first")) == []
    assert found(ended("rejected", "not accepted")) == []
