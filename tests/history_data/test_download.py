"""What the store lacks is fetched once, whatever happens, and what is missing is known."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_mcp.domain.candles import Candles
from trading_mcp.domain.errors import InvalidParameter, StorageUnavailable
from trading_mcp.domain.quotes import NotOffered
from trading_mcp.domain.spans import Hole, Span
from trading_mcp.domain.times import DAY_MS, HOUR_MS, MINUTE_MS
from trading_mcp.services.history.download import Failure
from trading_mcp.services.history.events import Fetched, Kept, Waiting
from trading_mcp.services.history.pages import PAGE

from .conftest import FEBRUARY, JANUARY, SERIES, Place, candle

HOUR = JANUARY + HOUR_MS
A_DAY = JANUARY + DAY_MS


async def test_everything_is_fetched_and_then_nothing_is_asked(place, minutes) -> None:
    there = place(minutes(5000))

    first = await there.run(JANUARY, JANUARY + 5000 * MINUTE_MS)
    questions = len(there.exchange.asked)
    second = await there.run(JANUARY, JANUARY + 5000 * MINUTE_MS)

    assert await there.kept() == minutes(5000)
    assert (first.fetched, first.holes, first.failures) == (5000, (), ())
    assert questions <= 6
    assert (second.fetched, len(there.exchange.asked)) == (0, questions)


async def test_a_download_goes_on_where_the_store_ends(place, minutes) -> None:
    there = place(minutes(2 * 1440))
    await there.run(JANUARY, A_DAY)
    there.exchange.asked.clear()

    more = await there.run(JANUARY, A_DAY + DAY_MS)

    assert more.fetched == 1440
    assert min(span.start for _, span in there.exchange.asked) == A_DAY - MINUTE_MS
    assert await there.kept() == minutes(2 * 1440)


async def test_minutes_that_nobody_traded_in_are_told_from_unknown_ones(place, minutes) -> None:
    quiet = {0, 1, 300, *range(700, 2200), 2999}
    there = place(minutes(3001, without=quiet))

    done = await there.run(JANUARY, JANUARY + 3000 * MINUTE_MS)

    holes = [(0, 2), (300, 301), (700, 2200), (2999, 3000)]
    assert done.holes == tuple(Hole(minute_span(*hole), True) for hole in holes)
    assert done.begins_at == JANUARY + 2 * MINUTE_MS
    assert await there.kept() == minutes(2999, without=quiet)
    there.exchange.asked.clear()
    assert (await there.run(JANUARY, JANUARY + 3000 * MINUTE_MS)).holes == done.holes
    assert there.exchange.asked == []


async def test_the_newest_minutes_are_not_yet_believed_to_be_untraded(place, minutes) -> None:
    there = place(minutes(60), now=HOUR + 10 * MINUTE_MS)

    early = await there.run(JANUARY, HOUR + 10 * MINUTE_MS)
    there.exchange.times = np.array(minutes(75, without=[61]))
    there.clock.at = JANUARY + 75 * MINUTE_MS
    late = await there.run(JANUARY, HOUR + 15 * MINUTE_MS)

    assert early.holes == (Hole(minute_span(60, 70), False),)
    assert late.holes == (Hole(minute_span(61, 62), True),)


async def test_what_a_server_left_out_is_filled_and_what_it_wrote_stays(place, minutes) -> None:
    there = place(minutes(1440))
    own = [candle(time + 500 * MINUTE_MS) for time in minutes(1440, without=range(200, 240))]
    odd = [
        c.__class__(time, c.open, c.high, c.low, c.close, 1.0)
        for time, c in zip(minutes(1440, without=range(200, 240)), own, strict=True)
    ]
    await there.archive.keep(*SERIES, Candles.of(odd))

    done = await there.run(JANUARY, A_DAY)

    kept = await there.archive.read(*SERIES, start=JANUARY, end=A_DAY)
    assert (done.fetched, done.holes, len(there.exchange.asked)) == (40, (), 1)
    assert np.flatnonzero(kept.volume != 1.0).tolist() == list(range(200, 240))


async def test_many_small_holes_are_asked_for_together(place, minutes) -> None:
    there = place(minutes(5000))
    await there.archive.keep(
        *SERIES, Candles.of([candle(t) for t in minutes(5000, without=range(0, 5000, 20))])
    )

    done = await there.run(JANUARY, JANUARY + 5000 * MINUTE_MS)

    assert (done.fetched, done.holes) == (250, ())
    assert len(there.exchange.asked) <= 6


async def test_a_market_that_began_later_is_not_asked_for_page_by_page(place, minutes) -> None:
    there = place(minutes(1440))

    done = await there.run(JANUARY - 3000 * DAY_MS, A_DAY)

    assert done.holes == (Hole(Span(JANUARY - 3000 * DAY_MS, JANUARY), True),)
    assert len(there.exchange.asked) < 20
    there.exchange.asked.clear()
    await there.run(JANUARY - 3000 * DAY_MS, A_DAY)
    assert there.exchange.asked == []
    assert [path.name for path in there.folder.rglob("*.parquet")] == ["2026-01.parquet"]


async def test_a_month_of_silence_is_stepped_over(place, minutes) -> None:
    there = place([*minutes(1440), *minutes(1440, FEBRUARY)], now=FEBRUARY + 10 * DAY_MS)

    done = await there.run(JANUARY, FEBRUARY + DAY_MS)

    assert done.holes == (Hole(Span(A_DAY, FEBRUARY), True),)
    assert len(there.exchange.asked) < 15


async def test_trading_for_an_hour_within_a_silence_is_found(place, minutes) -> None:
    noon = A_DAY + 5 * DAY_MS + 12 * HOUR_MS
    there = place([*minutes(1440), *minutes(60, noon), *minutes(1440, FEBRUARY)])

    await there.run(JANUARY, FEBRUARY + DAY_MS)

    assert await there.kept() == there.exchange.times.tolist()


async def test_an_exchange_that_gives_few_at_once_is_asked_until_all_are_there(
    place, minutes
) -> None:
    there = place(minutes(3000))
    there.exchange.most = 100

    done = await there.run(JANUARY, JANUARY + 3000 * MINUTE_MS)

    assert (done.fetched, done.holes) == (3000, ())
    assert len(there.exchange.asked) < 50


async def test_failures_are_waited_for_longer_and_longer(place, minutes) -> None:
    there = place(minutes(60))
    there.exchange.script = [broken, too_many, impossible, nothing]

    done = await there.run(JANUARY, HOUR)

    assert (done.fetched, done.failures, there.slept) == (60, (), [1.0, 2.0, 4.0])
    waits = [event for event in there.told if isinstance(event, Waiting)]
    assert [wait.reason for wait in waits] == [
        "ConnectionError: reset by peer",
        "RuntimeError: 429 Too Many Requests",
        "a candle that cannot be: the one of 2026-01-01T00:00:00Z has a high below its low",
    ]


async def test_a_page_that_never_comes_is_reported_and_the_rest_is_fetched(place, minutes) -> None:
    there = place(minutes(3000))
    there.exchange.script = [fine, *[broken] * 6]

    done = await there.run(JANUARY, JANUARY + 3000 * MINUTE_MS)

    lost = minute_span(PAGE, 2 * PAGE)
    assert done.failures == (Failure(lost, "ConnectionError: reset by peer"),)
    assert done.holes == (Hole(lost, False),)
    assert (await there.run(JANUARY, JANUARY + 3000 * MINUTE_MS)).holes == ()


async def test_an_exchange_that_is_gone_is_not_asked_for_every_page(place, minutes) -> None:
    there = place(minutes(9000))
    there.exchange.script = [fine, *[broken] * 100]

    done = await there.run(JANUARY, JANUARY + 9000 * MINUTE_MS)

    assert done.holes == (Hole(minute_span(PAGE, 9000), False),)
    assert sum(failure.span.length for failure in done.failures) == (9000 - PAGE) * MINUTE_MS
    assert len(there.exchange.script) == 100 - 12


@pytest.mark.parametrize("error", [ValueError("unknown market"), NotOffered("candles")])
async def test_what_an_exchange_does_not_have_is_not_asked_again(place, minutes, error) -> None:
    there = place(minutes(60))
    there.exchange.script = [raising(error)]

    with pytest.raises(InvalidParameter, match=r"unknown market|candles"):
        await there.run(JANUARY, HOUR)

    assert there.slept == []


async def test_an_interruption_loses_nothing_that_was_fetched(place, minutes) -> None:
    there = place(minutes(5000))
    there.exchange.script = [fine, fine, raising(asyncio.CancelledError())]

    with pytest.raises(asyncio.CancelledError):
        await there.run(JANUARY, JANUARY + 5000 * MINUTE_MS)

    assert await there.kept() == minutes(2 * PAGE)


async def test_a_long_download_is_written_month_by_month(place, minutes) -> None:
    there = place(minutes(44640 + 1440))

    await there.run(JANUARY, FEBRUARY + DAY_MS)

    kept = [event for event in there.told if isinstance(event, Kept)]
    assert len(kept) == 2
    assert kept[0].until >= FEBRUARY


async def test_slow_pages_are_written_after_some_seconds(place, minutes) -> None:
    there = place(minutes(5000))

    def slow(answer: Candles) -> Candles:
        there.clock.at += 6000
        return answer

    there.exchange.script = [slow] * 5
    await there.run(JANUARY, JANUARY + 5000 * MINUTE_MS)

    assert [event.candles for event in there.told if isinstance(event, Kept)] == [PAGE] * 5 + [5]


async def test_progress_only_grows_and_ends_at_the_end(place, minutes) -> None:
    there = place(minutes(5000, without=range(1500, 1600)))

    await there.run(JANUARY, JANUARY + 5000 * MINUTE_MS)

    done = [event.done_ms for event in there.told if isinstance(event, Fetched)]
    assert all(before <= after for before, after in pairwise(done))
    assert done[-1] == 5000 * MINUTE_MS


async def test_a_disk_that_fails_is_an_error_and_keeps_what_was_there(place, minutes) -> None:
    there = place(minutes(60))
    there.folder.mkdir()
    (there.folder / "kucoin").write_text("a file where a folder should be")

    with pytest.raises(StorageUnavailable, match="cannot be written"):
        await there.run(JANUARY, HOUR)


def broken(_: Candles) -> Candles:
    raise ConnectionError("reset by peer")


def too_many(_: Candles) -> Candles:
    raise RuntimeError("429 Too Many Requests")


def impossible(answer: Candles) -> Candles:
    return Candles(answer.time, answer.open, answer.low, answer.high, answer.close, answer.volume)


def nothing(_: Candles) -> Candles:
    return Candles.of([])


def fine(answer: Candles) -> Candles:
    return answer


def raising(error: BaseException) -> Callable[[Candles], Candles]:
    def fail(_: Candles) -> Candles:
        raise error

    return fail


def minute_span(first: int, last: int) -> Span:
    return Span(JANUARY + first * MINUTE_MS, JANUARY + last * MINUTE_MS)


STRETCH = st.tuples(st.integers(1, 1500), st.integers(0, 1) | st.integers(0, 2500))
"""So many minutes with trades, then so many without."""
MISHAP = st.sampled_from(
    [fine, fine, fine, fine, broken, impossible, raising(asyncio.CancelledError())]
)


@given(
    stretches=st.lists(STRETCH, min_size=1, max_size=5),
    stored=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 800)), max_size=4),
    mishaps=st.lists(MISHAP, max_size=25),
    most=st.sampled_from([137, 1000, 1500]),
    counts=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_whatever_happens_the_store_ends_up_as_the_exchange_has_it(
    stretches, stored, mishaps, most, counts
) -> None:
    truth, at = list[int](), JANUARY
    for traded, silent in stretches:
        truth += range(at, at + traded * MINUTE_MS, MINUTE_MS)
        at = truth[-1] + (silent + 1) * MINUTE_MS
    truth.append(at)  # somebody trades after it all: the end is certain
    written = {t for first, count in stored for t in truth[first : first + count]}

    async def run(folder: Path) -> None:
        there = Place(folder, truth, now=FEBRUARY + DAY_MS)
        there.exchange.most, there.exchange.counts = most, counts
        there.exchange.script = list(mishaps)
        await there.archive.keep(*SERIES, Candles.of([candle(t) for t in sorted(written)]))
        for _ in range(len(mishaps) + 2):
            before = await there.archive.holes(*SERIES, Span(JANUARY, at))
            there.exchange.asked.clear()
            with contextlib.suppress(asyncio.CancelledError):
                await there.run(JANUARY, at)
            kept = set(await there.kept())
            assert written <= kept <= set(truth)
            asked = there.exchange.asked
            assert most < PAGE or all(touches_unknown(question, before) for question in asked)
        done = await there.run(JANUARY, at)
        assert await there.kept() == sorted({*truth[:-1], *written})
        assert unknown(done) == []
        there.exchange.asked.clear()
        assert (await there.run(JANUARY, at)).holes == done.holes
        assert there.exchange.asked == []

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


def touches_unknown(question: tuple[str, Span], holes: list[Hole]) -> bool:
    """Say whether a question was about anything that was not known before."""
    interval, asked = question
    return interval == "1d" or any(
        asked.start < hole.span.end and hole.span.start < asked.end
        for hole in holes
        if not hole.answered
    )


def unknown(done) -> list[Hole]:
    return [hole for hole in done.holes if not hole.answered]
