"""What the account does with orders: whom it refuses, what it fills, what it leaves."""

from decimal import Decimal
from typing import Any

import pytest

from trading_mcp.adapters.simulated import ledger
from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.ledger import Accepted, Ended, LedgerEntry, Traded
from trading_mcp.adapters.simulated.statements import balances
from trading_mcp.domain.accounts import Balance
from trading_mcp.domain.orders import Fill
from trading_mcp.domain.reports import VenueRefused

NOW = 1_790_000_000_000


def fills(entries: list[LedgerEntry]) -> list[tuple[Decimal, Decimal]]:
    return [(e.fill.amount, e.fill.price) for e in entries if isinstance(e, Traded)]


def money(account: Account) -> dict[str, Balance]:
    return {balance.currency: balance for balance in balances(account.state, account.markets)}


def status(account: Account, client_id: str) -> tuple[str, str]:
    order = account.state.order(client_id)
    assert order
    return order.status, order.reason


def test_a_market_order_trades_at_the_best_offer(account: Account, order: Any, book: Any) -> None:
    entries = account.submit(order(amount="0.1"), NOW, book(60_000))

    assert [type(entry) for entry in entries] == [Accepted, Traded, Ended]
    fill = entries[1].fill
    assert fill == Fill(
        exchange="sim",
        symbol="BTC-USDT",
        trade_id="t1",
        client_id="a",
        side="buy",
        amount=Decimal("0.1"),
        price=Decimal(60_010),
        fee=Decimal("6.001"),
        fee_currency="USDT",
        at=NOW,
    )
    assert money(account)["USDT"].total == Decimal("3992.999")
    assert money(account)["BTC"].free == Decimal("0.1")


def test_a_market_order_eats_its_way_into_the_book_and_is_cancelled_beyond_it(
    account: Account, order: Any, book: Any
) -> None:
    entries = account.submit(order(amount="0.1"), NOW, book(60_000, size=0.04, levels=2))

    assert fills(entries) == [
        (Decimal("0.04"), Decimal(60_010)),
        (Decimal("0.04"), Decimal(60_020)),
    ]
    assert status(account, "a") == ("cancelled", "no_depth")


def test_what_one_order_took_is_gone_for_the_next_until_the_book_is_new(
    account: Account, order: Any, book: Any
) -> None:
    offered = book(60_000, size=0.01)

    first = account.submit(order("a", amount="0.01"), NOW, offered)
    second = account.submit(order("b", amount="0.01"), NOW + 1, offered)
    third = account.submit(order("e", amount="0.01"), NOW + 1, offered)
    other_side = account.submit(order("c", "sell", amount="0.01"), NOW + 2, offered)
    later = account.submit(order("d", amount="0.01"), NOW + 60_000, offered)

    assert fills(first) == [(Decimal("0.01"), Decimal(60_010))]
    assert fills(second) == [(Decimal("0.01"), Decimal(60_020))]
    assert fills(third) == [(Decimal("0.01"), Decimal(60_030))]
    assert fills(other_side) == [(Decimal("0.01"), Decimal(60_000))]
    assert fills(later) == [(Decimal("0.01"), Decimal(60_010))]


def test_a_limit_order_takes_what_is_within_its_limit_and_rests_with_the_rest(
    account: Account, order: Any, book: Any
) -> None:
    entries = account.submit(order(amount="0.1", price=60_015), NOW, book(60_000, size=0.04))

    assert fills(entries) == [(Decimal("0.04"), Decimal(60_010))]
    assert status(account, "a") == ("open", "")
    held = Decimal("0.06") * 60_015 * Decimal("1.001")
    assert money(account)["USDT"].total - money(account)["USDT"].free == held


def test_a_resting_order_trades_when_the_price_comes_to_it(
    account: Account, order: Any, book: Any, move: Any
) -> None:
    account.submit(order(amount="0.1", price=59_000), NOW, book())

    above = account.move("BTC-USDT", move(60_000, low=59_000.1), NOW + 1, book)
    touched = account.move("BTC-USDT", move(60_000, low=59_000), NOW + 2, book)

    assert above == []
    assert fills(touched) == [(Decimal("0.1"), Decimal(59_000))]
    fill = touched[0].fill
    assert fill.maker
    assert fill.fee == Decimal("0.1") * 59_000 * Decimal("0.0008")
    assert fill.at == NOW + 2
    assert status(account, "a") == ("filled", "")
    assert money(account)["USDT"].free == money(account)["USDT"].total


