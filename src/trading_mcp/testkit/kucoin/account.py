"""KuCoin's accounts over REST: balances, statements, deposits, the key itself."""

from trading_mcp.domain.markets import Market
from trading_mcp.testkit.kucoin import spot_words
from trading_mcp.testkit.kucoin.calls import Call, Json, Route
from trading_mcp.testkit.kucoin.happenings import Booking
from trading_mcp.testkit.kucoin.names import text
from trading_mcp.testkit.kucoin.pages import paged
from trading_mcp.testkit.kucoin.parts import Parts

_CREATED = 1_728_443_843_000
UID = 165_111_215
_MOST_LINES = 100


def accounts(kucoin: Parts, call: Call) -> Json:
    """List every currency of the spot account."""
    kucoin.exchange.follow()
    kind = "trade_hf" if kucoin.settings.hf else "trade"
    wanted, currency = call.text("type", kind), call.text("currency")
    balances = kucoin.exchange.wallets["spot"].balances().values()
    shown = (b for b in balances if wanted == kind and currency in ("", b.currency))
    return [spot_words.account(balance, kind) for balance in shown]


def statement(kucoin: Parts, call: Call) -> Json:
    """List what moved the classic account, newest first."""
    lines = [spot_words.statement_line(b, hf=False) for b in _bookings(kucoin, call)]
    return paged(call, lines)


def statement_hf(kucoin: Parts, call: Call) -> Json:
    """List what moved the high-frequency account, newest first."""
    lines = [spot_words.statement_line(b, hf=True) for b in _bookings(kucoin, call)]
    return lines[: call.integer("limit", _MOST_LINES)]


def deposits(kucoin: Parts, call: Call) -> Json:
    """List deposits, newest first."""
    return paged(call, [_movement(b) for b in _bookings(kucoin, call) if b.kind == "deposit"])


def withdrawals(kucoin: Parts, call: Call) -> Json:
    """List withdrawals, newest first."""
    return paged(call, [_movement(b) for b in _bookings(kucoin, call) if b.kind == "withdrawal"])


def api_key(kucoin: Parts, call: Call) -> Json:
    """Tell what the key may do."""
    words = {
        "remark": "loopback",
        "apiKey": kucoin.settings.api_key,
        "apiVersion": 3,
        "permission": kucoin.settings.permissions,
        "createdAt": _CREATED,
        "uid": UID,
        "isMaster": True,
    }
    ip_list = kucoin.settings.ip_list
    return {**words, "ipWhitelist": ip_list} if ip_list else words


def is_hf(kucoin: Parts, call: Call) -> Json:
    """Say whether the spot account is a high-frequency one."""
    return kucoin.settings.hf


def account_mode(kucoin: Parts, call: Call) -> Json:
    """Tell that this is not a unified account."""
    return {"selfAccountMode": "CLASSIC"}


def user_info(kucoin: Parts, call: Call) -> Json:
    """Tell how many sub-accounts there are: none."""
    kinds = ("", "spot", "margin", "futures", "option")
    counts = {f"{kind}SubQuantity" if kind else "subQuantity": 0 for kind in kinds}
    most = {f"max{kind.title()}SubQuantity": 0 for kind in kinds}
    return {"level": 0, **counts, **most, "maxDefaultSubQuantity": 0}


def fees(kucoin: Parts, call: Call) -> Json:
    """Tell the fees of some markets."""
    names = call.needed("symbols").split(",")
    found = [market for name in names if (market := kucoin.listing.market(name))]
    return [{"symbol": market.symbol, **_rates(market)} for market in found]


def base_fee(kucoin: Parts, call: Call) -> Json:
    """Tell the usual fees."""
    return _rates(kucoin.listing.spot[0])


def cross_margin_symbols(kucoin: Parts, call: Call) -> Json:
    """List the markets that lend to the whole account: none."""
    return {"timestamp": kucoin.clock.now(), "items": []}


def isolated_symbols(kucoin: Parts, call: Call) -> Json:
    """List the markets that lend by themselves: none."""
    return []


def _bookings(kucoin: Parts, call: Call) -> list[Booking]:
    kucoin.exchange.follow()
    currency = call.text("currency")
    start, end = call.integer("startAt", 0), call.integer("endAt", 1 << 62)
    is_transfer = call.text("bizType").upper() == "TRANSFER"
    return [
        booking
        for booking in reversed(kucoin.exchange.wallets["spot"].bookings)
        if currency in ("", booking.currency)
        and start <= booking.at <= end
        and (not is_transfer or booking.kind == "transfer")
    ]


def _movement(booking: Booking) -> dict[str, Json]:
    return {
        "id": str(booking.id),
        "currency": booking.currency,
        "chain": "trx",
        "status": "SUCCESS",
        "address": "loopback",
        "memo": "",
        "isInner": False,
        "amount": text(abs(booking.amount)),
        "fee": "0",
        "walletTxId": f"{booking.id:x}",
        "createdAt": booking.at,
        "updatedAt": booking.at,
        "remark": "",
        "arrears": False,
    }


def _rates(market: Market) -> dict[str, str]:
    taker, maker = text(market.taker_fee), text(market.maker_fee)
    return {"takerFeeRate": taker, "makerFeeRate": maker}


ROUTES = (
    Route("GET", "/api/ua/v1/account/mode", account_mode, "General", "query"),
    Route("GET", "/api/v1/hf/accounts/opened", is_hf, "General", "query"),
    Route("GET", "/api/v1/hf/accounts/ledgers", statement_hf, "General", "query"),
    Route("GET", "/api/v1/accounts/ledgers", statement, "General", "query"),
    Route("GET", "/api/v1/accounts", accounts, "General", "query"),
    Route("GET", "/api/v1/deposits", deposits, "General", "query"),
    Route("GET", "/api/v1/withdrawals", withdrawals, "General", "query"),
    Route("GET", "/api/v1/user/api-key", api_key, "General", "query"),
    Route("GET", "/api/v2/user-info", user_info, "General", "query"),
    Route("GET", "/api/v1/trade-fees", fees, "General", "query"),
    Route("GET", "/api/v1/base-fee", base_fee, "General", "query"),
    Route("GET", "/api/v3/margin/symbols", cross_margin_symbols, "General", "query"),
    Route("GET", "/api/v1/isolated/symbols", isolated_symbols, "General", "query"),
)
