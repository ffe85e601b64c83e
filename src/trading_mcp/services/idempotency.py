"""Same key, same effect once, same answer: over retries, callers in parallel, and crashes."""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from trading_mcp.domain import entries as e
from trading_mcp.domain.errors import IdempotencyConflict, StorageUnavailable
from trading_mcp.domain.orders import Order
from trading_mcp.engine.session import Session
from trading_mcp.services.operations import Caller, Operation

AT_ONCE = frozenset({"activate_kill_switch", "configure_alerts"})
"""Never answered from memory: to stop is right however often, and whatever was said before; and
not even a digest of secrets belongs in the journal."""
Resumed = Callable[[Order], Awaitable[Any]]
"""Gives the answer for an order whose request was cut off before it was answered."""


class Idempotency:
    """Wraps operations that change something, so that a repeated key does not repeat the effect.

    Operations that send orders are resumed by the type of their answer.
    """

    def __init__(self, session: Session, resumed: Mapping[type[msgspec.Struct], Resumed]):
        self._session, self._resumed = session, resumed
        self._running: dict[str, tuple[str, asyncio.Future[Any]]] = {}

    def wrap(self, operation: Operation) -> Operation:
        """Return *operation* made safe to repeat. One that only reads stays as it is."""
        if operation.read_only or operation.name in AT_ONCE:
            return operation

        async def run(request: Any, caller: Caller) -> Any:
            key = request.idempotency_key or caller.idempotency_key
            if key is None:
                return await operation.run(request, caller)
            keyed = msgspec.structs.replace(caller, idempotency_key=key)
            return await self._once(operation, request, keyed)

        return msgspec.structs.replace(operation, run=run)

    async def _once(self, operation: Operation, request: Any, caller: Caller) -> Any:
        name = f"{caller.principal}:{caller.idempotency_key}"
        digest = _digest(operation, request)
        if name in self._running:
            known, running = self._running[name]
            _must_match(known, digest, caller)
            return await asyncio.shield(running)
        if (answered := self._session.state.answers.get(name)) is not None:
            _must_match(answered.request, digest, caller)
            return msgspec.convert(answered.answer, operation.answer)
        claim = f"{name}#{digest}"
        cut_off = self._order_of(name)
        if cut_off is not None and cut_off.idempotency != claim:
            raise _conflict(caller)
        claimed = msgspec.structs.replace(caller, claim=claim)
        work = asyncio.ensure_future(self._run(operation, request, claimed, digest, cut_off))
        self._running[name] = (digest, work)
        work.add_done_callback(lambda _: self._running.pop(name, None))
        # A caller that goes away must not take the effect's record with it.
        return await asyncio.shield(work)

    async def _run(
        self,
        operation: Operation,
        request: Any,
        caller: Caller,
        digest: str,
        cut_off: Order | None,
    ) -> Any:
        answer = (
            await self._resumed[operation.answer](cut_off)
            if cut_off is not None
            else await operation.run(request, caller)
        )
        answered = e.Answered(
            at=self._session.clock.now(),
            principal=caller.principal,
            key=caller.idempotency_key or "",
            operation=operation.name,
            request=digest,
            answer=msgspec.to_builtins(answer),
        )
        # It is done, and an order's own entry has the key: "unavailable" would be untrue.
        with contextlib.suppress(StorageUnavailable):
            await self._session.record(answered)
        return answer

    def _order_of(self, name: str) -> Order | None:
        state = self._session.state
        for shelf in (state.orders, state.ended):
            for order in shelf.values():
                if order.idempotency and order.idempotency.rpartition("#")[0] == name:
                    return order
        return None


def _digest(operation: Operation, request: Any) -> str:
    fields = msgspec.to_builtins(request)
    fields.pop("idempotency_key", None)
    return hashlib.sha256(msgspec.json.encode([operation.name, fields])).hexdigest()


def _must_match(known: str, digest: str, caller: Caller) -> None:
    if known != digest:
        raise _conflict(caller)


def _conflict(caller: Caller) -> IdempotencyConflict:
    return IdempotencyConflict(
        f"The idempotency key {caller.idempotency_key!r} was used for a different request",
        hint="Use a new key for a new request; repeat a request with its own key.",
    )
