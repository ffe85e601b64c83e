"""The loopback KuCoin as its owner holds it: addresses, controls, and the truth."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import Level, OrderBook
from trading_mcp.testkit.kucoin.books import Change
from trading_mcp.testkit.kucoin.clock import SkewedClock
from trading_mcp.testkit.kucoin.deadman import DeadMan
from trading_mcp.testkit.kucoin.feed import Feed
from trading_mcp.testkit.kucoin.happenings import Happening
from trading_mcp.testkit.kucoin.ledger import ledger_of
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.pushes import Push, pushes_of
from trading_mcp.testkit.kucoin.settings import LoopbackFaults, LoopbackSettings, Scripted
from trading_mcp.testkit.kucoin.slips import ByHand, Product, Refusal, Wish
from trading_mcp.testkit.kucoin.sockets import USER, Hub
from trading_mcp.testkit.kucoin.unified import PREFIX

Words = dict[str, Any]
Levels = Sequence[tuple[float, float]]
_MOST_SENT = 20_000


class Loopback(Parts):
    """A KuCoin on this machine. Amounts given and told are base, whatever is traded."""

    ticking: asyncio.Task[None]
    """What looks at the market again and again while the server runs."""

    def __init__(self, settings: LoopbackSettings, clock: SkewedClock):
        super().__init__(settings, clock)
        self.hub = Hub()
        self.feed = Feed(self, self.hub)
        self.deadman = DeadMan()
        self.over = asyncio.Event()
        self.requests: Counter[str] = Counter()
        self.private_requests: Counter[str] = Counter()
        self.sent: list[str] = []
        self.port = settings.port
        self._scripts: list[Scripted] = []
        self._changed = asyncio.Event()
        self._last_change: dict[str, Change] = {}
        self.exchange.clerk.on_happening = self._push
        self.hub.on_request = self._note_sent

    @property
    def base_url(self) -> str:
        """Where REST answers: the one address for spot and futures."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where the WebSocket answers."""
        return f"ws://127.0.0.1:{self.port}/endpoint"

    def ledger(self) -> Words:
        """Return everything that the exchange truly has, and every request that reached it."""
        private = sum(self.private_requests.values())
        counted = {"requests": dict(self.requests), "private_requests": private}
        return {**ledger_of(self), **counted, "socket_messages": list(self.sent)}

    def script(self, scripted: Scripted) -> None:
        """Let this become of the next requests that fit; earlier scripts come first."""
        self._scripts.append(scripted)

    def take_script(self, method: str, path: str) -> Scripted | None:
        """Return what was scripted for a request, and use it up."""
        for place, script in enumerate(self._scripts):
            if script.method in ("", method) and path.startswith(script.path):
                rest = [replace(script, times=script.times - 1)] if script.times > 1 else []
                self._scripts[place : place + 1] = rest
                return script
        return None

    def set_faults(self, faults: LoopbackFaults) -> None:
        """Let other things go wrong from now on."""
        super().set_faults(faults)
        self.wake()

    def price(self, name: str, price: float | None, *, volume: float | None = None) -> None:
        """Move a market to *price*, on which *volume* trades, and keep it there.

        Without *volume* enough trades for every order on the way. None lets the market go on.
        """
        symbol = self.listing.symbol(name)
        self.exchange.follow()
        if price is None:
            self.prices.release(symbol)
        else:
            self.exchange.moved(symbol, self.prices.pin(symbol, price, volume))
        self.tick()

    def book(self, name: str, *, bids: Levels, asks: Levels) -> None:
        """Show these levels (price, base) from now on; none at all: the usual ones."""
        symbol, now = self.listing.symbol(name), self.clock.now()
        sides = {"bids": _levels(bids), "asks": _levels(asks)}
        shown = OrderBook(symbol=symbol, at=now, **sides) if bids or asks else None
        self.prices.show(symbol, shown)
        self.tick()

    def place(self, order: ByHand) -> str:
        """Place an order by hand, without a client id; return its id."""
        symbol = self.listing.symbol(order.symbol)
        wish = Wish(
            product=self.exchange.product(symbol),
            symbol=symbol,
            side=order.side,
            type=order.type,
            size=exact(order.amount),
            price=None if order.price is None else exact(order.price),
            stop=order.stop,
            stop_price=None if order.stop_price is None else exact(order.stop_price),
            reduce_only=order.reduce_only,
            leverage=order.leverage,
        )
        return self.exchange.place(wish).id

    def cancel(self, order_id: str) -> str:
        """Cancel an order by hand; return its id."""
        slip = self.exchange.register.find(order_id)
        if slip is None:
            raise Refusal("400100", "order not exist.")
        return self.exchange.cancel(slip, slip.wish.product).id

    def fill(self, order_id: str, amount: float | None = None) -> None:
        """Trade a resting order at its price, whole or *amount* (base) of it."""
        slip = self.exchange.register.find(order_id)
        if slip is None or not slip.in_book:
            raise Refusal("400100", "order not exist.")
        self.exchange.meet(slip, slip.remaining if amount is None else exact(amount))

    def transfer(self, currency: str, amount: float, *, account: Product = "spot") -> None:
        """Put money into an account, or take it out if *amount* is negative."""
        self.exchange.transfer(account, currency, exact(amount))

    def fund(self, name: str, rate: float) -> None:
        """Settle a perpetual's funding now, at *rate* (a fraction)."""
        self.exchange.fund(self.listing.symbol(name), rate)

    def disconnect(self) -> None:
        """Cut every WebSocket."""
        self.hub.drop_all()

    def silence(self, silent: bool = True) -> None:
        """Let every WebSocket that is open say nothing more, not even pong; or speak again."""
        for socket in self.hub.sockets:
            socket.stalled = silent

    def skip_numbers(self, name: str, count: int = 1) -> None:
        """Lose *count* changes of a book on their way."""
        self.books.of(self.listing.symbol(name)).skip(count)

    def repeat_change(self, name: str) -> None:
        """Tell the last change of a book once more."""
        symbol = self.listing.symbol(name)
        change = self._last_change.get(symbol)
        if change:
            self.feed.repeat_book(symbol, change)

    def cross_book(self, name: str) -> None:
        """Tell of a bid above the best ask; the next look takes it back."""
        symbol = self.listing.symbol(name)
        best = self.prices.book(symbol, 1).asks[0].price
        market = self.listing.markets[symbol]
        price = float(market.near_price(Decimal(str(best * 1.001))))
        change = self.books.of(symbol).upset("bids", price, float(market.step))
        self.on_book(symbol, [change])

    def publish_book(self, symbol: str) -> None:
        """Publish a market's book as it is now, to those who follow it first."""
        changes = self.books.refresh(symbol)
        if changes:
            self._last_change[symbol] = changes[-1]
        self.on_book(symbol, changes)

    def tick(self) -> None:
        """Look at the markets once: match, and tell."""
        self.exchange.follow()
        if self.deadman.is_due(self.clock.now()):
            self.deadman.fire(self.exchange)
        self.feed.tick()
        self._upset_sockets()
        self.wake()

    def wake(self) -> None:
        """Let those look again who wait for something."""
        self._changed.set()

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until something is so; raise TimeoutError if it is not in *seconds*."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _upset_sockets(self) -> None:
        for socket in list(self.hub.sockets):
            socket.flush()
            if self.chance.happens("drop", self.chance.faults.drop_socket):
                socket.drop()

    def _note_sent(self, text: str) -> None:
        self.sent.append(text)
        if len(self.sent) > _MOST_SENT:
            del self.sent[: _MOST_SENT // 2]
        self.wake()

    def _push(self, happening: Happening) -> None:
        for push in pushes_of(self, happening):
            for socket, topic in self.hub.listeners(push.kind, push.name):
                socket.tell_oddly(_message(push, topic), self.chance)
        self.wake()


def _message(push: Push, topic: str) -> Words:
    if topic.startswith(PREFIX):
        return {"T": push.subject, "d": push.data}
    head = {"topic": topic, "type": "message", "subject": push.subject}
    return {**head, "userId": USER, "channelType": "private", "data": push.data}


def _levels(levels: Levels) -> tuple[Level, ...]:
    return tuple(Level(price, amount) for price, amount in levels)
