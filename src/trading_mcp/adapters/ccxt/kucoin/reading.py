"""KuCoin's orders and trades in our words."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.questions import Raw
from trading_mcp.adapters.ccxt.markets import Listed, from_contracts
from trading_mcp.adapters.ccxt.private_side import Traded
from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.orders import Fill, OrderType
from trading_mcp.domain.reports import OrderReport, OrderTerms, VenueStatus

_BY_VENUE_ID = "id:"
_NANOSECONDS = 10**15
"""A time beyond this is in nanoseconds; before, in milliseconds."""


Coin = Callable[[str], str]
"""Returns our name of a currency that KuCoin may call otherwise: XBT is BTC."""


def client_id_of(raw: Raw) -> str:
    """Return the client id of an order; one made of KuCoin's own where there is none."""
    return str(raw.get("clientOid") or "") or by_venue_id(venue_id_of(raw))


def venue_id_of(raw: Raw) -> str:
    """Return KuCoin's own id of an order, or of a trade's order."""
    return text(raw, "id" if "id" in raw and "tradeId" not in raw else "orderId")


def by_venue_id(venue_id: str) -> str:
    """Return the client id that stands for KuCoin's own."""
    return _BY_VENUE_ID + venue_id


def venue_id_in(client_id: str) -> str | None:
    """Return KuCoin's id if that is what *client_id* is made of."""
    return client_id.removeprefix(_BY_VENUE_ID) if client_id.startswith(_BY_VENUE_ID) else None


def waits_for_stop(raw: Raw) -> bool:
    """Say whether an order of the spot account says that its stop has not been reached."""
    return bool(raw.get("stop")) and raw.get("stopTriggered") is False


def spot_report(raw: Raw, listed: Listed) -> OrderReport:
    """Return what an order of the spot account says; raise AskFailed if it says nothing clear."""
    filled, size = number(raw, "dealSize"), number(raw, "size")
    active = raw.get("isActive", raw.get("active"))
    waits = waits_for_stop(raw)
    # What was waiting and is not any more, was never reached.
    gone = raw.get("cancelExist") or number(raw, "cancelledSize") > ZERO or waits
    return OrderReport(
        exchange=listed.market.exchange,
        symbol=listed.market.symbol,
        client_id=client_id_of(raw),
        venue_id=venue_id_of(raw),
        status=_status(active, bool(gone), filled, size or filled),
        filled=filled,
        at=milliseconds(raw.get("lastUpdatedAt") or raw.get("createdAt")),
        terms=_terms(raw, listed, size or filled, waits=waits),
    )


def stop_report(raw: Raw, listed: Listed, status: VenueStatus, reason: str = "") -> OrderReport:
    """Return what an order says that waits, or waited, for its stop in the spot account."""
    return OrderReport(
        exchange=listed.market.exchange,
        symbol=listed.market.symbol,
        client_id=client_id_of(raw),
        venue_id=venue_id_of(raw),
        status=status,
        filled=ZERO,
        at=milliseconds(raw.get("stopTriggerTime") or raw.get("createdAt")),
        reason=reason,
        terms=_terms(raw, listed, number(raw, "size"), waits=True),
    )


def futures_report(raw: Raw, listed: Listed) -> OrderReport:
    """Return what an order of the futures account says, stop or not."""
    filled, size = number(raw, "filledSize"), number(raw, "size")
    amount = from_contracts(listed, size or filled)
    waits = bool(raw.get("stop")) and not raw.get("stopTriggered") and not filled
    return OrderReport(
        exchange=listed.market.exchange,
        symbol=listed.market.symbol,
        client_id=client_id_of(raw),
        venue_id=venue_id_of(raw),
        status=_status(raw.get("isActive"), bool(raw.get("cancelExist")), filled, size or filled),
        filled=from_contracts(listed, filled),
        at=milliseconds(raw.get("updatedAt") or raw.get("createdAt")),
        terms=_terms(raw, listed, amount, waits=waits),
    )


def traded(raw: Raw, listed: Listed, coin: Coin) -> Traded:
    """Return a trade of ours; amounts of futures are in contracts there, in base here."""
    fill = Fill(
        exchange=listed.market.exchange,
        symbol=listed.market.symbol,
        trade_id=text(raw, "tradeId"),
        client_id="",
        side="buy" if text(raw, "side") == "buy" else "sell",
        amount=from_contracts(listed, text(raw, "size")),
        price=exact(text(raw, "price")),
        fee=number(raw, "fee"),
        fee_currency=coin(str(raw.get("feeCurrency") or listed.market.quote)),
        at=milliseconds(raw.get("tradeTime") or raw.get("createdAt")),
        maker=raw.get("liquidity") == "maker",
    )
    return Traded(text(raw, "orderId"), fill)


def number(raw: Raw, field: str) -> Decimal:
    """Return a number of KuCoin's, 0 where it says nothing."""
    value = raw.get(field)
    if value is None or value == "":
        return ZERO
    told = exact(value)
    short = told.normalize(EXACT)
    # Some are written with twenty decimals.
    return short if short.as_tuple().exponent <= 0 else told.quantize(Decimal(1))  # type: ignore[operator]


def text(raw: Raw, field: str) -> str:
    """Return what must be there; raise AskFailed if it is not."""
    value = raw.get(field)
    if value is None or value == "":
        raise AskFailed(f"KuCoin's answer has no {field}")
    return str(value)


def milliseconds(value: Any) -> int:
    """Return a time of KuCoin's, which is in nanoseconds at some places, as UTC ms."""
    if value is None:
        raise AskFailed("KuCoin's answer has no time")
    time = int(value)
    return time // 1_000_000 if time > _NANOSECONDS else time


def _status(active: Any, gone: bool, filled: Decimal, size: Decimal) -> VenueStatus:
    if active is True:
        return "open"
    if active is not False:
        raise AskFailed("KuCoin does not say whether the order can still trade")
    if filled and filled >= size:
        return "filled"
    if gone:
        return "cancelled"
    raise AskFailed("KuCoin says neither that the order traded nor that it was cancelled")


def _terms(raw: Raw, listed: Listed, amount: Decimal, *, waits: bool) -> OrderTerms | None:
    kind: OrderType = "stop" if waits else "limit" if raw.get("type") == "limit" else "market"
    if amount <= ZERO:
        return None  # it spends an amount of quote, or closes what there will be
    return OrderTerms(
        side="buy" if text(raw, "side") == "buy" else "sell",
        type=kind,
        amount=amount,
        price=_price(raw, "price") if raw.get("type") == "limit" else None,
        stop_price=_price(raw, "stopPrice") if waits else None,
        reduce_only=bool(raw.get("reduceOnly") or raw.get("closeOrder")),
    )


def _price(raw: Raw, field: str) -> Decimal | None:
    return number(raw, field) or None
