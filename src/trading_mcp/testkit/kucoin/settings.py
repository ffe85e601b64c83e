"""How a loopback KuCoin behaves, and what goes wrong on it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Probability = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[float, Meta(ge=0, le=600_000)]

Kind = Literal[
    "reset",
    "hang",
    "cut",
    "http_500",
    "http_502",
    "http_503",
    "html_200",
    "empty_200",
    "code_408000",
    "http_429",
    "code_429000",
    "unknown_code",
    "duplicate_oid",
]
"""A way for an answer not to be one."""
Act = Literal["place", "cancel", "query", "public"]
"""What a request is for: orders in, orders out, other private questions, market data."""
FeeCoin = Literal["quote", "base", "KCS"]


class Scripted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of the next *times* requests of *method* (empty: any) whose path begins so.

    *after_accept* says whether the request still does what it asks for.
    """

    kind: Kind
    path: str = "/"
    method: str = ""
    times: Annotated[int, Meta(ge=1)] = 1
    after_accept: bool = True


class LoopbackFaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often what goes wrong, each from 0 (never) to 1 (always); the same seed, the same run.

    The first thirteen are per request of one of *acts*; *accepted* is the share of those requests
    that did what they asked for, unseen.
    accept_delay_ms: from and to; so long after its arrival an order exists. A lost answer is lost
        at once.
    half_fill: an order meets half of what it could trade at once. cancel_race: a cancel finds its
        order filled.
    duplicate_push, late_push, reorder_push: per message on an account's channels; late ones by
        *late_ms*.
    drop_socket: per tick and socket. clock_skew_ms: how far the exchange's clock is ahead.
    halted: markets that do not trade. candle_gaps: candles that are left out.
    """

    reset: Probability = 0.0
    hang: Probability = 0.0
    cut: Probability = 0.0
    http_500: Probability = 0.0
    http_502: Probability = 0.0
    http_503: Probability = 0.0
    html_200: Probability = 0.0
    empty_200: Probability = 0.0
    code_408000: Probability = 0.0
    http_429: Probability = 0.0
    code_429000: Probability = 0.0
    unknown_code: Probability = 0.0
    duplicate_oid: Probability = 0.0
    accepted: Probability = 0.5
    acts: tuple[Act, ...] = ("place", "cancel")
    accept_delay_ms: tuple[Milliseconds, Milliseconds] = (0.0, 0.0)
    half_fill: Probability = 0.0
    cancel_race: Probability = 0.0
    duplicate_push: Probability = 0.0
    late_push: Probability = 0.0
    late_ms: Milliseconds = 1000.0
    reorder_push: Probability = 0.0
    drop_socket: Probability = 0.0
    clock_skew_ms: Annotated[int, Meta(ge=-3_600_000, le=3_600_000)] = 0
    halted: tuple[str, ...] = ()
    candle_gaps: Probability = 0.0


class LoopbackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A loopback KuCoin, its one account and its one key.

    port: 0 takes any free one. seed: of the market and of every fault. hf: the account is a
        high-frequency one. balances: of the spot account; futures_balance: USDT of the other.
    manual: prices move only when told to; they begin at *prices*, or at each coin's usual one.
    symbols: the markets there are, by any of their names; empty: all.
    ip_list: what the key says of the addresses it may be used from, empty: any.
    tick_ms: between two looks at the market, and two pushes of it. fee_coin: what fees are taken
        in; KCS as long as there is any, at *kcs_price* USDT.
    reuse_client_oid: as the real classic account, refuse a client id only while its order is open.
    rate_limit: what one account may spend in 30 seconds; a request costs 2. hang_seconds: how long
        a request that is not answered is kept open.
    """

    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    seed: int = 1
    hf: bool = False
    balances: dict[str, float] = msgspec.field(default_factory=lambda: {"USDT": 10_000.0})
    futures_balance: Annotated[float, Meta(ge=0, le=1e12)] = 10_000.0
    permissions: str = "General,Spot,Futures"
    ip_list: str = ""
    api_key: str = "loopback-key"
    secret: str = "loopback-secret"
    passphrase: str = "loopback-passphrase"
    manual: bool = False
    prices: dict[str, float] = {}
    symbols: tuple[str, ...] = ()
    tick_ms: Annotated[int, Meta(ge=1, le=60_000)] = 100
    fee_coin: FeeCoin = "quote"
    kcs_price: Annotated[float, Meta(gt=0)] = 10.0
    reuse_client_oid: bool = False
    rate_limit: Annotated[int, Meta(ge=1)] = 1_000_000
    hang_seconds: Annotated[float, Meta(gt=0, le=3600)] = 60.0
    faults: LoopbackFaults = LoopbackFaults()
