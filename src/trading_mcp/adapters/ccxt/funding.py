"""A perpetual's funding as an exchange tells it: what is due next, and when."""

from collections.abc import Iterable, Mapping
from typing import Any

from trading_mcp.adapters.ccxt.readings import fraction, moment, price
from trading_mcp.domain.candles import INTERVALS
from trading_mcp.domain.quotes import FundingRate
from trading_mcp.domain.times import HOUR_MS

_USUAL_MS = 8 * HOUR_MS


def funding_rate(
    symbol: str, raw: Mapping[str, Any], now: int, next_rate_field: str = ""
) -> FundingRate:
    """Read ccxt's funding rate; *now* is the exchange's time (UTC ms).

    Exchanges name the next time, the last one, or both under either name: what counts is the
    first that is still to come.

    Raises:
        Nonsense: no rate, or no number.
    """
    period, info = _period(raw.get("interval")), raw.get("info") or {}
    estimate = raw.get("nextFundingRate")
    if estimate is None and next_rate_field:
        estimate = info.get(next_rate_field)
    mark = raw.get("markPrice")
    return FundingRate(
        symbol=symbol,
        at=now,
        rate=fraction(raw.get("fundingRate")),
        due_at=_due(raw, now, period),
        interval_ms=period,
        next_rate=None if estimate is None else fraction(estimate),
        mark_price=None if mark is None else price(mark),
    )


def past_rates(raws: Iterable[Mapping[str, Any]], now: int) -> dict[int, float]:
    """Read ccxt's rows of past funding: the rate of each time (UTC ms) at which it was paid.

    Raises:
        Nonsense: a row can't be read.
    """
    return {moment(raw.get("timestamp"), now): fraction(raw.get("fundingRate")) for raw in raws}


def _period(told: Any) -> int:
    if told in INTERVALS:
        return INTERVALS[told]
    hours = str(told or "").removesuffix("h")
    return int(hours) * HOUR_MS if hours.isascii() and hours.isdigit() else _USUAL_MS


def _due(raw: Mapping[str, Any], now: int, period: int) -> int:
    told = [raw.get("fundingTimestamp"), raw.get("nextFundingTimestamp")]
    times = [int(at) for at in told if at]
    coming = [at for at in times if at > now]
    if coming:
        return min(coming)
    last = max(times, default=0)
    return last + ((now - last) // period + 1) * period
