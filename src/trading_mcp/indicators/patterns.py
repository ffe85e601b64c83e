"""The 61 candlestick patterns that TA-Lib finds: what each is called, says, and is worth."""

from collections.abc import Iterable, Iterator
from typing import Literal, cast

import msgspec
import numpy as np
import talib

from trading_mcp.domain.candles import Candles

Direction = Literal["bullish", "bearish", "indecision", "neutral"]
Kind = Literal["reversal", "continuation"]
Trust = Literal["weak", "fair", "strong"]

TRUST: dict[Trust, float] = {"weak": 0.4, "fair": 0.6, "strong": 0.8}
"""How far the textbooks trust a pattern by its shape alone. Not measured on any market."""
MOST_COMPLETE = 1.25
"""TA-Lib answers 80 for bodies that end level with the one before, 100 for the whole pattern, 200
for one that a later candle has confirmed: 0.8, 1 and 1.25 times what the pattern is worth."""


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern. *code* is TA-Lib's; *direction* is None where the candles decide it."""

    code: str
    name: str
    direction: Direction | None
    kind: Kind
    trust: Trust
    says: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern that ends at the candle *row*; *strength* is 0 to 1."""

    pattern: Pattern
    row: int
    direction: Direction
    strength: float


def find_patterns(candles: Candles, among: Iterable[Pattern]) -> Iterator[Found]:
    """Find where patterns end, in no order that matters.

    The strength is trust times completeness: 0.4, 0.6 or 0.8, times 0.8, 1 or 1.25. Mostly TA-Lib
    looks at shapes alone, not at the trend before them, though a reversal needs one to reverse.
    A candle without height has no shape and ends no pattern.
    """
    columns = [
        np.ascontiguousarray(column, dtype=np.float64)
        for column in (candles.open, candles.high, candles.low, candles.close)
    ]
    shaped = candles.high > candles.low
    for pattern in among:
        answers = getattr(talib, pattern.code)(*columns)
        for row in np.flatnonzero((answers != 0) & shaped).tolist():
            yield _found(pattern, row, int(answers[row]))


def pattern_named(name: str) -> Pattern | None:
    """Return the pattern called *name*, however it is spelt: "Three White Soldiers",
    "three_white_soldiers" and "CDL3WHITESOLDIERS" are one."""
    return _BY_SPELLING.get(_spelt(name))


def _found(pattern: Pattern, row: int, answer: int) -> Found:
    decided: Direction = "bullish" if answer > 0 else "bearish"
    return Found(
        pattern=pattern,
        row=row,
        direction=pattern.direction or decided,
        strength=TRUST[pattern.trust] * min(abs(answer) / 100, MOST_COMPLETE),
    )


def _spelt(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum()).removeprefix("cdl")


def _read(kind: Kind, table: str) -> Iterator[Pattern]:
    for line in table.strip().splitlines():
        code, name, direction, trust, says = line.split(" | ")
        yield Pattern(
            code=f"CDL{code}",
            name=name,
            direction=None if direction == "either" else cast(Direction, direction),
            kind=kind,
            trust=cast(Trust, trust),
            says=says,
        )


# A line each: TA-Lib's code without CDL | name | direction | trust | what it says
_REVERSALS = """
2CROWS | Two Crows | bearish | fair | a gap up is sold off at once
3BLACKCROWS | Three Black Crows | bearish | strong | three long falls in a row
3INSIDE | Three Inside Up/Down | either | strong | a harami, confirmed
3OUTSIDE | Three Outside Up/Down | either | strong | an engulfing, confirmed
3STARSINSOUTH | Three Stars in the South | bullish | fair | each fall is smaller: sellers tire
3WHITESOLDIERS | Three White Soldiers | bullish | strong | three long rises in a row
ABANDONEDBABY | Abandoned Baby | either | strong | a doji alone between two gaps
ADVANCEBLOCK | Advance Block | bearish | fair | three rises, each meeting more selling
BELTHOLD | Belt Hold | either | weak | one side leads from the open on
BREAKAWAY | Breakaway | either | fair | a gapped run is taken back in one candle
CONCEALBABYSWALL | Concealing Baby Swallow | bullish | fair | four falls, the last two losing force
COUNTERATTACK | Counterattack | either | fair | a gap is won back to the last close
DARKCLOUDCOVER | Dark Cloud Cover | bearish | fair | a new high is sold deep into the rise
DOJI | Doji | indecision | weak | open and close are level: nobody won
DOJISTAR | Doji Star | either | weak | a gap that ends undecided: the move stalls
DRAGONFLYDOJI | Dragonfly Doji | bullish | fair | a fall was bought back to the open
ENGULFING | Engulfing | either | fair | its body swallows the one before
EVENINGDOJISTAR | Evening Doji Star | bearish | strong | rise, doji at the top, deep fall
EVENINGSTAR | Evening Star | bearish | strong | rise, pause at the top, deep fall
GRAVESTONEDOJI | Gravestone Doji | bearish | fair | a rise was sold back to the open
HAMMER | Hammer | bullish | fair | a deep low was bought back: a floor
HANGINGMAN | Hanging Man | bearish | weak | a deep low near the top: support thins
HARAMI | Harami | either | weak | a small body within the last: force is lost
HARAMICROSS | Harami Cross | either | fair | a doji within the last body: force is lost
HIGHWAVE | High Wave | indecision | weak | long shadows both ways: no agreement
HIKKAKEMOD | Modified Hikkake | either | fair | a failed breakout after closes at extremes
HOMINGPIGEON | Homing Pigeon | bullish | weak | a fall within the last one: sellers tire
IDENTICAL3CROWS | Identical Three Crows | bearish | strong | three falls, no bounce between them
INVERTEDHAMMER | Inverted Hammer | bullish | weak | buyers tried after a fall: watch the next
KICKING | Kicking | either | strong | two full bodies, a gap between: a turn
KICKINGBYLENGTH | Kicking by Length | either | strong | kicking, told by the longer body
LADDERBOTTOM | Ladder Bottom | bullish | fair | four falls, then a gap up holds
LONGLEGGEDDOJI | Long-Legged Doji | indecision | weak | wide swings, no result: nobody won
MATCHINGLOW | Matching Low | bullish | weak | two falls end level: a floor
MORNINGDOJISTAR | Morning Doji Star | bullish | strong | fall, doji at the bottom, strong rise
MORNINGSTAR | Morning Star | bullish | strong | fall, pause at the bottom, strong rise
PIERCING | Piercing Line | bullish | fair | a new low is bought deep into the fall
RICKSHAWMAN | Rickshaw Man | indecision | weak | a doji in the middle of a wide swing
SHOOTINGSTAR | Shooting Star | bearish | fair | a high was sold back: a ceiling
SPINNINGTOP | Spinning Top | indecision | weak | small body, longer shadows: undecided
STALLEDPATTERN | Stalled Pattern | bearish | fair | after two long rises the third stalls
STICKSANDWICH | Stick Sandwich | bullish | fair | two falls end level around a rise: a floor
TAKURI | Takuri Line | bullish | fair | a dragonfly with a very long lower shadow
TRISTAR | Tristar | either | strong | three dojis in a row: the move is spent
UNIQUE3RIVER | Unique Three River Bottom | bullish | fair | a new low does not hold, a small rise
UPSIDEGAP2CROWS | Upside Gap Two Crows | bearish | fair | a gap up meets two rounds of selling
"""
_CONTINUATIONS = """
3LINESTRIKE | Three-Line Strike | either | fair | one pullback wipes out three steps
CLOSINGMARUBOZU | Closing Marubozu | either | weak | it closes at its extreme
GAPSIDESIDEWHITE | Side-by-Side White Lines | either | fair | two like rises hold the gap open
HIKKAKE | Hikkake | either | fair | a breakout of an inside bar that fails
INNECK | In-Neck | bearish | fair | a bounce barely regains the last close
LONGLINE | Long Line | either | weak | a long body: one side leads
MARUBOZU | Marubozu | either | fair | all body: one side leads throughout
MATHOLD | Mat Hold | bullish | strong | a short rest high up, then on
ONNECK | On-Neck | bearish | fair | a bounce stops at the last low
RISEFALL3METHODS | Rising/Falling Three Methods | either | strong | three small steps back, then on
SEPARATINGLINES | Separating Lines | either | fair | back to the last open, and on from there
SHORTLINE | Short Line | neutral | weak | a short candle: a pause
TASUKIGAP | Tasuki Gap | either | fair | a pullback leaves the gap open
THRUSTING | Thrusting | bearish | weak | a bounce fails below the middle of the fall
XSIDEGAP3METHODS | Up/Downside Gap Three Methods | either | fair | the gap closes, the trend goes on
"""
PATTERNS = (*_read("reversal", _REVERSALS), *_read("continuation", _CONTINUATIONS))
_BY_SPELLING = {
    spelling: pattern
    for pattern in PATTERNS
    for spelling in (_spelt(pattern.code), _spelt(pattern.name))
}
