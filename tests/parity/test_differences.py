"""What is told where a backtest and the engine part."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.backtest.parity import END, Difference, Trade, differences

NUMBERS = st.floats(0.01, 1e6)
FIELDS = ("side", "amount", "entry_price", "exit_at", "exit_price", "reason", "pnl", "fees")


@st.composite
def trades(draw):
    """Trades of two markets, no two of which begin alike."""
    begins = draw(st.sets(st.tuples(st.sampled_from("AB"), st.integers(0, 50)), min_size=2))
    return [
        Trade(
            market=market,
            side=draw(st.sampled_from([1, -1])),
            amount=draw(NUMBERS),
            entry_at=at,
            entry_price=draw(NUMBERS),
            exit_at=at + draw(st.integers(0, 9)),
            exit_price=draw(NUMBERS),
            reason=draw(st.sampled_from(["stop_loss", "take_profit"])),
            pnl=draw(NUMBERS),
            fees=draw(NUMBERS),
        )
        for market, at in sorted(begins)
    ]


@given(trades(), st.randoms(use_true_random=False), st.sampled_from(FIELDS))
def test_what_differs_is_told_and_nothing_else(ran, random, field):
    place = random.randrange(len(ran))
    changed = getattr(ran[place], field)
    other = msgspec.structs.replace(
        ran[place], **{field: "exit_signal" if field == "reason" else changed + 1}
    )
    played = [*ran[:place], other, *ran[place + 1 :]]
    random.shuffle(played)

    assert list(differences(ran, ran)) == []
    assert list(differences(ran, played)) == [
        Difference(backtest=ran[place], engine=other, fields=(field,))
    ]


@given(trades(), st.data())
def test_a_trade_that_one_side_lacks_hides_no_other(ran, data):
    lost = data.draw(st.sampled_from(ran))
    fewer = [trade for trade in ran if trade != lost]

    assert list(differences(ran, fewer)) == [Difference(backtest=lost, engine=None)]
    assert list(differences(fewer, ran)) == [Difference(backtest=None, engine=lost)]


TRADE = Trade(
    market="A",
    side=1,
    amount=1.0,
    entry_at=0,
    entry_price=100.0,
    exit_at=9,
    exit_price=101.0,
    reason="take_profit",
    pnl=1.0,
    fees=0.2,
)


def test_sums_may_differ_by_what_a_float_cannot_hold_and_prices_may_not():
    near = msgspec.structs.replace(TRADE, pnl=1.0 + 1e-12)
    beside = msgspec.structs.replace(TRADE, exit_price=101.0 + 1e-12)

    assert list(differences([TRADE], [near])) == []
    assert [one.fields for one in differences([TRADE], [beside])] == [("exit_price",)]


def test_what_is_held_at_the_end_need_only_have_begun_alike():
    held = msgspec.structs.replace(TRADE, reason=END)
    moved = msgspec.structs.replace(held.begun, amount=2.0)

    assert list(differences([held], [held.begun])) == []
    assert [one.fields for one in differences([held], [moved])] == [("amount",)]
