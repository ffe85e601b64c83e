"""Perpetual positions: margin, profit, funding, and the end of those who bet too much."""

from decimal import Decimal
from typing import Any

import pytest

from trading_mcp.adapters.simulated.account import Account
from trading_mcp.adapters.simulated.build import MARKETS
from trading_mcp.adapters.simulated.ledger import Ended, ForcedOut, Funded, LedgerEntry, Traded
from trading_mcp.adapters.simulated.stakes import Stake
from trading_mcp.adapters.simulated.statements import account_reports, balances, holdings
from trading_mcp.domain.accounts import Holding
from trading_mcp.domain.quotes import Level, OrderBook
from trading_mcp.domain.reports import FundingPaid, Liquidated, VenueRefused

NOW = 1_790_000_000_000
PERP = "BTC-USDT-PERP"
FEE = Decimal("0.0006")


@pytest.fixture
def enter(account: Account, order: Any, book: Any) -> Any:
    def entering(client_id: str, side: str, amount: str, **wish: Any) -> list[LedgerEntry]:
        wish = {"symbol": PERP, "leverage": 10} | wish
        return account.submit(
            order(client_id, side, amount, **wish), NOW, book(size=10, symbol=PERP)
        )

    return entering


def wallet(account: Account) -> tuple[Decimal, Decimal]:
    (usdt,) = balances(account.state, account.markets)
    return usdt.total, usdt.free


def test_a_position_costs_its_margin_and_the_fee(account: Account, enter: Any) -> None:
    enter("a", "buy", "1")

    fee = 60_010 * FEE
    assert wallet(account) == (10_000 - fee, 10_000 - fee - 6_001)
    assert holdings(account.state, account.markets) == [
        Holding(
            symbol=PERP,
            amount=Decimal(1),
            entry_price=Decimal(60_010),
            leverage=10,
            # (60,010 - 6,001) / 0.995, up to the tick
            liquidation_price=Decimal("54280.5"),
        )
    ]


def test_a_short_position_is_negative_and_ends_above(account: Account, enter: Any) -> None:
    enter("a", "sell", "0.5")

    (holding,) = holdings(account.state, account.markets)
    assert holding.amount == Decimal("-0.5")
    assert holding.liquidation_price == Decimal("65671.6")


def test_a_round_trip_at_one_price_costs_exactly_the_fees(
    account: Account, enter: Any, move: Any, book: Any
) -> None:
    enter("in", "buy", "1", price=60_010)
    enter("out", "sell", "1", price=60_010, reduce_only=True)

    account.move(PERP, move(60_000, high=60_010), NOW + 1, book)

    fees = 60_010 * FEE + 60_010 * Decimal("0.0002")
    assert wallet(account) == (10_000 - fees, 10_000 - fees)
    assert holdings(account.state, account.markets) == []


def test_orders_are_netted_and_can_turn_a_position_round(account: Account, enter: Any) -> None:
    enter("a", "buy", "0.3")
    enter("b", "buy", "0.1")
    enter("c", "sell", "0.5")

    (holding,) = holdings(account.state, account.markets)
    assert (holding.amount, holding.entry_price) == (Decimal("-0.1"), Decimal(60_000))
    traded = Decimal("0.4") * 60_010 + Decimal("0.5") * 60_000
    assert wallet(account)[0] == 10_000 - traded * FEE - 10 * Decimal("0.4")


def test_a_reducing_order_never_turns_a_position_round(account: Account, enter: Any) -> None:
    enter("a", "buy", "0.3")

    entries = enter("b", "sell", "0.5", reduce_only=True)

    assert [e.fill.amount for e in entries if isinstance(e, Traded)] == [Decimal("0.3")]
    assert entries[-1] == Ended(at=NOW, client_id="b", status="cancelled", reason="reduce_only")
    assert holdings(account.state, account.markets) == []


