"""The markets of the loopback KuCoin, under its names and under ours."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from trading_mcp.adapters.simulated.catalog import COINS, perpetual, spot
from trading_mcp.domain.markets import PERPETUAL_SUFFIX, Market

EXCHANGE = "kucoin"
_CONTRACTS = {"BTC": "0.001", "ETH": "0.01", "DOGE": "100", "SOL": "0.1", "XRP": "10"}
_COINS = {"BTC": "XBT"}


class Listing:
    """What is listed. Perpetuals trade in contracts; elsewhere amounts are in base."""

    def __init__(self, symbols: Iterable[str] = ()):
        markets = [_listed(make(coin)) for coin in COINS for make in (spot, perpetual)]
        self.wire = {market.symbol: wire_name(market) for market in markets}
        self._known = {name: symbol for symbol, name in self.wire.items()}
        wanted = {self.symbol(name) for name in symbols} or set(self.wire)
        self.markets = {m.symbol: m for m in markets if m.symbol in wanted}
        self.wire = {symbol: wire_name(market) for symbol, market in self.markets.items()}
        self._known = {name: symbol for symbol, name in self.wire.items()}
        self.prices = {make(c).symbol: c.price for c in COINS for make in (spot, perpetual)}

    @property
    def spot(self) -> list[Market]:
        """The spot markets."""
        return [market for market in self.markets.values() if market.type == "spot"]

    @property
    def futures(self) -> list[Market]:
        """The perpetuals."""
        return [market for market in self.markets.values() if market.type == "perpetual"]

    def symbol(self, name: str) -> str:
        """Return our symbol for any name of a market; raise ValueError for an unknown one."""
        if name in self._known:
            return self._known[name]
        if name in self.wire:
            return name
        raise ValueError(f"unknown market {name[:40]!r}; known: {', '.join(self._known)}")

    def market(self, name: str) -> Market | None:
        """Return the market of that KuCoin name, None if it is not listed."""
        symbol = self._known.get(name)
        return self.markets[symbol] if symbol else None


def coin_name(base: str) -> str:
    """Return what KuCoin's futures call a coin."""
    return _COINS.get(base, base)


def wire_name(market: Market) -> str:
    """Return what KuCoin calls a market: BTC-USDT, XBTUSDTM."""
    if market.type == "spot":
        return market.symbol
    return f"{coin_name(market.base)}{market.quote}M"


def contracts(market: Market, amount: Decimal | float) -> int:
    """Return how many contracts an amount of base is."""
    return round(Decimal(str(amount)) / market.step)


def text(value: Decimal | float) -> str:
    """Return a number as KuCoin writes it: plain digits, no zeros behind."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _listed(market: Market) -> Market:
    listed = replace(market, exchange=EXCHANGE)
    if not market.symbol.endswith(PERPETUAL_SUFFIX):
        return replace(listed, maker_fee=Decimal("0.001"), min_notional=Decimal("0.1"))
    contract = Decimal(_CONTRACTS[market.base])
    # What can be left of a position is whole contracts, however little they are worth.
    return replace(listed, step=contract, min_amount=contract, min_notional=Decimal(0))
