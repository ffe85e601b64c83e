"""What an agent, or its user, may read beside the tools: the account's state, the manual."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastmcp.exceptions import ResourceError, ValidationError
from fastmcp.resources import Resource, ResourceTemplate
from mcp.types import Annotations

from trading_mcp.api.errors import problem
from trading_mcp.api.mcp import manual
from trading_mcp.api.mcp.catalogue import Entry
from trading_mcp.api.mcp.tools import caller_of, plain
from trading_mcp.api.mcp.toolsets import TOOLSETS, WHERE
from trading_mcp.api.reading import read_fields
from trading_mcp.services.operations import Operation

JSON, MARKDOWN = "application/json", "text/markdown"
Operations = Mapping[str, Operation]


class View(msgspec.Struct, frozen=True):
    """A resource made of what operations answer, each under a name; of a single one as it is."""

    uri: str
    title: str
    description: str
    priority: float
    operations: Mapping[str, str]


VIEWS = (
    View(
        "trading://status",
        "Status",
        "Whether the engine runs, what it trades, what is wrong.",
        0.9,
        {"status": "bot_status"},
    ),
    View(
        "trading://positions",
        "Open positions",
        "Every open position with its stops and unrealized profit.",
        1.0,
        {"positions": "get_positions"},
    ),
    View(
        "trading://risk",
        "Risk",
        "Drawdowns, kill switch and risk mode; the limits; the exposure.",
        0.9,
        {"state": "get_risk_state", "limits": "get_risk_limits", "exposure": "get_exposure"},
    ),
    View(
        "trading://strategies",
        "Strategies",
        "The enabled strategies, their weights and records, and plugins that could not be loaded.",
        0.6,
        {"strategies": "list_strategies"},
    ),
)


def resources(operations: Operations, entries: Sequence[Entry]) -> list[Resource]:
    """Return what is there to be read without naming anything; *entries* are the tools."""
    views = [_view(view, operations) for view in VIEWS]
    index = Resource.from_function(
        manual.index,
        uri="trading://docs",
        name="docs",
        title="Documentation",
        description="The pages of the server's documentation.",
        mime_type=MARKDOWN,
        annotations=_for_both(0.3),
    )
    return [*views, _toolsets(entries), index]


def templates(operations: Operations) -> list[ResourceTemplate]:
    """Return what is there to be read by name."""

    async def strategy(name: str) -> str:
        return await _read({"strategy": operations["get_strategy"]}, name=name)

    return [
        ResourceTemplate.from_function(
            strategy,
            "trading://strategies/{name}",
            title="One strategy",
            description="A strategy's parameters, weight and record.",
            mime_type=JSON,
            annotations=_for_both(0.5),
        ),
        ResourceTemplate.from_function(
            _page,
            "trading://docs/{page}",
            name="doc",
            title="A page of the documentation",
            description="trading://docs lists the pages.",
            mime_type=MARKDOWN,
            annotations=_for_both(0.3),
        ),
    ]


def _view(view: View, operations: Operations) -> Resource:
    asked = {name: operations[operation] for name, operation in view.operations.items()}

    async def read() -> str:
        return await _read(asked)

    return Resource.from_function(
        read,
        uri=view.uri,
        name=view.uri.removeprefix("trading://"),
        title=view.title,
        description=view.description,
        mime_type=JSON,
        annotations=_for_both(view.priority),
    )


def _toolsets(entries: Sequence[Entry]) -> Resource:
    def read() -> str:
        grouped = {
            name: [entry.name for entry in entries if entry.toolset == name] for name in TOOLSETS
        }
        return msgspec.json.encode(grouped).decode()

    return Resource.from_function(
        read,
        uri=WHERE,
        name="toolsets",
        title="Toolsets",
        description="The groups of tools, with those of each that are offered.",
        mime_type=JSON,
        annotations=_for_both(0.2),
    )


async def _read(operations: Operations, **fields: Any) -> str:
    """Ask *operations* on the reader's behalf; return their answers as JSON."""
    told = {name: await _ask(operation, fields) for name, operation in operations.items()}
    whole = told if len(told) > 1 else next(iter(told.values()))
    return msgspec.json.encode(whole).decode()


async def _ask(operation: Operation, fields: Mapping[str, Any]) -> dict[str, Any]:
    try:
        request = read_fields(fields, operation.request)
        return plain(await operation.run(request, caller_of(request)))
    except Exception as error:  # the boundary: a reader sees an error, never a traceback
        told = problem(error)
        kind = ValidationError if told.status < 500 else ResourceError
        # Not FastMCP's to log: what is a fault of ours is in the log already.
        raise kind(told.text(), log_level=logging.DEBUG) from None


def _page(page: str) -> str:
    try:
        return manual.page(page)
    except KeyError:
        known = ", ".join(manual.pages())
        raise ValidationError(
            f"No such page: {page[:64]}. There are: {known}", log_level=logging.DEBUG
        ) from None


def _for_both(priority: float) -> Annotations:
    return Annotations(audience=["user", "assistant"], priority=priority)
