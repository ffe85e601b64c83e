"""Questions in KuCoin's own form: an answer is `{"code": "200000", "data": ...}` or a failure."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from trading_mcp.adapters.ccxt.allowance import Purpose
from trading_mcp.adapters.ccxt.asking import Asker
from trading_mcp.adapters.ccxt.evidence import AskFailed
from trading_mcp.adapters.ccxt.kucoin.codes import SUCCESS, is_gone, is_unknown_order

Raw = Mapping[str, Any]
"""An object of KuCoin's, as it came."""
_MOST_PAGES = 200


class Questions:
    """Asks by the names that ccxt has for KuCoin's paths."""

    def __init__(self, asker: Asker):
        self._asker = asker

    async def ask(self, method: str, *, purpose: Purpose = "query", **params: Any) -> Any:
        """Return the answer's data; raise AskFailed for anything that is not one."""
        make = getattr(self._asker.client, method)
        answer = await self._asker.call(purpose, lambda: make(params))
        if not isinstance(answer, Mapping) or answer.get("code") != SUCCESS:
            raise AskFailed(f"{method} was answered with something that is not KuCoin's")
        return answer.get("data")

    async def find(self, method: str, **params: Any) -> Raw | None:
        """Return an order, or None if KuCoin says that there is none."""
        try:
            data = await self.ask(method, **params)
        except AskFailed as failed:
            if failed.answer and is_unknown_order(failed.answer.code, failed.answer.message):
                return None
            raise
        found = data[0] if isinstance(data, list) and data else data
        return found if isinstance(found, Mapping) and found else None

    async def cancel(self, method: str, **params: Any) -> bool:
        """Ask to cancel; return False if there was nothing to cancel."""
        try:
            await self.ask(method, purpose="cancel", **params)
        except AskFailed as failed:
            if failed.answer and is_gone(failed.answer.code, failed.answer.message):
                return False
            raise
        return True

    async def pages(self, method: str, *, size: int, **params: Any) -> AsyncIterator[Raw]:
        """Yield what all pages of a numbered list hold."""
        for page in range(1, _MOST_PAGES + 1):
            data = await self.ask(method, currentPage=page, pageSize=size, **params)
            for item in objects(data.get("items")):
                yield item
            if page >= int(data.get("totalPage") or 0):
                return
        raise AskFailed(f"{method} has more than {_MOST_PAGES} pages")

    async def batches(self, method: str, *, size: int, **params: Any) -> AsyncIterator[Raw]:
        """Yield what a list holds that goes on after the last id."""
        last: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            data = await self.ask(method, limit=size, **last, **params)
            items = objects(data.get("items") if isinstance(data, Mapping) else data)
            for item in items:
                yield item
            after = {"lastId": _last_id(data, items)}
            if len(items) < size or after == last:
                return
            last = after
        raise AskFailed(f"{method} has more than {_MOST_PAGES} batches")


def objects(items: Any) -> list[Raw]:
    """Return a list of objects as it should be; raise AskFailed if it is something else."""
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise AskFailed("KuCoin answered with something that is no list")
    return items


def _last_id(data: Any, items: list[Raw]) -> Any:
    told = data.get("lastId") if isinstance(data, Mapping) else None
    return told or (items[-1].get("id") if items else None)
