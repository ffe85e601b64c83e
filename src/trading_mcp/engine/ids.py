"""Identifiers: a prefix, the time, and the journal's count, so that they sort and never repeat."""

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def identifier(prefix: str, at: int, seq: int) -> str:
    """Return e.g. `ord_01kb2q7m8x0001a` for time *at* (UTC ms) and count *seq*."""
    return f"{prefix}_{_base32(at, 10)}{_base32(seq, 7)}"


def _base32(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, rest = divmod(number, 32)
        digits = _DIGITS[rest] + digits
    return digits


def order_id_of(client_id: str) -> str:
    """Return our order's id from what the exchange knows it by: the id and our tag."""
    return client_id.rpartition("-")[0]


def adopted_id(client_id: str) -> str:
    """Return the id of an order that is not ours, from what the exchange knows it by."""
    return f"ext_{client_id}"
