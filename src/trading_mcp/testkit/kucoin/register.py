"""Every order that ever was: by the exchange's id, and by its sender's."""

from collections import Counter
from collections.abc import Iterator
from itertools import count

from trading_mcp.testkit.kucoin.slips import Product, Slip

_FUTURES_IDS = 234_125_150_956_625_920


class Register:
    """The orders of both accounts.

    *accepted* counts how often an order of a client id came to be, *asked* how often one arrived.
    """

    def __init__(self, seed: int):
        self._seed, self._numbers = seed, count(1)
        self._slips: dict[str, Slip] = {}
        self._live: dict[str, Slip] = {}
        self._by_client: dict[tuple[Product, str], list[str]] = {}
        self.accepted: Counter[tuple[Product, str]] = Counter()
        self.asked: Counter[tuple[Product, str]] = Counter()

    def new_id(self, product: Product, *, stop: bool) -> str:
        """Return an id that looks like the ones such orders have."""
        number = next(self._numbers)
        if product == "futures":
            return str(_FUTURES_IDS + number)
        return f"vs{number:022x}" if stop else f"{self._seed & 0xFFFFFFFF:08x}{number:016x}"

    def keep(self, slip: Slip) -> Slip:
        """Keep an order in place of what it was."""
        wish = slip.wish
        if slip.id not in self._slips:
            self._by_client.setdefault((wish.product, wish.client_oid), []).append(slip.id)
        self._slips[slip.id] = slip
        self._live[slip.id] = slip
        if slip.state == "done":
            del self._live[slip.id]
        return slip

    def find(self, order_id: str) -> Slip | None:
        """Return the order of that id."""
        return self._slips.get(order_id)

    def find_client(self, product: Product, client_oid: str, *, stop: bool) -> Slip | None:
        """Return the newest order of that client id, among stop orders or among the others."""
        ids = self._by_client.get((product, client_oid), [])
        found = (self._slips[order_id] for order_id in reversed(ids))
        return next((slip for slip in found if is_stop(slip) == stop), None)

    def is_taken(self, product: Product, client_oid: str, *, only_open: bool) -> bool:
        """Say whether an order has that client id, or had it."""
        ids = self._by_client.get((product, client_oid), []) if client_oid else []
        return any(not only_open or self._slips[order_id].state != "done" for order_id in ids)

    def live(self, product: Product | None = None) -> Iterator[Slip]:
        """Yield the orders that wait or can trade, oldest first."""
        for slip in list(self._live.values()):
            if product is None or slip.wish.product == product:
                yield slip

    def all(self, product: Product | None = None) -> Iterator[Slip]:
        """Yield the orders, oldest first."""
        for slip in list(self._slips.values()):
            if product is None or slip.wish.product == product:
                yield slip


def is_stop(slip: Slip) -> bool:
    """Say whether it is listed as a stop order: in spot for ever, in futures until triggered."""
    if slip.wish.product == "spot":
        return bool(slip.wish.stop) and not slip.follows
    return bool(slip.wish.stop) and not slip.triggered
