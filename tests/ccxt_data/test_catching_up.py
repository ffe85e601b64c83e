"""After a break: each trade that was missed counts once, and none from before counts at all."""

from collections.abc import Sequence
from typing import Any

import pytest
from canned_exchanges import StillClock
from test_lines import AT, LISTED, MINUTE, _trade

from trading_mcp.adapters.ccxt.catching_up import catch_up
from trading_mcp.adapters.ccxt.forming import Forming
from trading_mcp.adapters.ccxt.lines import Line, Span, Touch
from trading_mcp.adapters.ccxt.sources import Sources
from trading_mcp.adapters.ccxt.tape import Tape, move_of
from trading_mcp.adapters.ccxt.traits import Traits
from trading_mcp.domain.candles import Candle
from trading_mcp.domain.quotes import PublicTrade


class Rest:
    """Stands for what REST tells: the newest *page* of all trades, and their minutes."""

    def __init__(self, line: Line, page: int = 100):
        self.line, self.page = line, page
        self.all = list[PublicTrade]()
        self.clock, self.tape = StillClock(AT), Tape()
        self.meanwhile: Sequence[PublicTrade] = ()

    def happens(self, *trades: PublicTrade, heard: bool = False) -> None:
        self.all += trades
        if heard:
            self.clock.at = trades[-1].at
            for trade in trades:
                self.line.trade(trade)
                self.tape.add(LISTED.market.symbol, trade.at, move_of([trade]))

    async def trades(self, *_: Any) -> list[PublicTrade]:
        self.happens(*self.meanwhile, heard=True) if self.meanwhile else None
        return self.all[-self.page :]

    async def told(self, listed: Any, interval: str, start: int, end: int) -> list[Candle]:
        rows = []
        for at in range(start, end, MINUTE):
            prices = [t.price for t in self.all if at <= t.at < at + MINUTE]
            volume = sum(t.amount for t in self.all if at <= t.at < at + MINUTE)
            if prices:
                rows.append(Candle(at, prices[0], max(prices), min(prices), prices[-1], volume))
        return rows

    async def catch_up(self) -> None:
        await catch_up(self.line, self.sources, tries=1)

    @property
    def sources(self) -> Sources:
        parts: Any = {"questions": self, "candles": self, "time": self.clock, "client": None}
        return Sources(
            exchange="kucoin", traits=Traits(), clock=self.clock, tape=self.tape, **parts
        )

    def volume_after(self, since: int) -> float:
        move = self.tape.move(LISTED.market.symbol, since, self.clock.at)
        return move.volume if move else 0.0


def _followed(begun_at: int = AT) -> Line:
    line = Line(LISTED, Forming(MINUTE, is_told=False), begun_at)
    line.touch(Touch(1.0, 1e6))
    return line


def _span(line: Line) -> Span:
    move = line.move(0)
    assert move is not None
    return Span(move.open, move.high, move.low, move.last)


async def test_a_line_that_begins_takes_in_what_was_traded_since_it_began() -> None:
    line = _followed()
    rest = Rest(line)
    rest.happens(_trade(1, 90.0, AT - 1), _trade(2, 101.0, AT), _trade(3, 102.0, AT + 5))
    rest.clock.at = AT + 300

    await rest.catch_up()

    assert _span(line) == Span(101.0, 102.0, 101.0, 102.0)
    assert rest.volume_after(AT) == 2
    assert not line.trade(_trade(3, 102.0, AT + 5))  # the streamed copy
    assert line.forming.opinion(AT).candle == Candle(AT, 101.0, 102.0, 101.0, 102.0, 2.0)


@pytest.mark.parametrize("page", [100, 4])
async def test_what_was_missed_counts_once_however_far_rest_reaches_back(page: int) -> None:
    line = _followed(AT - MINUTE)
    rest = Rest(line, page)
    rest.happens(_trade(0, 100.0, AT + 1, 3.0), heard=True)
    line.trust(AT)
    line.lose()
    _span(line)
    gap = [_trade(n, 100.0 + n, AT + n * 20_000, 1.0) for n in range(1, 10)]
    rest.happens(*gap)
    rest.clock.at = AT + 200_000

    await rest.catch_up()
    await rest.catch_up()

    assert rest.volume_after(AT + 1) == pytest.approx(9.0)
    span = _span(line)
    assert (span.high, span.last) == (109.0, 109.0)


async def test_what_is_heard_after_a_break_hides_nothing_of_it() -> None:
    line = _followed()
    rest = Rest(line)
    rest.happens(_trade(1, 100.0, AT + 1), heard=True)
    line.trust(AT)
    line.lose()
    _span(line)
    rest.happens(_trade(2, 90.0, AT + 10))
    rest.happens(_trade(3, 99.0, AT + 20), heard=True)
    rest.meanwhile = [_trade(4, 98.0, AT + 30)]

    await rest.catch_up()

    assert _span(line) == Span(99.0, 99.0, 90.0, 98.0)
    assert rest.volume_after(AT + 1) == 3


async def test_what_a_minute_did_before_the_line_began_reaches_no_stop() -> None:
    line = _followed(AT + 30_000)
    rest = Rest(line, page=2)
    rest.happens(_trade(1, 50.0, AT + 5))
    rest.happens(*(_trade(n, 100.0, AT + 30_000 + n) for n in range(2, 8)))
    rest.clock.at = AT + 31_000

    await rest.catch_up()

    assert _span(line).low == 100.0
