"""What was ever tried on which past: the more was tried, the less the best of it says."""

import msgspec


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a strategy: on what it was made, what was run, and its yearly Sharpe ratio.

    *data* is the digest of the candles; *market* tells where they came from, such as "kucoin
    BTC-USDT", and [*start*, *end*) their time (UTC ms). *digest* is that of the strategy's code,
    its parameters and the terms: two trials of one digest are the same attempt. *sharpe* is None
    where a run has none, as without trades.
    """

    data: str
    market: str
    start: int
    end: int
    strategy: str
    digest: str
    sharpe: float | None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """How much has been tried on a past: different attempts, and how their Sharpe ratios spread.

    *variance* is that of the yearly Sharpe ratios of the *scored* attempts that have one.
    """

    count: int
    scored: int
    variance: float


NOTHING_TRIED = Tried(count=0, scored=0, variance=0.0)
