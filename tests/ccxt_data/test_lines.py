"""What is made of single messages: spans, candles as they form, the tape, events on their way."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_mcp.adapters.ccxt import readings
from trading_mcp.adapters.ccxt.forming import Forming, Opinion
from trading_mcp.adapters.ccxt.lines import Line, Touch
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.adapters.ccxt.outbox import Outbox
from trading_mcp.adapters.ccxt.readings import Nonsense
from trading_mcp.adapters.ccxt.tape import Tape
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.markets import Market
from trading_mcp.domain.quotes import CandleClosed, Move, PriceMove, PublicTrade, StreamLost

MINUTE, AT = 60_000, 1_767_225_600_000
D = Decimal
LISTED = Listed(
    Market(
        exchange="kucoin",
        symbol="BTC-USDT-PERP",
        base="BTC",
        quote="USDT",
        type="perpetual",
        tick=D("0.1"),
        step=D("0.001"),
        min_amount=D("0.001"),
        min_notional=D(0),
        maker_fee=D("0.0002"),
        taker_fee=D("0.0006"),
    ),
    "BTC/USDT:USDT",
    D("0.001"),
)
KEY = LISTED.market.key


def _trade(number: int, price: float, at: int = AT, amount: float = 1.0) -> PublicTrade:
    return PublicTrade(id=str(number), at=at, side="buy", price=price, amount=amount)


def _line(*, is_told: bool = False) -> Line:
    return Line(LISTED, Forming(MINUTE, is_told=is_told), AT)


def _move(low: float, high: float, last: float, at: int = AT, **more: Any) -> PriceMove:
    fields = {"market": KEY, "bid": 99.0, "ask": 101.0, "open": last} | more
    return PriceMove(at=at, low=low, high=high, last=last, **fields)


def test_a_move_spans_all_trades_since_the_last_one() -> None:
    line = _line()
    line.touch(Touch(99.0, 101.0))
    for number, price in enumerate((100.0, 97.0, 103.0, 101.0)):
        line.trade(_trade(number, price))

    assert line.move(AT + 5) == _move(97.0, 103.0, 101.0, AT + 5, open=100.0)
    assert line.move(AT + 6) is None  # nothing new


def test_without_best_prices_nothing_is_told_and_nothing_lost() -> None:
    line = _line()
    line.trade(_trade(1, 100.0))
    assert line.move(AT) is None

    line.touch(Touch(99.0, 101.0))
    line.lose_touch()
    line.trade(_trade(2, 90.0))
    assert line.move(AT) is None
    line.touch(Touch(99.0, 101.0))

    told = line.move(AT)
    assert told is not None
    assert (told.open, told.low) == (100.0, 90.0)


def test_a_trade_counts_once_however_often_it_is_told() -> None:
    line = _line()

    assert line.trade(_trade(1, 100.0))
    assert not line.trade(_trade(1, 100.0))
    assert line.forming.opinion(AT) == Opinion(Candle(AT, 100.0, 100.0, 100.0, 100.0, 1.0), True)


def test_a_told_candle_counts_when_it_has_every_trade() -> None:
    forming = Forming(MINUTE, is_told=True)
    forming.trade(_trade(1, 100.0))
    forming.trade(_trade(2, 101.0))
    too_early = Candle(AT, 100.0, 100.0, 100.0, 100.0, 1.0)
    whole = Candle(AT, 100.0, 101.0, 100.0, 101.0, 2.0)

    assert forming.opinion(AT) == Opinion(Candle(AT, 100.0, 101.0, 100.0, 101.0, 2.0), False)
    forming.tell(too_early)
    assert not forming.opinion(AT).certain
    forming.tell(whole)
    assert forming.opinion(AT) == Opinion(whole, True)
    assert forming.opinion(AT + MINUTE) == Opinion(None, False)


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 1000), st.floats(0.1, 10)), max_size=60),
    st.tuples(st.integers(0, 110), st.integers(0, 110), st.integers(0, 110)),
)
def test_the_tape_loses_and_doubles_nothing(
    heard: list[tuple[int, int, float]], marks: tuple[int, int, int]
) -> None:
    tape = Tape()
    for at, price, volume in sorted(heard):
        tape.add("X", at, Move(price, price, price, price, volume))
    a, b, c = sorted(marks)

    parts = [move for move in (tape.move("X", a, b), tape.move("X", b, c)) if move]
    whole = tape.move("X", a, c)

    inside = [(price, volume) for at, price, volume in heard if a < at <= c]
    assert (whole is None) == (not inside)
    if whole:
        assert whole.high == max(price for price, _ in inside)
        assert whole.low == min(price for price, _ in inside)
        assert whole.volume == pytest.approx(sum(volume for _, volume in inside))
        assert whole.volume == pytest.approx(sum(part.volume for part in parts))


def test_the_tape_is_bounded() -> None:
    tape = Tape(most=100)
    for at in range(1000):
        tape.add("X", at, Move(1.0, 1.0, 1.0, 1.0, 1.0))

    kept = tape.move("X", 0, 1000)
    assert kept is not None
    assert kept.volume <= 100
    assert tape.move("X", 0, 800) is None


async def test_a_slow_reader_gets_fewer_moves_and_every_candle() -> None:
    outbox = Outbox()
    candle = CandleClosed(market=KEY, interval="1m", candle=Candle(AT, 1, 1, 1, 1, 0))
    outbox.put_move(_move(100.0, 100.0, 100.0))
    outbox.put_move(_move(90.0, 110.0, 105.0, AT + 1))
    outbox.put([candle])
    outbox.put_move(_move(80.0, 81.0, 81.0, AT + 2))
    outbox.put_move(_move(82.0, 82.0, 82.0, AT + 3))

    assert await outbox.get() == _move(90.0, 110.0, 105.0, AT + 1, open=100.0)
    assert await outbox.get() == candle
    assert await outbox.get() == _move(80.0, 82.0, 82.0, AT + 3, open=81.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(outbox.get(), 0.01)


async def test_what_waits_is_bounded_and_what_is_dropped_is_counted() -> None:
    outbox = Outbox(most=10)
    outbox.put([StreamLost(exchange="kucoin", at=at) for at in range(25)])

    assert outbox.dropped == 15
    assert await outbox.get() == StreamLost(exchange="kucoin", at=15)


_ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.text(max_size=8),
    st.sampled_from(["NaN", "inf", "-1", "1e999", "1_000", "٣", "", "0x10", "1.5", "100"]),
)
_NUMBERS = st.one_of(_ANY, st.sampled_from([AT, AT - 1000, AT + 10**12, "100", 0.5, 1e300]))


_FIELDS = ("timestamp", "price", "amount", "side", "id")


@given(st.fixed_dictionaries(dict.fromkeys(_FIELDS, _NUMBERS)))
def test_no_trade_has_a_number_that_cannot_be(raw: dict[str, Any]) -> None:
    try:
        trade = readings.trade(raw, LISTED, AT)
    except Nonsense:
        return
    assert 1e-18 <= trade.price <= 1e18
    assert 1e-18 <= trade.amount <= 1e18
    assert 0 < trade.at <= AT + 60_000


@given(st.lists(_NUMBERS, max_size=7))
def test_no_candle_has_a_number_that_cannot_be(row: list[Any]) -> None:
    try:
        candle = readings.candle(row, LISTED, MINUTE)
    except Nonsense:
        return
    assert 0 < candle.low <= min(candle.open, candle.close)
    assert candle.high >= max(candle.open, candle.close)
    assert 0 <= candle.volume <= 1e18
    assert candle.opened_at % MINUTE == 0


@given(
    st.lists(st.lists(_NUMBERS, max_size=3), max_size=4),
    st.lists(st.lists(_NUMBERS, max_size=3), max_size=4),
)
def test_no_book_has_a_number_that_cannot_be(bids: list[Any], asks: list[Any]) -> None:
    raw = {"bids": bids, "asks": asks, "timestamp": AT}
    try:
        book = readings.order_book(raw, LISTED, AT, 100)
    except Nonsense:
        return
    assert book.bids[0].price < book.asks[0].price
