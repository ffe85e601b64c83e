"""Which order is which: KuCoin's trades and stop orders don't say their client id."""

from collections import OrderedDict

_MOST = 10_000


class Names:
    """Remembers what client id an order has, by KuCoin's own, and back; forgets the oldest."""

    def __init__(self) -> None:
        self._clients: OrderedDict[str, str] = OrderedDict()
        self._venues: OrderedDict[str, str] = OrderedDict()

    def learn(self, venue_id: str, client_id: str) -> None:
        """Remember an order. A stop that was reached is one client id for two of KuCoin's."""
        _put(self._clients, venue_id, client_id)
        _put(self._venues, client_id, venue_id)

    def client_id(self, venue_id: str) -> str | None:
        """Return an order's client id, None if it was never seen."""
        return self._clients.get(venue_id)

    def venue_id(self, client_id: str) -> str | None:
        """Return the id that KuCoin gave an order last."""
        return self._venues.get(client_id)


def _put(names: "OrderedDict[str, str]", key: str, value: str) -> None:
    names[key] = value
    names.move_to_end(key)
    if len(names) > _MOST:
        names.popitem(last=False)
