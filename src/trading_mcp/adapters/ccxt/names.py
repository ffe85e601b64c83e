"""How markets are called here and by ccxt: `BTC-USDT` is `BTC/USDT`, or `BTC/USDT:USDT`."""

from trading_mcp.domain.markets import PERPETUAL_SUFFIX


def unified(symbol: str) -> str:
    """Return ccxt's name of *symbol*."""
    base, _, quote = symbol.removesuffix(PERPETUAL_SUFFIX).partition("-")
    pair = f"{base}/{quote}"
    return f"{pair}:{quote}" if symbol.endswith(PERPETUAL_SUFFIX) else pair


def symbol_named(name: str) -> str:
    """Return our name of the market that ccxt calls *name*: linear perpetuals and spot alike."""
    pair, _, settled = name.partition(":")
    symbol = pair.replace("/", "-")
    return symbol + PERPETUAL_SUFFIX if settled else symbol
