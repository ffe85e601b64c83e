"""The table of operations: each declared once, offered by REST and MCP alike."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec

from trading_mcp.domain.access import Scope

Toolset = Literal["market", "analysis", "orders", "portfolio", "risk", "scalping", "strategies"]
Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])


class Request(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False
):
    """The base of every request: unknown fields are refused."""


class Caller(msgspec.Struct, frozen=True):
    """On whose behalf an operation runs, and through which door.

    *claim* names the request that an idempotency key stands for, once it is known to be the first.
    *scopes* is what the principal may do; nothing, unless somebody says so. *told* hears what
    share of a long operation is done (0 to 1), and what is being done.
    """

    principal: str
    idempotency_key: str | None = None
    claim: str | None = None
    scopes: frozenset[Scope] = frozenset()
    told: Callable[[float, str], None] | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may be asked for.

    *description* tells an agent when to use it and when not. *rest_only* and *mcp_only* say why
    an operation is missing on the other face; an empty string means it is on both.
    *tells_progress*: it may take long, and says how far it is (`Caller.told`).
    """

    name: str
    run: Callable[[Any, Caller], Awaitable[Any]]
    request: type[Request]
    answer: type[msgspec.Struct]
    description: str
    toolset: Toolset
    scope: Scope
    read_only: bool
    destructive: bool
    idempotent: bool
    rest_only: str
    mcp_only: str
    tells_progress: bool


def operation(
    toolset: Toolset,
    scope: Scope = "read",
    *,
    destructive: bool = False,
    idempotent: bool | None = None,
    rest_only: str = "",
    mcp_only: str = "",
    tells_progress: bool = False,
) -> Callable[[Method], Method]:
    """Declare a method `(self, request, caller) -> answer` as an operation.

    Its name, docstring and annotations become the operation's name, description and types. An
    operation of scope "read" changes nothing. *destructive* means that it can lose or risk money
    or stop something; *idempotent* that doing it twice is as doing it once.
    """
    read_only = scope == "read"

    def mark(method: Method) -> Method:
        method.__operation__ = {  # type: ignore[attr-defined]  # a mark for `table` to find
            "toolset": toolset,
            "scope": scope,
            "read_only": read_only,
            "destructive": destructive,
            "idempotent": read_only if idempotent is None else idempotent,
            "rest_only": rest_only,
            "mcp_only": mcp_only,
            "tells_progress": tells_progress,
        }
        return method

    return mark


def table(*services: object) -> dict[str, Operation]:
    """Collect the operations of *services*, by name, in the order they are declared."""
    found: dict[str, Operation] = {}
    for service in services:
        for name, member in vars(type(service)).items():
            marks = getattr(member, "__operation__", None)
            if marks is None:
                continue
            if name in found:
                raise ValueError(f"two operations are called {name}")
            hints = get_type_hints(member, include_extras=True)
            found[name] = Operation(
                name=name,
                run=getattr(service, name),
                request=hints["request"],
                answer=hints["return"],
                description=" ".join((member.__doc__ or "").split()),
                **marks,
            )
    return found
