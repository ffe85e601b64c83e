"""The simulated exchange's list of markets, and the character of each coin."""

from decimal import Decimal

import msgspec

from trading_mcp.domain.markets import PERPETUAL_SUFFIX, Market

EXCHANGE = "sim"
QUOTE = "USDT"


class Coin(msgspec.Struct, frozen=True, kw_only=True):
    """How one coin trades.

    Prices are whole ticks of 1/*ticks* USDT, amounts whole grains of 1/*grains* coin. *price*
    is the level it wanders around, *volatility* the standard deviation of its one-minute
    returns, *turnover* a usual day's spot volume in USDT, *depth* what usually lies within 0.1 %
    of the price on each side (USDT).
    """

    base: str
    price: float
    ticks: int
    grains: int
    contracts: int
    volatility: float
    turnover: float
    depth: float
    spread: float = 0.00005


COINS = (
    Coin(
        base="BTC",
        price=64_000,
        ticks=10,
        grains=100_000,
        contracts=10_000,
        volatility=0.00105,
        turnover=1.6e9,
        depth=300_000,
    ),
    Coin(
        base="ETH",
        price=3_200,
        ticks=100,
        grains=10_000,
        contracts=1_000,
        volatility=0.00115,
        turnover=0.9e9,
        depth=200_000,
    ),
    Coin(
        base="DOGE",
        price=0.16,
        ticks=100_000,
        grains=1,
        contracts=1,
        volatility=0.00140,
        turnover=0.15e9,
        depth=60_000,
    ),
    Coin(
        base="SOL",
        price=150,
        ticks=1_000,
        grains=1_000,
        contracts=100,
        volatility=0.00130,
        turnover=0.4e9,
        depth=120_000,
    ),
    Coin(
        base="XRP",
        price=0.60,
        ticks=100_000,
        grains=10,
        contracts=1,
        volatility=0.00120,
        turnover=0.2e9,
        depth=80_000,
    ),
)


def listed() -> tuple[tuple[Coin, Market], ...]:
    """Return every market, with the coin it trades."""
    return tuple((coin, kind(coin)) for coin in COINS for kind in (spot, perpetual))


def spot(coin: Coin) -> Market:
    """Return the coin's spot market."""
    step = 1 / Decimal(coin.grains)
    return Market(
        exchange=EXCHANGE,
        symbol=f"{coin.base}-{QUOTE}",
        base=coin.base,
        quote=QUOTE,
        type="spot",
        tick=1 / Decimal(coin.ticks),
        step=step,
        min_amount=step,
        min_notional=Decimal(1),
        maker_fee=Decimal("0.0008"),
        taker_fee=Decimal("0.001"),
    )


def perpetual(coin: Coin) -> Market:
    """Return the coin's perpetual market."""
    step = 1 / Decimal(coin.contracts)
    return Market(
        exchange=EXCHANGE,
        symbol=f"{coin.base}-{QUOTE}{PERPETUAL_SUFFIX}",
        base=coin.base,
        quote=QUOTE,
        type="perpetual",
        tick=1 / Decimal(coin.ticks),
        step=step,
        min_amount=step,
        min_notional=Decimal(5),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0006"),
        max_leverage=20,
        maintenance_margin=Decimal("0.005"),
    )
