"""The side door under /_loopback/: what a test or a rehearsal wants to know and to bring about."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from trading_mcp.testkit.kucoin.loopback import Loopback
from trading_mcp.testkit.kucoin.settings import LoopbackFaults, Scripted
from trading_mcp.testkit.kucoin.slips import ByHand, Product, Refusal

Words = dict[str, Any]
PREFIX = "/_loopback/"


class PriceSet(msgspec.Struct, forbid_unknown_fields=True):
    """Move *symbol* to *price* and keep it there (None: let the market go on)."""

    symbol: str
    price: float | None
    volume: float | None = None


class OrderSet(msgspec.Struct, forbid_unknown_fields=True):
    """Place *order* without a client id; or cancel or fill the order of an id."""

    cancel: str = ""
    fill: str = ""
    amount: float | None = None
    order: ByHand | None = None


class Transfer(msgspec.Struct, forbid_unknown_fields=True):
    """Put money in (negative: take it out); *account* is "spot" or "futures"."""

    currency: str
    amount: float
    account: Product = "spot"


class BookSet(msgspec.Struct, forbid_unknown_fields=True):
    """Show these levels, or upset the stream of changes."""

    symbol: str
    bids: list[tuple[float, float]] = []
    asks: list[tuple[float, float]] = []
    gap: int = 0
    duplicate: bool = False
    crossed: bool = False


class FundingSet(msgspec.Struct, forbid_unknown_fields=True):
    """Settle funding now at *rate* (a fraction)."""

    symbol: str
    rate: float


class FaultsSet(msgspec.Struct, forbid_unknown_fields=True):
    """From now on *faults* go wrong, and to the next requests what is *scripted*."""

    faults: LoopbackFaults | None = None
    scripted: list[Scripted] = []


class Silence(msgspec.Struct, forbid_unknown_fields=True):
    """Let every line be silent, or speak again."""

    silent: bool = True


def _faults(loopback: Loopback, asked: FaultsSet) -> Any:
    if asked.faults is not None:
        loopback.set_faults(asked.faults)
    for scripted in asked.scripted:
        loopback.script(scripted)
    return {}


def _price(loopback: Loopback, asked: PriceSet) -> Any:
    loopback.price(asked.symbol, asked.price, volume=asked.volume)
    return {}


def _orders(loopback: Loopback, asked: OrderSet) -> Any:
    if asked.cancel:
        return {"orderId": loopback.cancel(asked.cancel)}
    if asked.fill:
        loopback.fill(asked.fill, asked.amount)
        return {"orderId": asked.fill}
    if asked.order is None:
        raise ValueError("one of order, cancel and fill is needed")
    return {"orderId": loopback.place(asked.order)}


def _transfer(loopback: Loopback, asked: Transfer) -> Any:
    loopback.transfer(asked.currency, asked.amount, account=asked.account)
    return {}


def _book(loopback: Loopback, asked: BookSet) -> Any:
    if asked.bids or asked.asks:
        loopback.book(asked.symbol, bids=asked.bids, asks=asked.asks)
    if asked.gap:
        loopback.skip_numbers(asked.symbol, asked.gap)
    if asked.duplicate:
        loopback.repeat_change(asked.symbol)
    if asked.crossed:
        loopback.cross_book(asked.symbol)
    return {}


def _funding(loopback: Loopback, asked: FundingSet) -> Any:
    loopback.fund(asked.symbol, asked.rate)
    return {}


def _disconnect(loopback: Loopback, asked: Words) -> Any:
    loopback.disconnect()
    return {}


def _silence(loopback: Loopback, asked: Silence) -> Any:
    loopback.silence(asked.silent)
    return {}


DOORS: dict[str, tuple[type, Callable[[Loopback, Any], Any]]] = {
    "faults": (FaultsSet, _faults),
    "price": (PriceSet, _price),
    "orders": (OrderSet, _orders),
    "transfer": (Transfer, _transfer),
    "book": (BookSet, _book),
    "funding": (FundingSet, _funding),
    "disconnect": (dict, _disconnect),
    "silence": (Silence, _silence),
}


async def answer(loopback: Loopback, request: web.Request) -> web.Response:
    """Answer one request at the side door."""
    name = request.path.removeprefix(PREFIX)
    if request.method == "GET" and name == "ledger":
        return web.json_response(loopback.ledger())
    if request.method != "POST" or name not in DOORS:
        known = ", ".join(["ledger", *DOORS])
        return web.json_response({"error": f"no {name[:40]!r} here; known: {known}"}, status=404)
    kind, door = DOORS[name]
    try:
        asked: Any = msgspec.json.decode(await request.read() or b"{}", type=kind)
        return web.json_response(door(loopback, asked))
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
        return web.json_response({"error": str(error)}, status=400)
    except Refusal as refusal:
        return web.json_response({"error": refusal.message, "code": refusal.code}, status=409)