def test_reducing_orders_go_with_the_position(account: Account, enter: Any) -> None:
    enter("in", "buy", "0.3")
    enter("stop", "sell", "0.3", stop=59_000, reduce_only=True)
    enter("target", "sell", "0.3", price=61_000, reduce_only=True)

    entries = enter("out", "sell", "0.3", reduce_only=True)

    ended = [(e.client_id, e.status) for e in entries if isinstance(e, Ended)]
    assert ended == [("out", "filled"), ("stop", "cancelled"), ("target", "cancelled")]
    assert account.exposed == []


def test_leaving_needs_no_free_margin(account: Account, enter: Any) -> None:
    enter("in", "buy", "1.65")

    enter("out", "sell", "1.65")

    assert holdings(account.state, account.markets) == []


def test_a_lower_leverage_calls_for_more_margin(account: Account, enter: Any) -> None:
    enter("a", "buy", "1")
    before = wallet(account)[1]

    enter("b", "buy", "0.01", leverage=8)

    extra = 60_010 * (Decimal(1) / 8 - Decimal(1) / 10)
    added = Decimal("0.01") * 60_010
    assert before - wallet(account)[1] == extra + added / 8 + added * FEE


def test_a_lower_leverage_that_cannot_be_paid_is_refused(account: Account, enter: Any) -> None:
    enter("a", "buy", "1")

    with pytest.raises(VenueRefused) as refused:
        enter("b", "buy", "0.01", leverage=2)

    assert refused.value.code == "insufficient_balance"


def test_a_resting_order_of_lower_leverage_calls_for_margin_when_it_trades(
    account: Account, enter: Any, move: Any, book: Any
) -> None:
    enter("rests", "buy", "0.01", price=59_000, leverage=1)
    enter("a", "buy", "1")

    account.move(PERP, move(60_000, low=58_000), NOW + 1, book)

    rests = account.state.order("rests")
    assert (rests.status, rests.reason) == ("cancelled", "insufficient_balance")
    assert holdings(account.state, account.markets)[0].leverage == 10


def test_nobody_leaves_at_a_price_that_others_would_have_to_pay(
    account: Account, order: Any, enter: Any, book: Any
) -> None:
    enter("a", "buy", "1.65")
    before = wallet(account)

    far_below = book(50_000, size=10, symbol=PERP)
    account.submit(order("out", "sell", "1.65", symbol=PERP, reduce_only=True), NOW, far_below)

    out = account.state.order("out")
    assert (out.status, out.reason, out.filled) == ("cancelled", "insufficient_balance", 0)
    assert wallet(account) == before


def test_margins_rounded_up_do_not_keep_the_last_step_from_being_paid(order: Any) -> None:
    account = Account("sim", MARKETS)
    levels = (Level(1000.0, 0.5), Level(1000.5, 10.0))
    offered = OrderBook(symbol="ETH-USDT-PERP", at=NOW, bids=levels[:1], asks=levels)
    # 500 and 1,500.75 at leverage 3 and the fee of 0.06 %: to the last digit what it takes.
    account.deposit("USDT", Decimal("668.11711666666666666667"), NOW)

    account.submit(order(amount=2, symbol="ETH-USDT-PERP", leverage=3), NOW, offered)

    assert account.state.order("a").status == "filled"


def test_closing_all_takes_the_whole_cost_unrounded() -> None:
    cost = Decimal("3.0000000000000001")
    stake = Stake(symbol=PERP, sign=1, size=Decimal(3), cost=cost, leverage=1)

    assert stake.profit(Decimal(3), Decimal(2)) == 6 - cost
    assert stake.smaller(Decimal(1)).cost + Decimal(1) == cost


