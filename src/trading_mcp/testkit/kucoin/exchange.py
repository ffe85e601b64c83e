"""The exchange behind the wire: it takes orders, follows its markets, and tells what happens."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import chain

from msgspec.structs import replace

from trading_mcp.adapters.simulated.lines import FUNDING_MS
from trading_mcp.domain.numbers import exact
from trading_mcp.domain.quotes import Move, OrderBook
from trading_mcp.domain.reports import VenueRefused
from trading_mcp.ports import Clock
from trading_mcp.testkit.kucoin.chance import Chance
from trading_mcp.testkit.kucoin.clerk import Clerk
from trading_mcp.testkit.kucoin.happenings import (
    OrderChanged,
    StopChanged,
)
from trading_mcp.testkit.kucoin.names import Listing
from trading_mcp.testkit.kucoin.prices import Prices
from trading_mcp.testkit.kucoin.refusals import (
    UNKNOWN_CONTRACT,
    UNKNOWN_SYMBOL,
    in_its_words,
    is_duplicate,
    is_halted,
    is_not_cancelable,
    is_unknown,
)
from trading_mcp.testkit.kucoin.register import Register
from trading_mcp.testkit.kucoin.settings import LoopbackSettings
from trading_mcp.testkit.kucoin.sizes import best_half, checked_size, crosses, fills_whole
from trading_mcp.testkit.kucoin.slips import Product, Refusal, Slip, Ticket, Wish
from trading_mcp.testkit.kucoin.wallets import Wallet


class Exchange:
    """Two accounts and their orders. Nothing in it waits; *chance* decides what goes wrong."""

    def __init__(
        self,
        settings: LoopbackSettings,
        *,
        listing: Listing,
        prices: Prices,
        clock: Clock,
        chance: Callable[[], Chance],
    ):
        self.settings, self.listing, self.prices, self.clock = settings, listing, prices, clock
        self._chance = chance
        self.wallets: dict[Product, Wallet] = {
            "spot": Wallet("spot", listing.spot, settings),
            "futures": Wallet("futures", listing.futures, settings),
        }
        self.register = Register(settings.seed)
        self.leverages: dict[str, int] = {}
        self.margin_modes: dict[str, str] = {}
        self.clerk = Clerk(self.register, self.wallets)
        self._followed = clock.now()
        self._open_account()

    def place(self, wish: Wish) -> Slip:
        """Take an order; raise Refusal if it can't be."""
        self.follow()
        self.register.asked[wish.product, wish.client_oid] += 1
        self._check_market(wish)
        self._check_client_oid(wish)
        slip = self._new_slip(wish)
        slip = self._hold(slip) if wish.stop else self._trade(slip)
        self.register.accepted[wish.product, wish.client_oid] += 1
        return slip

    def cancel(self, slip: Slip | None, product: Product) -> Slip:
        """Cancel an order; raise Refusal if there is none or it has ended."""
        self.follow()
        slip = self.register.find(slip.id) if slip else None
        if slip is None or slip.wish.product != product:
            raise is_unknown(product)
        chance = self._chance()
        if slip.in_book and chance.happens("race", chance.faults.cancel_race):
            slip = self.meet(slip, slip.remaining)
        if slip.state == "done":
            raise is_not_cancelable(product, hf=self.settings.hf)
        return self._cancel(slip)

    def meet(self, slip: Slip, amount: Decimal) -> Slip:
        """Trade *amount* (base) of a resting order, as if somebody had come for it."""
        account = self.wallets[slip.wish.product].account
        self.clerk.take_in(slip.wish.product, account.meet(slip.id, amount, self.clock.now()))
        return self._now(slip)

    def follow(self) -> None:
        """Let happen what the markets have done since the last look."""
        since, now = self._followed, self.clock.now()
        if now <= since:
            return
        self._followed = now
        for symbol in self._exposed():
            move = self.prices.move(symbol, since, now)
            if move:
                self.moved(symbol, move)
        if now // FUNDING_MS != since // FUNDING_MS:
            for symbol in list(self.wallets["futures"].account.state.stakes):
                self.fund(symbol, self.prices.funding_rate(symbol, now))
        self._expire(now)

    def moved(self, symbol: str, move: Move) -> None:
        """Let a move of a market meet what rests and what waits in it."""
        product = self.product(symbol)
        account, now = self.wallets[product].account, self.clock.now()
        entries = account.move(symbol, move, now, lambda: self.prices.book(symbol))
        self.clerk.take_in(product, entries)
        for slip in self.register.live(product):
            if slip.state == "waiting" and slip.wish.symbol == symbol and _reaches(move, slip.wish):
                self._trigger(slip)

    def fund(self, symbol: str, rate: float) -> None:
        """Settle funding at *rate*, a fraction."""
        account = self.wallets["futures"].account
        entries = account.fund(symbol, rate, self.prices.mark(symbol), self.clock.now())
        self.clerk.take_in("futures", entries)

    def transfer(self, product: Product, currency: str, amount: Decimal) -> None:
        """Put money into an account, or take it out if *amount* is negative."""
        wallet = self.wallets[product]
        if amount < 0 and -amount > wallet.spare(currency):
            raise Refusal("230003", "Balance insufficient!")
        wallet.transfer(currency, amount, self.clock.now())
        self.clerk.tell(wallet.changes("transfer"))

    def product(self, symbol: str) -> Product:
        """Return which account trades a market."""
        return "spot" if self.listing.markets[symbol].type == "spot" else "futures"

    def is_halted(self, symbol: str) -> bool:
        """Say whether a market does not trade now."""
        halted = self._chance().faults.halted
        return symbol in halted or self.listing.wire[symbol] in halted

    def _open_account(self) -> None:
        now = self.clock.now()
        for currency, amount in self.settings.balances.items():
            self.wallets["spot"].put(currency, exact(amount), now)
        self.wallets["futures"].put("USDT", exact(self.settings.futures_balance), now)

    def _check_market(self, wish: Wish) -> None:
        if wish.symbol not in self.listing.markets:
            raise UNKNOWN_SYMBOL if wish.product == "spot" else UNKNOWN_CONTRACT
        if self.is_halted(wish.symbol):
            raise is_halted(wish.product)

    def _check_client_oid(self, wish: Wish) -> None:
        # A real high-frequency account remembers ids; a classic one was seen to forget them.
        only_open = self.settings.reuse_client_oid and not self.settings.hf
        if self.register.is_taken(wish.product, wish.client_oid, only_open=only_open):
            raise is_duplicate(wish.product, hf=self.settings.hf)

    def _new_slip(self, wish: Wish, follows: str = "") -> Slip:
        stop = bool(wish.stop) and not follows
        order_id, now = self.register.new_id(wish.product, stop=stop), self.clock.now()
        return Slip(id=order_id, wish=wish, created_at=now, updated_at=now, follows=follows)

    def _hold(self, slip: Slip) -> Slip:
        """Keep an order until its stop is reached; nothing is tied up for it."""
        size = slip.wish.size if slip.wish.size is not None else Decimal(0)
        kept = self.register.keep(replace(slip, state="waiting", size=size))
        self.clerk.tell([StopChanged(slip=kept, change="open")])
        return kept

    def _trade(self, slip: Slip) -> Slip:
        """Bring an order into the book."""
        wish, market = slip.wish, self.listing.markets[slip.wish.symbol]
        account, book = self.wallets[wish.product].account, self.prices.book(wish.symbol)
        size = checked_size(wish, market, book, account.state.stakes.get(wish.symbol))
        slip = replace(slip, size=size)
        if wish.post_only and crosses(wish, book):
            return self._withdrawn(slip, "post_only")
        if wish.time_in_force == "FOK" and not fills_whole(wish, market, book, size):
            return self._withdrawn(slip, "fok")
        chance = self._chance()
        half = chance.happens("half", chance.faults.half_fill)
        if half:
            book = best_half(wish, market, book, size)
        # What somebody shows by hand is all there for each order.
        return self._submit(slip, book, fresh=half or self.prices.is_pinned(wish.symbol))

    def _submit(self, slip: Slip, book: OrderBook, *, fresh: bool) -> Slip:
        account = self.wallets[slip.wish.product].account
        try:
            entries = account.submit(self._ticket(slip), self.clock.now(), book, fresh=fresh)
        except VenueRefused as refused:
            raise in_its_words(refused, slip.wish.product) from refused
        self.register.keep(slip)
        self.clerk.tell([OrderChanged(slip=slip, change="received")])
        self.clerk.take_in(slip.wish.product, entries)
        slip = self._now(slip)
        if slip.state == "open" and slip.wish.time_in_force == "IOC":
            return self._cancel(slip)
        if slip.state == "open":
            self.clerk.tell([OrderChanged(slip=slip, change="open")])
        return slip

    def _ticket(self, slip: Slip) -> Ticket:
        wish = slip.wish
        leverage = self.leverages.get(wish.symbol, 1) if wish.margin_mode == "CROSS" else 0
        return Ticket(
            client_id=slip.id,
            symbol=wish.symbol,
            side=wish.side,
            type=wish.type,
            amount=slip.size,
            price=wish.price if wish.type == "limit" else None,
            reduce_only=wish.reduce_only or wish.close_order,
            leverage=leverage or wish.leverage,
        )

    def _withdrawn(self, slip: Slip, reason: str) -> Slip:
        kept = self.register.keep(replace(slip, state="done", cancelled=True, reason=reason))
        self.clerk.tell([OrderChanged(slip=kept, change="canceled")])
        return kept

    def _cancel(self, slip: Slip) -> Slip:
        now = self.clock.now()
        if slip.state == "waiting":
            done = replace(slip, state="done", cancelled=True, updated_at=now)
            kept = self.register.keep(done)
            self.clerk.tell([StopChanged(slip=kept, change="cancel")])
            return kept
        account = self.wallets[slip.wish.product].account
        self.clerk.take_in(slip.wish.product, account.cancel(slip.id, now))
        return self._now(slip)

    def _trigger(self, slip: Slip) -> None:
        """Let a stop order become an order: in spot another one, in futures the same."""
        now = self.clock.now()
        reached = replace(slip, triggered=True, updated_at=now)
        if slip.wish.product == "spot":
            self.register.keep(replace(reached, state="done"))
            follower = self._new_slip(slip.wish, follows=slip.id)
        else:
            follower = replace(reached, state="open")
        self.clerk.tell([StopChanged(slip=reached, change="triggered")])
        try:
            self._trade(follower)
        except Refusal as refusal:
            failed = replace(reached, state="done", cancelled=True, reason=refusal.message)
            self.register.keep(failed)
            self.clerk.tell([StopChanged(slip=failed, change="cancel")])

    def _expire(self, now: int) -> None:
        for slip in self.register.live():
            lifetime = slip.wish.cancel_after * 1000
            if lifetime and now >= slip.created_at + lifetime:
                self._cancel(slip)

    def _exposed(self) -> Iterable[str]:
        waiting = (s.wish.symbol for s in self.register.live() if s.state == "waiting")
        accounts = (wallet.account.exposed for wallet in self.wallets.values())
        return sorted({*waiting, *chain.from_iterable(accounts)})

    def _now(self, slip: Slip) -> Slip:
        return self.register.find(slip.id) or slip


def _reaches(move: Move, wish: Wish) -> bool:
    if wish.stop_price is None:
        return False
    level = float(wish.stop_price)
    return move.low <= level if wish.falls else move.high >= level
