"""KuCoin's futures account over REST: its sums, positions, funding and statement."""

from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.futures_words import funding as funding_words
from trading_mcp.testkit.kucoin.futures_words import overview as overview_words
from trading_mcp.testkit.kucoin.futures_words import position as position_words
from trading_mcp.testkit.kucoin.futures_words import statement_line
from trading_mcp.testkit.kucoin.names import text, wire_name
from trading_mcp.testkit.kucoin.pages import paged
from trading_mcp.testkit.kucoin.parts import Parts
from trading_mcp.testkit.kucoin.refusals import UNKNOWN_CONTRACT
from trading_mcp.testkit.kucoin.slips import Refusal

_FIRST_FUNDING = 1_472_387_374_042_586


def overview(kucoin: Parts, call: Call) -> Json:
    """Tell the account's sums in one currency."""
    kucoin.exchange.follow()
    return overview_words(kucoin, call.text("currency", "USDT"))


def position(kucoin: Parts, call: Call) -> Json:
    """Tell one position, held or not."""
    kucoin.exchange.follow()
    return position_words(kucoin, _market(kucoin, call).symbol)


def positions(kucoin: Parts, call: Call) -> Json:
    """List the positions."""
    kucoin.exchange.follow()
    stakes = kucoin.exchange.wallets["futures"].account.state.stakes
    return [position_words(kucoin, symbol) for symbol in stakes]


def funding_history(kucoin: Parts, call: Call) -> Json:
    """List what funding was received or paid, newest first."""
    kucoin.exchange.follow()
    market = _market(kucoin, call)
    start, end = call.integer("startAt", 0), call.integer("endAt", 1 << 62)
    mark = float(kucoin.prices.mark(market.symbol))
    paid = [
        funding_words(one, market, _FIRST_FUNDING + number, mark)
        for number, one in enumerate(kucoin.exchange.wallets["futures"].account.state.fundings)
        if one.symbol == market.symbol and start <= one.at <= end
    ]
    return {"dataList": paid[::-1][: call.integer("maxCount", 10)], "hasMore": False}


def statement(kucoin: Parts, call: Call) -> Json:
    """List what moved the account, newest first."""
    kucoin.exchange.follow()
    start, end = call.integer("startAt", 0), call.integer("endAt", 1 << 62)
    equity = overview_words(kucoin, call.text("currency", "USDT"))["accountEquity"]
    bookings = reversed(kucoin.exchange.wallets["futures"].bookings)
    names = kucoin.listing.wire
    shown = (b for b in bookings if start <= b.at <= end)
    lines = [statement_line(b, names.get(b.symbol, ""), equity) for b in shown]
    most = call.integer("maxCount", 50)
    return {"dataList": lines[:most], "hasMore": len(lines) > most}


def leverage(kucoin: Parts, call: Call) -> Json:
    """Tell the leverage of a market's cross positions."""
    market = _market(kucoin, call)
    number = kucoin.exchange.leverages.get(market.symbol, 1)
    return {"symbol": wire_name(market), "leverage": str(number)}


def set_leverage(kucoin: Parts, call: Call) -> Json:
    """Set the leverage of a market's cross positions."""
    market, number = _market(kucoin, call), call.integer("leverage", 0)
    if not 1 <= number <= market.max_leverage:
        raise Refusal("100001", "Leverage cannot be greater than the maximum.")
    kucoin.exchange.leverages[market.symbol] = number
    return True


def margin_mode(kucoin: Parts, call: Call) -> Json:
    """Tell whether a market's positions share their margin."""
    market = _market(kucoin, call)
    mode = kucoin.exchange.margin_modes.get(market.symbol, "ISOLATED")
    return {"symbol": wire_name(market), "marginMode": mode}


def set_margin_mode(kucoin: Parts, call: Call) -> Json:
    """Let a market's positions share their margin, or not: in name; their margin stays apart."""
    market, mode = _market(kucoin, call), call.needed("marginMode")
    kucoin.exchange.margin_modes[market.symbol] = mode
    return {"symbol": wire_name(market), "marginMode": mode}


def position_mode(kucoin: Parts, call: Call) -> Json:
    """Tell that a market has one position, long or short."""
    return {"positionMode": 0}


def past_positions(kucoin: Parts, call: Call) -> Json:
    """List positions that are gone: none are remembered."""
    return paged(call, [])


def fee(kucoin: Parts, call: Call) -> Json:
    """Tell a market's fees."""
    market = _market(kucoin, call)
    rates = {"takerFeeRate": text(market.taker_fee), "makerFeeRate": text(market.maker_fee)}
    return {"symbol": wire_name(market), **rates}


def _market(kucoin: Parts, call: Call) -> Market:
    market = kucoin.listing.market(call.needed("symbol"))
    if market is None or market.type == "spot":
        raise UNKNOWN_CONTRACT
    return market


_POSITION = "/api/v2/position"
ROUTES = (
    Route("GET", "/api/v1/account-overview", overview, "General", "query"),
    Route("GET", "/api/v1/position", position, "General", "query"),
    Route("GET", "/api/v1/positions", positions, "General", "query"),
    Route("GET", "/api/v1/history-positions", past_positions, "General", "query"),
    Route("GET", "/api/v1/funding-history", funding_history, "General", "query"),
    Route("GET", "/api/v1/transaction-history", statement, "General", "query"),
    Route("GET", "/api/v1/trade-fees", fee, "General", "query"),
    Route("GET", "/api/v2/getCrossUserLeverage", leverage, "General", "query"),
    Route("POST", "/api/v2/changeCrossUserLeverage", set_leverage, "Futures", "query"),
    Route("GET", f"{_POSITION}/getMarginMode", margin_mode, "General", "query"),
    Route("POST", f"{_POSITION}/changeMarginMode", set_margin_mode, "Futures", "query"),
    Route("GET", f"{_POSITION}/getPositionMode", position_mode, "General", "query"),
)
