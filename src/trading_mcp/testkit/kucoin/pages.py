"""Long lists, as KuCoin hands them out."""

from collections.abc import Sequence
from typing import Any

from trading_mcp.testkit.kucoin.calls import Call
from trading_mcp.testkit.kucoin.slips import Refusal

_MOST = 500


def paged(call: Call, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one page of a list."""
    size, number = call.integer("pageSize", 50), call.integer("currentPage", 1)
    if size > _MOST:
        raise Refusal("400100", "pageSize should not greater than 500")
    start = (max(number, 1) - 1) * size
    return {
        "currentPage": number,
        "pageSize": size,
        "totalNum": len(items),
        "totalPage": -(-len(items) // size),
        "items": list(items[start : start + size]),
    }


def limited(call: Call, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the beginning of a list, and where to go on: *lastId* counts what was shown."""
    start = call.integer("lastId", 0)
    shown = list(items[start : start + call.integer("limit", 20)])
    return {"lastId": start + len(shown) if shown else 0, "items": shown}
