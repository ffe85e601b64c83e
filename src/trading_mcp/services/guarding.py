"""What a caller may not do is refused here, and nowhere else."""

from typing import Any

import msgspec

from trading_mcp.domain.access import Scope
from trading_mcp.domain.errors import Forbidden
from trading_mcp.services.operations import Caller, Operation


def guarded(operation: Operation) -> Operation:
    """Return *operation* as only those can run it who may."""

    async def run(request: Any, caller: Caller) -> Any:
        must_have(operation.scope, caller.scopes, operation.name)
        return await operation.run(request, caller)

    return msgspec.structs.replace(operation, run=run)


def must_have(scope: Scope, scopes: frozenset[Scope], what: str) -> None:
    """Raise Forbidden unless *scope* is among *scopes*."""
    if scope not in scopes:
        raise Forbidden(
            f"{what} needs the scope {scope}",
            hint="Ask for a key or a user with that scope.",
            needed=scope,
            granted=sorted(scopes),
        )
