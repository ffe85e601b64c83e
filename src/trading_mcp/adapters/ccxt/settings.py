"""The `[exchanges.NAME]` sections of real exchanges."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from trading_mcp.domain.markets import MarketType


class ExchangeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One real exchange.

    mode: "paper": its market data, and an account of our own that fills orders against it; no
        private request is made. "live": the account that the keys belong to, with real money.
    kind: the exchange as ccxt calls it; the section's own name if empty.
    base_url: another address for the exchange's REST; its WebSocket follows what answers there.
    allow_foreign_url: let base_url leave this machine. Whoever answers there gets signed orders.
    market_types: the kinds of markets that are traded.
    quotes: the currencies that markets are quoted in.
    api_key, secret, passphrase: `env:NAME` each, for live; or kept by `trading-mcp exchange-keys`.
    max_exposure_usd: the most that positions and working orders there may be worth together;
        live needs it.
    require_ip_list: refuse keys that may be used from any address.
    protective_stops: "exchange": each position's stop rests at the exchange where that can hold
        it; "server": stops are watched by this server alone.
    unprotected: what is done with a position whose stop can't be placed: "close" it, or "watch"
        its stop here and raise an alert.
    deadline_seconds: the exchange cancels what rests there when it has heard nothing of us for so
        long, where it has such a switch; 0: never.
    balance_usdt, latency_ms: of the paper account.
    """

    mode: Literal["paper", "live"] = "paper"
    kind: str = ""
    base_url: str = ""
    allow_foreign_url: bool = False
    market_types: tuple[MarketType, ...] = ("spot", "perpetual")
    quotes: tuple[str, ...] = ("USDT",)
    api_key: str = ""
    secret: str = ""
    passphrase: str = ""
    max_exposure_usd: Annotated[float, Meta(gt=0, le=1e12)] | None = None
    require_ip_list: bool = False
    protective_stops: Literal["exchange", "server"] = "exchange"
    unprotected: Literal["close", "watch"] = "close"
    deadline_seconds: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    balance_usdt: Annotated[float, Meta(gt=0, le=1e12)] = 10_000.0
    latency_ms: Annotated[float, Meta(ge=0, le=60_000)] = 50.0
