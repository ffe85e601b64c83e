"""What became of a spot order whose stop was reached: KuCoin makes another order of it."""

from typing import Protocol

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.questions import Raw
from trading_mcp.adapters.ccxt.kucoin.reading import (
    client_id_of,
    milliseconds,
    number,
    spot_report,
    stop_report,
)
from trading_mcp.adapters.ccxt.markets import Listed
from trading_mcp.domain.reports import OrderReport
from trading_mcp.domain.times import MINUTE_MS

_FAILED = "its stop was reached, but no order came of it"


class Orders(Protocol):
    """Where the orders are that came of stops."""

    async def normal(self, listed: Listed, client_id: str) -> Raw | None:
        """Return an order that does not wait for its stop."""
        ...

    async def around(self, listed: Listed, since: int) -> list[Raw]:
        """Return a market's orders of the minute from *since* (UTC ms)."""
        ...


async def follower_of(orders: Orders, stop: Raw, listed: Listed, now: int) -> OrderReport:
    """Return the order that came of *stop*; raise AskFailed while it can't be told apart.

    It was seen to keep its client id. Where it should not, it is the one order of that side and
    size that was made when the stop was reached, and not by us.
    """
    reached = milliseconds(stop.get("stopTriggerTime"))
    if (raw := await orders.normal(listed, client_id_of(stop))) is not None:
        return spot_report(raw, listed)
    made = [raw for raw in await orders.around(listed, reached) if _may_follow(raw, stop, reached)]
    if len(made) == 1:
        return spot_report(made[0], listed)
    if made or now - reached < MINUTE_MS:
        raise AskFailed("its stop was reached, and KuCoin does not yet say which order came of it")
    return stop_report(stop, listed, "rejected", _FAILED)


def _may_follow(raw: Raw, stop: Raw, reached: int) -> bool:
    same = raw.get("side") == stop.get("side") and number(raw, "size") == number(stop, "size")
    late = milliseconds(raw.get("createdAt")) - reached
    return same and 0 <= late <= MINUTE_MS and not _is_ours(raw, stop)


def _is_ours(raw: Raw, stop: Raw) -> bool:
    """Say whether we have placed *raw* ourselves: our client ids end with the same tag."""
    tag = str(stop.get("clientOid") or "").rpartition("-")[2]
    return bool(tag) and str(raw.get("clientOid") or "").endswith(f"-{tag}")
