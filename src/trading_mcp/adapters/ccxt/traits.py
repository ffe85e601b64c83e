"""What is different from exchange to exchange, as data: one row each, found by ccxt's name."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from trading_mcp.adapters.ccxt.allowance import Pool
from trading_mcp.domain.markets import MarketType

_ONE, _PERCENT = Decimal(1), Decimal("0.01")


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange's ways, as far as ccxt does not even them out.

    *book_limits*: the depths its REST accepts, ascending; empty: any. *candle_page*: how many
    candles it gives at once, where that is less than ccxt says. *lacks*: intervals it has not,
    by type of market. *trades_page*: how many trades REST tells at most.
    *trade_id_field*: what a raw trade is known by over REST and stream alike, if not by ccxt's id.
    *interest_in_contracts*: open interest is told in contracts, not in base.
    *next_rate_field*: where the raw funding rate says what comes after it.
    *pools*: what may be asked in a time, if known; *pool_rules* say which is drawn on, by how
    ccxt's names of the API and of the path begin: the first that fits.
    *maintenance_field*, *maintenance_unit*: where a raw perpetual says its maintenance margin, and
    what one there is. *max_leverage*: of perpetuals that don't tell.
    """

    book_limits: tuple[int, ...] = ()
    candle_page: Mapping[MarketType, int] = {}
    lacks: Mapping[MarketType, frozenset[str]] = {}
    trades_page: int = 100
    trade_id_field: str = ""
    interest_in_contracts: bool = False
    next_rate_field: str = ""
    maintenance_field: str = ""
    maintenance_unit: Decimal = _ONE
    max_leverage: int = 10
    pools: Mapping[str, Pool] = {}
    pool_rules: tuple[tuple[str, str, str], ...] = ()

    def pool_of(self, api: Any, path: str) -> str:
        """Return the name of the pool that a request draws on, "" if there is but one."""
        name = api if isinstance(api, str) else "".join(api)
        fitting = (p for a, b, p in self.pool_rules if name.startswith(a) and path.startswith(b))
        return next(fitting, "")


_MANAGING = ("user", "accounts", "sub", "deposit", "withdraw", "transfer", "bullet", "base-fee")
_KUCOIN = Traits(
    book_limits=(20, 100),
    # ccxt says 500 of futures, but KuCoin's own pages have 200.
    candle_page={"spot": 1500, "perpetual": 200},
    lacks={"perpetual": frozenset({"3m", "6h"})},
    # Its REST tells no trade ids of spot, and other ones than the stream.
    trade_id_field="sequence",
    interest_in_contracts=True,
    next_rate_field="predictedValue",
    maintenance_field="maintainMargin",
    # What the lowest tier may: by IP for public data, by account for the rest.
    pools={
        "public": Pool(2000, 30),
        "spot": Pool(4000, 30),
        "futures": Pool(2000, 30),
        "management": Pool(2000, 30),
    },
    pool_rules=(
        ("public", "", "public"),
        ("futuresPublic", "", "public"),
        ("futuresPrivate", "", "futures"),
        *(("private", path, "management") for path in _MANAGING),
        ("private", "", "spot"),
    ),
)
_BINANCE = Traits(
    book_limits=(5, 10, 20, 50, 100, 500, 1000),
    trades_page=1000,
    maintenance_field="maintMarginPercent",
    maintenance_unit=_PERCENT,
    max_leverage=20,
)
_KNOWN = {
    "kucoin": _KUCOIN,
    "kucoinfutures": _KUCOIN,
    "binance": _BINANCE,
    "binanceusdm": _BINANCE,
    "bybit": Traits(trades_page=1000),
    "okx": Traits(trades_page=500),
    "kraken": Traits(trades_page=1000),
}


def traits_of(kind: str) -> Traits:
    """Return the ways of the exchange that ccxt calls *kind*."""
    return _KNOWN.get(kind, Traits())
