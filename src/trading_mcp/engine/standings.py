"""The account's sums per market, kept up as entries and prices come in, not counted anew."""

from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trading_mcp.domain.accounts import Asset, Flow, Worth, asset_key, pricing_markets
from trading_mcp.domain.markets import ExchangeTerms, Market, MarketKey, MarketType
from trading_mcp.domain.numbers import EXACT, ZERO, exact
from trading_mcp.domain.orders import EXTERNAL, Order
from trading_mcp.domain.positions import Position
from trading_mcp.domain.quotes import PriceMove
from trading_mcp.domain.times import MINUTE_MS
from trading_mcp.engine.state import State
from trading_mcp.portfolio.book import held_asset
from trading_mcp.risk.standing import Price, Standing
from trading_mcp.rules import costs

_PICO = Decimal("1e-12")


class _Share(msgspec.Struct, frozen=True):
    """What one market adds to the account's sums, in quote unless said otherwise."""

    exposure: Decimal = ZERO
    locked: Decimal = ZERO
    positions: int = 0
    owners: dict[str, Decimal] = {}


class Standings:
    """The sums that the gate asks for, per market and together."""

    def __init__(
        self,
        state: State,
        markets: dict[MarketKey, Market],
        terms: Mapping[str, ExchangeTerms] | None = None,
    ):
        self.state = state
        self.markets = markets
        self.terms = terms or {}
        self.doubts: dict[str, dict[str, str]] = {}
        self.prices: dict[MarketKey, Price] = {}
        self.marks: dict[MarketKey, Decimal] = {}
        self._priced_at: dict[MarketKey, int] = {}
        self._orders: dict[MarketKey, dict[str, Order]] = {}
        self._positions: dict[MarketKey, dict[str, Position]] = {}
        self._shares: dict[MarketKey, _Share] = {}
        self._dirty: set[MarketKey] = set()
        self._exposure = self._count = ZERO
        self._exposures: dict[str, Decimal] = {}
        self._locked: dict[str, Decimal] = {}
        self._owners: dict[str, Decimal] = {}
        entries = (o for o in (*state.ended.values(), *state.orders.values()) if not o.reduce_only)
        self._entry_times = sorted(o.created_at for o in entries)
        self._equity = ZERO
        self._worths: dict[Asset, Decimal] = {}
        self._unpriced: set[Asset] = set()
        self._moved: set[Asset] = set(state.cash)
        self._quotes = {asset_key(m.exchange, m.quote) for m in markets.values()}
        for order in state.orders.values():
            self.note_order(order)
        for position in state.positions.values():
            self.note_position(position)
        self._dirty.update(state.cash.keys() & markets.keys())

    def note_price(self, move: PriceMove) -> None:
        """Take in a market's newest price."""
        last = exact(move.last)
        self.prices[move.market] = Price(exact(move.bid), exact(move.ask), last, True)
        self._priced_at[move.market] = move.at
        self._mark(move.market, last)

    def note_trade(self, market: MarketKey, price: Decimal, at: int) -> None:
        """Take in a trade of ours: unless it is an old one, the market's last price."""
        if at >= self._priced_at.get(market, at):
            self._mark(market, price)

    def _mark(self, market: MarketKey, price: Decimal) -> None:
        if self.marks.get(market) != price:
            self.marks[market] = price
            self._dirty.add(market)
            self._moved.add(held_asset(self.markets[market]))

    def lose_prices(self, exchange: str) -> None:
        """Mark all of an exchange's prices as stale."""
        for key in self.prices:
            if key.startswith(f"{exchange}:"):
                self.lose_price(key)

    def lose_price(self, key: MarketKey) -> None:
        """Mark one market's price as stale."""
        if key in self.prices:
            self.prices[key] = msgspec.structs.replace(self.prices[key], fresh=False)

    def worth(self, asset: Asset, amount: Decimal) -> Decimal | None:
        """Return what so much of *asset* is worth, in quote; None while its price is not known."""
        if amount == 0:
            return ZERO
        for key in pricing_markets(asset):
            if key in self.markets:
                mark = self.marks.get(key)
                return None if mark is None else EXACT.multiply(amount, mark)
        # What no market prices (dust of a third coin) is worth nothing to a limit.
        return amount if asset in self._quotes else ZERO

    def note_order(self, order: Order) -> None:
        """Take in an order's newest state."""
        held = self._orders.setdefault(order.market, {})
        if order.working:
            held[order.id] = order
        else:
            held.pop(order.id, None)
        self._dirty.add(order.market)

    def note_entry(self, at: int) -> None:
        """Count an approved entry towards the rate limit."""
        del self._entry_times[: bisect_right(self._entry_times, at - MINUTE_MS)]
        self._entry_times.append(at)

    def note_flows(self, *flows: Flow) -> None:
        """Take in that assets' balances have changed."""
        assets = {flow.asset for flow in flows}
        self._moved.update(assets)
        self._dirty.update(assets & self.markets.keys())

    def note_position(self, position: Position) -> None:
        """Take in a position's newest state."""
        held = self._positions.setdefault(position.market, {})
        if position.is_open:
            held[position.id] = position
        else:
            held.pop(position.id, None)
        self._dirty.add(position.market)

    def positions_in(self, key: MarketKey) -> tuple[Position, ...]:
        """Return the open positions of one market."""
        return tuple(self._positions.get(key, {}).values())

    def orders_in(self, key: MarketKey) -> tuple[Order, ...]:
        """Return the working orders of one market."""
        return tuple(self._orders.get(key, {}).values())

    def exposure(self) -> Decimal:
        """Return the notional of all positions and working entries."""
        self._refresh()
        return self._exposure

    def exposure_of(self, key: MarketKey) -> Decimal:
        """Return the notional of one market's positions and working entries."""
        self._refresh()
        return self._shares.get(key, _Share()).exposure

    def equity(self) -> Decimal | None:
        """Return what everything is worth in quote, or None while a held price is unknown."""
        for asset in self._moved:
            self._value(asset)
        self._moved.clear()
        return None if self._unpriced else self._equity

    def worths(self) -> dict[str, Worth]:
        """Return each exchange's account at the last prices; only known while the equity is."""
        found: dict[str, Worth] = {}
        for asset, amount in self.state.cash.items():
            _add(found, asset.partition(":")[0], equity=self.worth(asset, amount) or ZERO)
        for position in self.state.positions.values():
            mark = self.marks.get(position.market, position.entry_price)
            _add(found, position.exchange, open_pnl=position.open_pnl(mark))
        return found

    def unrealized(
        self, exchange: str | None = None, market_type: MarketType | None = None
    ) -> Decimal:
        """Return the profit of open positions at the last prices, before fees, in quote."""
        return sum(
            (
                position.unrealized_pnl(self.marks.get(position.market, position.entry_price))
                for position in self.state.positions.values()
                if exchange in (None, position.exchange)
                and market_type in (None, self.markets[position.market].type)
            ),
            ZERO,
        )

    def free_quote(self, exchange: str, currency: str) -> Decimal:
        """Return the quote currency that neither margins nor reservations tie up."""
        self._refresh()
        asset = asset_key(exchange, currency)
        return self.state.cash.get(asset, ZERO) - self._locked.get(asset, ZERO)

    def standing(self, key: MarketKey, now: int) -> Standing:
        """Return the account as an order on *key* sees it now."""
        self._refresh()
        market, state = self.markets[key], self.state
        halted = self._halted(market)
        return Standing(
            now=now,
            market=market,
            price=self.prices.get(key),
            parameters=state.parameters,
            mode=state.mode,
            kill_switch=state.kill_switch,
            pauses=state.pauses,
            equity=self.equity(),
            exposure=self._exposure,
            exchange_exposure=self._exposures.get(market.exchange, ZERO),
            exchange_limit=self.terms.get(market.exchange, ExchangeTerms()).max_exposure,
            doubt=next(iter(self.doubts.get(market.exchange, {}).values()), None),
            halted=self.state.halted.get(halted) if halted is not None else None,
            halted_asset=halted,
            owner_exposure=lambda owner: self._owners.get(owner, ZERO),
            owner_weight=self._weight,
            positions_open=int(self._count),
            positions=self.positions_in(key),
            orders=self.orders_in(key),
            free_quote=self.free_quote(market.exchange, market.quote),
            free_base=self._free_base(market),
            foreign=self._foreign(market),
            recent_entries=self._entries_since(now - MINUTE_MS),
        )

    def _halted(self, market: Market) -> Asset | None:
        assets = (held_asset(market), asset_key(market.exchange, market.quote))
        return next((asset for asset in assets if asset in self.state.halted), None)

    def _entries_since(self, at: int) -> int:
        return len(self._entry_times) - bisect_right(self._entry_times, at)

    def _weight(self, owner: str) -> float:
        settings = self.state.strategies.get(owner)
        return settings.weight if settings else 0.0

    def _value(self, asset: Asset) -> None:
        worth = self.worth(asset, self.state.cash.get(asset, ZERO))
        if worth is None:
            self._unpriced.add(asset)
        else:
            self._unpriced.discard(asset)
        change = EXACT.subtract(worth or ZERO, self._worths.get(asset, ZERO))
        self._equity = EXACT.add(self._equity, change)
        self._worths[asset] = worth or ZERO

    def _free_base(self, market: Market) -> Decimal:
        held = self.state.cash.get(held_asset(market), ZERO)
        owned = sum((p.size for p in self.positions_in(market.key)), ZERO)
        selling = sum(
            (
                o.remaining
                for o in self.orders_in(market.key)
                if o.side == "sell" and not o.reduce_only
            ),
            ZERO,
        )
        return held - owned - selling

    def _foreign(self, market: Market) -> Decimal:
        """Return how much of a perpetual (base, signed) is held that belongs to no position."""
        if market.type != "perpetual":
            return ZERO
        owned = sum((p.sign * p.size for p in self.positions_in(market.key)), ZERO)
        return self.state.cash.get(held_asset(market), ZERO) - owned

    def _refresh(self) -> None:
        for key in sorted(self._dirty):
            self._replace(key, self._share(key))
        self._dirty.clear()

    def _replace(self, key: MarketKey, new: _Share) -> None:
        old = self._shares.get(key, _Share())
        exchange = self.markets[key].exchange
        quote = asset_key(exchange, self.markets[key].quote)
        self._exposure += new.exposure - old.exposure
        there = self._exposures.get(exchange, ZERO)
        self._exposures[exchange] = there + new.exposure - old.exposure
        self._count += new.positions - old.positions
        self._locked[quote] = self._locked.get(quote, ZERO) + new.locked - old.locked
        for owner in {**old.owners, **new.owners}:
            change = new.owners.get(owner, ZERO) - old.owners.get(owner, ZERO)
            self._owners[owner] = self._owners.get(owner, ZERO) + change
        self._shares[key] = new

    def _share(self, key: MarketKey) -> _Share:
        market, mark = self.markets[key], self.marks.get(key)
        owners: dict[str, Decimal] = {}
        locked = ZERO
        building: set[str] = set()
        for position in self.positions_in(key):
            building.add(position.id)
            worth = EXACT.multiply(abs(position.size), mark or position.entry_price)
            owners[position.owner] = owners.get(position.owner, ZERO) + worth
            if market.type == "perpetual":
                # The quote already paid the whole (signed) entry value; only the margin is tied.
                locked += position.margin - position.sign * position.open_value
        foreign = self._foreign(market)
        if foreign:
            # A perpetual that no position of ours explains: its margin may be all it is worth.
            worth = EXACT.multiply(foreign, mark or ZERO)
            owners[EXTERNAL] = abs(worth)
            locked += abs(worth) - worth
        for order in self.orders_in(key):
            if order.reduce_only:
                continue
            if order.position_id is not None:
                building.add(order.position_id)
            worth = EXACT.multiply(order.remaining, order.reserved_price)
            owners[order.owner] = owners.get(order.owner, ZERO) + worth
            if market.type == "perpetual" or order.side == "buy":
                locked += costs.needed_funds(worth, Decimal(order.leverage), market.taker_fee)
        exposure = sum(owners.values(), ZERO)
        return _Share(exposure, locked.quantize(_PICO, context=EXACT), len(building), owners)


def _add(worths: dict[str, Worth], exchange: str, **more: Decimal) -> None:
    worth = worths.get(exchange, Worth())
    sums = {name: EXACT.add(getattr(worth, name), value) for name, value in more.items()}
    worths[exchange] = msgspec.structs.replace(worth, **sums)
