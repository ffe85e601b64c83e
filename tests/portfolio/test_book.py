"""The book: sums of fills, whatever their order."""

import itertools
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.domain.markets import Market
from trading_mcp.domain.orders import ExitPlan, Fill, Order
from trading_mcp.portfolio import book
from trading_mcp.portfolio.performance import DAY_MS, Tally

MARKET = Market(
    exchange="sim",
    symbol="BTC-USDT",
    base="BTC",
    quote="USDT",
    type="spot",
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    min_amount=Decimal("0.001"),
    min_notional=Decimal(1),
    maker_fee=Decimal("0.001"),
    taker_fee=Decimal("0.001"),
)


def order(side: str, amount: Decimal) -> Order:
    return Order(
        id=f"ord_{side}",
        client_id=f"ord_{side}-x",
        market=MARKET.key,
        exchange="sim",
        symbol="BTC-USDT",
        side=side,
        type="market",
        amount=amount,
        owner="manual",
        principal="test",
        reason="manual" if side == "buy" else "take_profit",
        created_at=0,
        expected_price=Decimal(100),
        reduce_only=side == "sell",
        position_id="pos_1",
        plan=ExitPlan(stop_loss_pct=1.0),
    )


def fill(n: int, side: str, amount: Decimal, price: Decimal) -> Fill:
    return Fill(
        exchange="sim",
        symbol="BTC-USDT",
        trade_id=f"t{n}",
        client_id=f"ord_{side}-x",
        side=side,
        amount=amount,
        price=price,
        fee=amount * price / 1000,
        fee_currency="USDT",
        at=1_000 + n,
    )


def booked(fills):
    """Fold *fills* the way the core does: each once, into its order and the position."""
    orders = {side: order(side, Decimal(100)) for side in ("buy", "sell")}
    position = book.opened_by(orders["buy"], MARKET)
    for one in fills:
        held = orders[one.side]
        if book.is_booked(held, one):
            continue
        orders[one.side] = book.order_after(held, one, one.fee)
        position = book.position_after(position, held, one, one.fee)
    return orders, position


def compared(orders, position):
    """What must not depend on the order of fills (the stop follows the last entry it saw)."""
    neutral = {side: sorted(o.trade_ids) for side, o in orders.items()}
    sums = {side: (o.filled, o.filled_value, o.fees, o.status) for side, o in orders.items()}
    bare = msgspec.structs.replace(position, close_reason="")
    return neutral, sums, bare


AMOUNT = st.decimals("0.001", "5", places=3)
QUOTE = st.decimals("50", "150", places=1)


@given(
    st.lists(st.tuples(AMOUNT, QUOTE), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 100), QUOTE), max_size=5),
    st.randoms(use_true_random=False),
)
def test_the_book_is_the_same_in_any_order_with_duplicates(entries, exits_, chance):
    left = sum(amount for amount, _ in entries)
    fills = [fill(i, "buy", amount, price) for i, (amount, price) in enumerate(entries)]
    for i, (share, price) in enumerate(exits_):
        amount = (left * share / 100).quantize(Decimal("0.001"))
        if 0 < amount <= left:
            left -= amount
            fills.append(fill(100 + i, "sell", amount, price))
    expected = compared(*booked(fills))
    shuffled = fills + fills[: len(fills) // 2 + 1]
    chance.shuffle(shuffled)
    assert compared(*booked(shuffled)) == expected


def test_every_order_of_a_short_story_gives_the_same_profit():
    story = [
        fill(1, "buy", Decimal(1), Decimal(100)),
        fill(2, "buy", Decimal(2), Decimal(103)),
        fill(3, "sell", Decimal(3), Decimal(104)),
    ]
    profits = {booked(told)[1].realized_pnl for told in itertools.permutations(story)}
    assert profits == {Decimal(6) - sum(f.fee for f in story)}


@given(AMOUNT, QUOTE)
def test_a_round_trip_at_one_price_costs_exactly_the_fees(amount, price):
    there, back = fill(1, "buy", amount, price), fill(2, "sell", amount, price)
    _, position = booked([there, back])
    assert position.realized_pnl == -(there.fee + back.fee)
    flows = [flow for one in (there, back) for flow in book.flows_of(one, MARKET)]
    assert sum(f.amount for f in flows if f.asset == "sim:BTC") == 0
    assert sum(f.amount for f in flows if f.asset == "sim:USDT") == position.realized_pnl


def test_a_records_ratios_are_the_textbooks():
    tally = Tally(capital=Decimal(1_000))
    for day, pnl in enumerate([10, -5, 20, -10]):
        tally = tally.after(Decimal(pnl), day * DAY_MS)
    assert (tally.trades, tally.wins, tally.losses) == (4, 2, 2)
    assert (tally.win_rate, tally.profit_factor) == (50.0, 2.0)
    assert (tally.average_win, tally.average_loss) == (15.0, -7.5)
    assert round(tally.max_drawdown_pct, 6) == round(-10 / 1_025 * 100, 6)
    # Daily returns 1, -0.5, 2, -1 %: mean 0.375 %, sample deviation 1.3768926 %, times root 365.
    assert round(tally.sharpe_ratio(0.0), 4) == 5.2033


def test_a_record_without_days_has_no_ratio():
    assert Tally(capital=Decimal(1)).sharpe_ratio(0.0) == 0.0
    assert Tally(capital=Decimal(1)).profit_factor == 0.0
