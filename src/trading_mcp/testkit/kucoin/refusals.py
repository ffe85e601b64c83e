"""KuCoin's own words for why an order is refused."""

from trading_mcp.domain.reports import VenueRefused
from trading_mcp.testkit.kucoin.slips import Product, Refusal

_SPOT = {
    "insufficient_balance": ("200004", "Balance insufficient!"),
    "below_minimum": ("400100", "Order size below the minimum requirement."),
    "off_grid": ("600100", "Order size increment invalid."),
    "no_liquidity": ("300000", "No orders in the book."),
}
_FUTURES = {
    "insufficient_balance": ("300003", "Balance insufficient. Please deposit first."),
    "below_minimum": ("400100", "The quantity is below the minimum requirement."),
    "reduce_only": ("300009", "No open positions to close."),
    "leverage_out_of_range": ("100001", "Leverage cannot be greater than the maximum."),
}
UNKNOWN_SYMBOL = Refusal("900001", "The trading pair does not exist")
UNKNOWN_CONTRACT = Refusal("100001", "Contract parameter invalid: symbol does not exist.")


def in_its_words(refused: VenueRefused, product: Product) -> Refusal:
    """Return what KuCoin calls the matching account's refusal."""
    words = _SPOT if product == "spot" else _FUTURES
    return Refusal(*words.get(refused.code, ("400100", refused.message)))


def is_duplicate(product: Product, *, hf: bool) -> Refusal:
    """Return what KuCoin says to a client id that it knows."""
    if product == "spot" and hf:
        return Refusal("126044", "clientOid duplicate")
    return Refusal("400100", "validation.createOrder.clientOidDuplicated")


def is_halted(product: Product) -> Refusal:
    """Return what KuCoin says to an order in a market that does not trade."""
    if product == "spot":
        return Refusal("400600", "validation.createOrder.symbolNotAvailable")
    return Refusal("300000", "The contract is suspended.")


def is_not_cancelable(product: Product, *, hf: bool) -> Refusal:
    """Return what KuCoin says to the cancel of an order that has ended."""
    if product == "spot" and hf:
        return Refusal("400100", "order_not_exist_or_not_allow_to_cancel")
    code = "400100" if product == "spot" else "100004"
    return Refusal(code, "The order cannot be canceled.")


def is_unknown(product: Product) -> Refusal:
    """Return what KuCoin says about an order that it has never heard of."""
    if product == "spot":
        return Refusal("400100", "order not exist.")
    return Refusal("100001", "error.getOrder.orderNotExist")
