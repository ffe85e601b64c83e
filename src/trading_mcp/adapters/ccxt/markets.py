"""The markets of a real exchange: which are traded, on which grid, and in which contracts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import structlog

from trading_mcp.adapters.ccxt.names import symbol_named, unified
from trading_mcp.adapters.ccxt.settings import ExchangeSettings
from trading_mcp.adapters.ccxt.traits import Traits
from trading_mcp.domain.markets import Market, MarketType, symbol_of
from trading_mcp.domain.numbers import EXACT, ZERO, down_to, exact

log = structlog.get_logger(__name__)
_ONE = Decimal(1)
_TICK_SIZE = 4
"""ccxt's word for "precision is a step", which all of its exchanges but two speak."""


class Listed(msgspec.Struct, frozen=True):
    """A market, ccxt's *name* for it, and the base that one contract stands for (1 for spot)."""

    market: Market
    name: str
    contract_size: Decimal


class _LeftOut(Exception):
    """This market can't be traded here, and why."""


def to_contracts(listed: Listed, amount: Decimal) -> Decimal:
    """Return the exchange's number for *amount* of base: contracts, where it counts in those."""
    return _plain(EXACT.divide(amount, listed.contract_size))


def from_contracts(listed: Listed, number: Decimal | float | str) -> Decimal:
    """Return the base that the exchange's *number* stands for.

    Raises:
        ValueError: not a finite number of reasonable size.
    """
    return EXACT.multiply(exact(number), listed.contract_size)


def listed_markets(
    exchange: str, client: Any, settings: ExchangeSettings, traits: Traits
) -> dict[str, Listed]:
    """Return what *client* has loaded and is wanted by *settings*, by our symbols.

    Inactive markets, dated and inverse contracts, and what has no name of the form BASE-QUOTE
    or no fixed grid are left out; the log says how many.
    """
    found, left_out = dict[str, Listed](), Counter[str]()
    for raw in _wanted(client.markets.values(), settings):
        try:
            listed = _listed(exchange, client, raw, traits)
        except _LeftOut as reason:
            left_out[str(reason)] += 1
        else:
            found[listed.market.symbol] = listed
    log.info("markets_listed", exchange=exchange, listed=len(found), left_out=dict(left_out))
    return found


def _wanted(
    raws: Iterable[Mapping[str, Any]], settings: ExchangeSettings
) -> Iterable[Mapping[str, Any]]:
    for raw in raws:
        if _type_of(raw) in settings.market_types and raw.get("quote") in settings.quotes:
            yield raw


def _type_of(raw: Mapping[str, Any]) -> MarketType | None:
    if raw.get("spot"):
        return "spot"
    return "perpetual" if raw.get("swap") else None


def _listed(exchange: str, client: Any, raw: Mapping[str, Any], traits: Traits) -> Listed:
    _check_is_tradable(client, raw)
    try:
        size = exact(raw["contractSize"]) if raw.get("contract") else _ONE
        market = _market(exchange, client, raw, size, traits)
    except (KeyError, TypeError, ValueError) as fault:
        raise _LeftOut("incomplete") from fault
    return Listed(market, str(raw["symbol"]), size)


def _check_is_tradable(client: Any, raw: Mapping[str, Any]) -> None:
    # Some exchanges tell nothing about it: then a market is taken for active.
    if raw.get("active") is False:
        raise _LeftOut("inactive")
    if raw.get("contract") and (not raw.get("linear") or raw.get("settle") != raw["quote"]):
        raise _LeftOut("not settled in its quote")
    if client.precisionMode != _TICK_SIZE:
        raise _LeftOut("no fixed grid")
    name = str(raw["symbol"])
    symbol = symbol_named(name)
    try:
        plain = symbol_of(symbol) == symbol and unified(symbol) == name
    except ValueError:
        plain = False
    if not plain:
        raise _LeftOut("name")


def _market(
    exchange: str, client: Any, raw: Mapping[str, Any], size: Decimal, traits: Traits
) -> Market:
    limits, precision = raw["limits"], raw["precision"]
    step = EXACT.multiply(_positive(precision["amount"]), size)
    least = EXACT.multiply(_or(limits["amount"]["min"], ZERO), size)
    leverage = _leverage(raw, traits)
    return Market(
        exchange=exchange,
        symbol=symbol_named(raw["symbol"]),
        base=raw["base"],
        quote=raw["quote"],
        type="perpetual" if raw.get("contract") else "spot",
        tick=_plain(_positive(precision["price"])),
        step=_plain(step),
        min_amount=_plain(max(least, step)),
        min_notional=_plain(_or(limits["cost"]["min"], ZERO)),
        maker_fee=_fee(client, raw, "maker"),
        taker_fee=_fee(client, raw, "taker"),
        max_leverage=leverage,
        maintenance_margin=_maintenance(raw, leverage, traits),
    )


def _fee(client: Any, raw: Mapping[str, Any], role: str) -> Decimal:
    told = raw.get(role)
    return _plain(exact(client.fees["trading"][role] if told is None else told))


def _leverage(raw: Mapping[str, Any], traits: Traits) -> int:
    if not raw.get("contract"):
        return 1
    told = raw["limits"].get("leverage", {}).get("max")
    return max(int(down_to(_or(told, Decimal(traits.max_leverage)), _ONE)), 1)


def _maintenance(raw: Mapping[str, Any], leverage: int, traits: Traits) -> Decimal:
    """Return the fraction of a position's value that must stay; half the least margin if untold."""
    if not raw.get("contract"):
        return ZERO
    told = raw["info"].get(traits.maintenance_field) if traits.maintenance_field else None
    if told is not None:
        return _plain(EXACT.multiply(exact(told), traits.maintenance_unit))
    return _plain(EXACT.divide(_ONE, Decimal(2 * leverage)).quantize(Decimal("0.00001")))


def _or(told: Any, otherwise: Decimal) -> Decimal:
    return otherwise if told is None else exact(told)


def _positive(told: Any) -> Decimal:
    number = exact(told)
    if number <= ZERO:
        raise ValueError(f"expected a positive step, got {number}")
    return number


def _plain(number: Decimal) -> Decimal:
    """Return *number* without zeros at its end and without an exponent: 0.0100 is 0.01."""
    short = number.normalize(EXACT)
    return short.quantize(_ONE) if short == short.to_integral_value() else short