@pytest.mark.parametrize(("side", "rate", "sign"), [("buy", 0.0003, -1), ("sell", 0.0003, 1)])
def test_funding_goes_from_one_side_to_the_other(
    account: Account, enter: Any, side: str, rate: float, sign: int
) -> None:
    enter("a", side, "0.5")
    before = wallet(account)[0]

    (entry,) = account.fund(PERP, rate, Decimal(61_000), NOW + 1)

    paid = FundingPaid(
        exchange="sim",
        symbol=PERP,
        funding_id=f"{PERP}-{NOW + 1}",
        rate=rate,
        amount=sign * Decimal("9.15"),
        at=NOW + 1,
    )
    assert entry == Funded(at=NOW + 1, paid=paid, drained=Decimal(0))
    assert wallet(account)[0] == before + paid.amount
    assert account_reports(account.state, NOW + 1) == [paid]
    assert account_reports(account.state, NOW + 2) == []


def test_funding_that_the_wallet_cannot_pay_comes_out_of_the_margin_and_no_further(
    account: Account, enter: Any
) -> None:
    enter("a", "buy", "1.65")
    total, free = wallet(account)
    (holding,) = holdings(account.state, account.markets)

    account.fund(PERP, 0.01, Decimal(60_000), NOW + 1)
    (closer,) = holdings(account.state, account.markets)
    (last,) = account.fund(PERP, 0.5, Decimal(60_000), NOW + 2)

    assert free < Decimal("990")
    assert closer.liquidation_price > holding.liquidation_price
    assert -last.paid.amount == total - Decimal("990")
    assert wallet(account) == (0, 0)


def test_no_position_pays_no_funding(account: Account) -> None:
    assert account.fund(PERP, 0.0005, Decimal(60_000), NOW) == []


@pytest.mark.parametrize(
    ("side", "way", "closed_at"),
    [
        ("buy", {"open": 60_000, "low": 54_280.4}, "54280.5"),
        ("sell", {"open": 60_000, "high": 65_671.7}, "65671.6"),
        ("buy", {"open": 54_100}, "54100"),
        ("buy", {"open": 50_000}, "54009"),
        ("sell", {"open": 80_000}, "66000"),
    ],
)
def test_who_is_liquidated_loses_the_margin_and_nothing_more(
    account: Account,
    enter: Any,
    move: Any,
    book: Any,
    side: str,
    way: dict[str, Any],
    closed_at: str,
) -> None:
    enter("a", side, "1")
    enter(
        "stop",
        "sell" if side == "buy" else "buy",
        "1",
        stop=20_000 if side == "buy" else 90_000,
        reduce_only=True,
    )
    total, free = wallet(account)

    entries = account.move(PERP, move(way.pop("open"), **way), NOW + 1, book)

    forced, ended = entries
    assert isinstance(forced, ForcedOut)
    assert isinstance(ended, Ended)
    entry = 60_010 if side == "buy" else 60_000
    gain = (forced.report.price - entry) * (1 if side == "buy" else -1)
    assert forced.report == Liquidated(
        exchange="sim",
        symbol=PERP,
        trade_id="t2",
        amount=Decimal(1),
        price=Decimal(closed_at),
        fee=Decimal(entry) / 10 + gain,
        at=NOW + 1,
    )
    assert forced.report.fee >= 0
    assert wallet(account) == (free, free)
    assert total - free == Decimal(entry) / 10
    assert account.exposed == []


def test_a_stop_before_the_liquidation_price_saves_the_rest(
    account: Account, enter: Any, move: Any, book: Any
) -> None:
    enter("a", "buy", "1")
    enter("stop", "sell", "1", stop=55_000, reduce_only=True)

    entries = account.move(PERP, move(60_000, low=50_000), NOW + 1, lambda: book(size=10))

    assert not [entry for entry in entries if isinstance(entry, ForcedOut)]
    assert holdings(account.state, account.markets) == []


def test_without_leverage_a_long_position_is_never_liquidated(
    account: Account, enter: Any, move: Any, book: Any
) -> None:
    enter("a", "buy", "0.1", leverage=1)

    assert holdings(account.state, account.markets)[0].liquidation_price is None
    assert account.move(PERP, move(60_000, low=0.1), NOW + 1, book) == []