def test_a_resting_order_trades_no_more_than_went_its_way(
    account: Account, order: Any, book: Any, move: Any
) -> None:
    account.submit(order("a", amount="0.1", price=59_500), NOW, book())
    account.submit(order("b", amount="0.06", price=59_500), NOW, book())

    half_beyond = move(60_000, high=60_000, low=59_000.1, volume=0.16)
    entries = account.move("BTC-USDT", half_beyond, NOW + 1, book)
    again = account.move("BTC-USDT", half_beyond, NOW + 2, book)

    # Of the way from 60,000 to 59,000.10 half lies at the limit or below, and so half the volume.
    assert fills(entries) == [
        (Decimal("0.08"), Decimal(59_500)),
        (Decimal("0.04"), Decimal(59_500)),
    ]
    assert [amount for amount, _ in fills(again)] == [Decimal("0.02"), Decimal("0.02")]
    assert status(account, "a") == status(account, "b") == ("filled", "")


def test_the_nearer_order_trades_first(account: Account, order: Any, book: Any, move: Any) -> None:
    account.submit(order("far", amount="0.01", price=59_000), NOW, book())
    account.submit(order("near", amount="0.01", price=59_900), NOW, book())

    entries = account.move("BTC-USDT", move(60_000, low=58_000), NOW + 1, book)

    assert [e.fill.client_id for e in entries if isinstance(e, Traded)] == ["near", "far"]


def test_a_stop_waits_for_its_price_and_then_trades_like_a_market_order(
    account: Account, order: Any, book: Any, move: Any
) -> None:
    account.submit(order("in", amount="0.1"), NOW, book())
    account.submit(order("stop", "sell", amount="0.1", stop=59_000), NOW, book())

    above = account.move("BTC-USDT", move(60_000, low=59_001), NOW + 1, book)
    below = account.move(
        "BTC-USDT", move(60_000, low=58_990), NOW + 60_000, lambda: book(size=0.05)
    )

    assert above == []
    assert fills(below) == [(Decimal("0.05"), Decimal(59_000)), (Decimal("0.05"), Decimal(58_990))]
    assert status(account, "stop") == ("filled", "")


def test_a_stop_that_the_price_jumped_over_trades_where_the_price_is(
    account: Account, order: Any, book: Any, move: Any
) -> None:
    account.submit(order("stop", amount="0.01", stop=61_000), NOW, book())

    entries = account.move("BTC-USDT", move(62_000), NOW + 1, book)

    assert fills(entries) == [(Decimal("0.01"), Decimal(62_000))]


def test_a_stop_buys_no_more_than_it_can_pay(
    account: Account, order: Any, book: Any, move: Any
) -> None:
    account.submit(order("stop", amount="0.15", stop=61_000), NOW, book())

    account.move("BTC-USDT", move(70_000), NOW + 1, book)

    stop = account.state.order("stop")
    assert stop
    assert Decimal("0.14") < stop.filled < Decimal("0.15")
    assert (stop.status, stop.reason) == ("cancelled", "insufficient_balance")
    assert money(account)["USDT"].total >= 0


def test_a_cancelled_order_gives_back_what_it_held_and_trades_no_more(
    account: Account, order: Any, book: Any, move: Any
) -> None:
    account.submit(order(price=59_000), NOW, book())

    account.cancel("a", NOW + 1)

    assert status(account, "a") == ("cancelled", "requested")
    assert money(account)["USDT"].free == 10_000
    assert account.cancel("a", NOW + 2) == account.cancel("never heard of", NOW + 2) == []
    assert account.move("BTC-USDT", move(60_000, low=50_000), NOW + 3, book) == []


