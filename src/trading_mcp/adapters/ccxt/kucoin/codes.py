"""What KuCoin's codes and words are evidence of."""

from collections.abc import Mapping

from trading_mcp.adapters.ccxt.refusals import Refusals
from trading_mcp.domain.reports import MARKET_CLOSED

SUCCESS = "200000"
CLOCK_IS_WRONG = "400002"
KEYS_ARE_WRONG = frozenset(
    {"400001", "400003", "400004", "400005", "400006", "400007", "400008", "400009", "411100"}
)
_NO_FUNDS, _TOO_SMALL, _OFF_GRID = "insufficient_balance", "below_minimum", "off_grid"
_PRICE, _KEYS, _FORBIDDEN = "price_out_of_range", "keys_refused", "not_allowed"
_TOO_MANY, _TOO_LARGE = "too_many_orders", "position_limit"
_REDUCE, _MODE = "reduce_only", "account_mode"

_REFUSED: Mapping[str, str] = {
    # The gateway turns these away before they reach the exchange.
    **dict.fromkeys(sorted(KEYS_ARE_WRONG), _KEYS),
    CLOCK_IS_WRONG: "clock_skew",
    "400401": _KEYS,
    # Spot.
    "200001": MARKET_CLOSED,
    "200003": _TOO_MANY,
    "200004": _NO_FUNDS,
    "200009": _FORBIDDEN,
    "210021": _NO_FUNDS,
    "230003": _NO_FUNDS,
    "260100": _NO_FUNDS,
    "400000": "unknown_market",
    "400200": _FORBIDDEN,
    "400303": _FORBIDDEN,
    "400330": _PRICE,
    "400350": _TOO_LARGE,
    "400370": _PRICE,
    "400500": _FORBIDDEN,
    "400600": MARKET_CLOSED,
    "400700": _FORBIDDEN,
    "400760": _PRICE,
    "600100": _TOO_SMALL,
    "600101": _TOO_SMALL,
    "600203": MARKET_CLOSED,
    # The same of the high-frequency account.
    "126003": _TOO_SMALL,
    "126004": MARKET_CLOSED,
    "126005": _FORBIDDEN,
    "126006": MARKET_CLOSED,
    "126007": MARKET_CLOSED,
    "126009": MARKET_CLOSED,
    "126011": _TOO_MANY,
    "126013": _NO_FUNDS,
    "126015": _FORBIDDEN,
    "126021": _FORBIDDEN,
    "126022": _PRICE,
    "126027": MARKET_CLOSED,
    "126028": MARKET_CLOSED,
    "126029": _PRICE,
    "126030": _PRICE,
    "126042": _TOO_LARGE,
    "126045": _FORBIDDEN,
    "126046": _FORBIDDEN,
    "126047": _FORBIDDEN,
    "126048": _FORBIDDEN,
    # Futures.
    "300001": _TOO_MANY,
    "300002": MARKET_CLOSED,
    "300003": _NO_FUNDS,
    "300004": _TOO_MANY,
    "300005": _TOO_LARGE,
    "300009": _REDUCE,
    "300011": _PRICE,
    "300012": _PRICE,
    "330005": _MODE,
    "330008": _TOO_LARGE,
    "330012": _MODE,
}
_REFUSED_WORDS: Mapping[str, str] = {
    # 400100 and 300000 say anything from "no balance" to "client id is taken": only words count.
    "account.available.amount": _NO_FUNDS,
    "Order size below the minimum requirement.": _TOO_SMALL,
    "The quantity is below the minimum requirement.": _TOO_SMALL,
    "Order size increment invalid.": _OFF_GRID,
    "The amount increment is invalid.": _OFF_GRID,
    "Unsupported trading pair.": "unknown_market",
    "validation.createOrder.symbolNotAvailable": MARKET_CLOSED,
}
REFUSALS = Refusals(codes=_REFUSED, words=_REFUSED_WORDS)

UNCERTAIN = frozenset(
    {
        # The order may well be there.
        "126033",  # duplicate order
        "126044",  # client id is taken
        # No order of ours is answered by them, or they say nothing about an order.
        "100001",
        "100004",
        "101030",
        "103000",
        "112010",
        "126000",
        "126001",
        "126002",
        "126010",
        "126034",
        "126036",
        "126037",
        "126041",
        "126043",
        "210014",
        "260000",
        "260220",
        "300000",
        "400100",
        "400400",
        "401000",
        "404000",
        "415000",
        "900014",
        *(f"1301{n:02}" for n in range(1, 9)),
        *(f"1302{n:02}" for n in range(1, 5)),
        *(f"1303{n:02}" for n in range(1, 16)),
        # Something behind the gateway failed, maybe after it had done its work.
        "126038",
        "126039",
        "135005",
        "135018",
        "408000",
        "500000",
        # KuCoin says 429000 of a full quota, and of a server that is overloaded.
        "200002",
        "429000",
        # HTTP statuses that ccxt lists as codes.
        *("400", "401", "403", "404", "405", "415", "429", "500", "503"),
    }
)
"""Codes that are known, and on purpose no evidence that an order was not accepted."""

_UNKNOWN_ORDER = frozenset(
    {
        "order not exist",
        "the order does not exist",
        "error getorder ordernotexist",
        "order does not exist",
    }
)
_NOT_CANCELABLE = frozenset(
    {
        *_UNKNOWN_ORDER,
        "order not exist or not allow to be cancelled",
        "order not exist or not allow to cancel",
        "the order cannot be canceled",
        "order is in not cancelable state",
    }
)
_ORDER_CODES = frozenset({"400100", "100001", "100004", "order_not_exist"})


def is_unknown_order(code: str, message: str) -> bool:
    """Say whether the answer to a query means for certain that there is no such order."""
    return code in _ORDER_CODES and _plain(message) in _UNKNOWN_ORDER


def is_gone(code: str, message: str) -> bool:
    """Say whether the answer to a cancel means that there was nothing to cancel (any more)."""
    return code in _ORDER_CODES and _plain(message) in _NOT_CANCELABLE


def _plain(message: str) -> str:
    words = message.lower().replace("_", " ").replace(".", " ").split()
    return " ".join(words)