def test_the_last_cent_can_be_spent(account: Account, order: Any, book: Any, move: Any) -> None:
    account.submit(order("a", amount="0.2", price=49_950), NOW, book())
    account.move("BTC-USDT", move(60_000, low=40_000, volume=0.07), NOW + 1, book)
    account.move("BTC-USDT", move(60_000, low=40_000), NOW + 2, book)

    assert status(account, "a") == ("filled", "")


@pytest.mark.parametrize(
    ("code", "wish"),
    [
        ("unknown_symbol", {"symbol": "NOPE-USDT"}),
        ("off_grid", {"amount": "0.000001"}),
        ("off_grid", {"amount": "0"}),
        ("off_grid", {"amount": "-1"}),
        ("off_grid", {"price": "60000.01"}),
        ("off_grid", {"stop": "70000.01"}),
        ("below_minimum", {"amount": "0.00001"}),
        ("insufficient_balance", {"amount": "0.2"}),
        ("insufficient_balance", {"amount": "0.2", "price": 59_000}),
        ("insufficient_balance", {"amount": "0.2", "stop": 61_000}),
        ("insufficient_balance", {"side": "sell"}),
        ("insufficient_balance", {"side": "sell", "price": 61_000}),
        ("stop_would_trigger", {"stop": 60_000}),
        ("stop_would_trigger", {"side": "sell", "stop": 60_000}),
        ("reduce_only", {"reduce_only": True}),
        ("reduce_only", {"reduce_only": True, "side": "sell", "symbol": "BTC-USDT-PERP"}),
        ("leverage_out_of_range", {"leverage": 21, "symbol": "BTC-USDT-PERP"}),
        ("leverage_out_of_range", {"leverage": 0, "symbol": "BTC-USDT-PERP"}),
        ("insufficient_balance", {"amount": "2", "leverage": 10, "symbol": "BTC-USDT-PERP"}),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_leaves_no_trace(
    account: Account, order: Any, book: Any, code: str, wish: dict[str, Any]
) -> None:
    with pytest.raises(VenueRefused) as refused:
        account.submit(order(**wish), NOW, book())

    assert refused.value.code == code
    assert account.state.order("a") is None
    assert account.passed(NOW)[:-1] == []
    assert money(account)["USDT"].free == 10_000


def test_nobody_to_trade_with_is_said_so(account: Account, order: Any, book: Any) -> None:
    with pytest.raises(VenueRefused) as refused:
        account.submit(order(), NOW, book(levels=0))

    assert refused.value.code == "no_liquidity"


def test_an_order_sent_twice_trades_once(account: Account, order: Any, book: Any) -> None:
    account.submit(order(amount="0.01"), NOW, book())

    with pytest.raises(VenueRefused) as refused:
        account.submit(order(amount="0.01"), NOW, book())

    assert refused.value.code == "duplicate_client_id"
    assert money(account)["BTC"].total == Decimal("0.01")


def test_what_a_resting_sale_holds_cannot_be_sold_again(
    account: Account, order: Any, book: Any
) -> None:
    account.submit(order("in", amount="0.1"), NOW, book())
    account.submit(order("out", "sell", amount="0.06", price=61_000), NOW, book())

    with pytest.raises(VenueRefused) as refused:
        account.submit(order("again", "sell", amount="0.05"), NOW, book())

    assert refused.value.code == "insufficient_balance"
    assert money(account)["BTC"].free == Decimal("0.04")


def test_what_is_left_of_a_position_can_be_sold_however_small(
    account: Account, order: Any, book: Any
) -> None:
    account.submit(order("in", amount="0.00002"), NOW, book())

    account.submit(order("out", "sell", amount="0.00001", reduce_only=True), NOW, book())

    assert status(account, "out") == ("filled", "")


def test_ended_orders_are_forgotten_in_the_end_and_open_ones_never(
    account: Account, order: Any, book: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(ledger, "REMEMBERED", 3)
    account.submit(order("open", amount="0.001", price=50_000), NOW, book())

    for n in range(5):
        account.submit(order(f"{n}", amount="0.001"), NOW, book())

    assert list(account.state.ended) == ["2", "3", "4"]
    assert status(account, "open") == ("open", "")


def test_time_never_goes_back(account: Account) -> None:
    account.passed(NOW + 5)
    account.passed(NOW)

    assert account.state.passed == NOW + 5
