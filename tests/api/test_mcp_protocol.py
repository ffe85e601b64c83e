"""What goes over the line, held to the protocol's own schemas, and to its own client."""

import gzip
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_running import Running
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

PROGRAM = Path(__file__).with_name("stdio_server.py")
BESIDE_CHECKOUT = Path(__file__).parents[3] / "shared" / "real"
SCHEMAS = (
    Path(os.environ.get("TRADING_MCP_REAL_DATA", BESIDE_CHECKOUT)) / "mcp" / "mcp_schemas.json.gz"
)
needs_schemas = pytest.mark.skipif(
    not SCHEMAS.is_file(), reason="real data is absent: set TRADING_MCP_REAL_DATA to its folder"
)

HANDSHAKE_ERA = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
NEWEST = "2026-07-28"
TRADE = {"pair": "BTC-USDT", "side": "buy", "amount": "1"}
QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("tools/list", {}, "ListToolsResult"),
    ("resources/list", {}, "ListResourcesResult"),
    ("resources/templates/list", {}, "ListResourceTemplatesResult"),
    ("prompts/list", {}, "ListPromptsResult"),
    ("tools/call", {"name": "get_positions", "arguments": {}}, "CallToolResult"),
    ("tools/call", {"name": "get_ticker", "arguments": {}}, "CallToolResult"),
    ("tools/call", {"name": "none", "arguments": {}}, "CallToolResult"),
    ("resources/read", {"uri": "trading://risk"}, "ReadResourceResult"),
    ("resources/read", {"uri": "trading://docs/mcp"}, "ReadResourceResult"),
    ("prompts/get", {"name": "check_a_trade", "arguments": TRADE}, "GetPromptResult"),
    ("prompts/get", {"name": "morning_brief"}, "GetPromptResult"),
]


class Line:
    """Speaks one revision of the protocol, without a library between."""

    def __init__(self, http: httpx.AsyncClient, revision: str):
        self._http, self._revision = http, revision
        accepted = "application/json, text/event-stream"
        http.headers.update({"Accept": accepted, "MCP-Protocol-Version": revision})

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return the whole answer to one request."""
        if self._revision == NEWEST:
            about = {"protocolVersion": NEWEST, "clientCapabilities": {}}
            meta = {f"io.modelcontextprotocol/{key}": value for key, value in about.items()}
            params = {**params, "_meta": meta}
        named = params.get("name") or params.get("uri")
        headers = {"Mcp-Method": method, **({"Mcp-Name": named} if named else {})}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        reply = await self._http.post("/mcp", json=body, headers=headers)
        self._http.headers.update(
            {k: v for k, v in reply.headers.items() if k.lower() == "mcp-session-id"}
        )
        return _answer(reply)

    async def begin(self) -> dict[str, Any]:
        """Introduce ourselves; return what the server says of itself."""
        if self._revision == NEWEST:
            return await self.ask("server/discover", {})
        client = {"name": "test", "version": "1"}
        hello = {"protocolVersion": self._revision, "capabilities": {}, "clientInfo": client}
        said = await self.ask("initialize", hello)
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await self._http.post("/mcp", json=ready)).status_code == 202
        return said


def _answer(reply: httpx.Response) -> dict[str, Any]:
    if reply.headers["content-type"].startswith("application/json"):
        return reply.json()
    [data] = [line for line in reply.text.splitlines() if line.startswith("data: {")]
    return json.loads(data.removeprefix("data: "))


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """The protocol's schemas by revision."""
    return json.loads(gzip.decompress(SCHEMAS.read_bytes()))["schemas"]


def faults(schema: dict[str, Any], kind: str, found: Any) -> list[str]:
    """Return what *found* has that a *kind* may not have."""
    within = "$defs" if "$defs" in schema else "definitions"
    whole = {**schema, "$ref": f"#/{within}/{kind}"}
    return [
        f"{kind}: {e.json_path}: {e.message}"
        for e in Draft202012Validator(whole).iter_errors(found)
    ]


@pytest.fixture(params=[*HANDSHAKE_ERA, NEWEST])
def revision(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def line(server: Running, revision: str) -> AsyncIterator[Line]:
    async with httpx.AsyncClient(base_url=server.mcp, timeout=30) as http:
        yield Line(http, revision)


@needs_schemas
async def test_every_answer_is_as_its_revision_of_the_protocol_has_it(
    line: Line, schemas: dict[str, Any], revision: str
) -> None:
    schema, first = schemas[revision], "InitializeResult"
    said = await line.begin()
    found = faults(schema, "DiscoverResult" if revision == NEWEST else first, said["result"])
    for method, params, kind in QUESTIONS:
        answer = await line.ask(method, params)
        found += faults(schema, "JSONRPCResponse", answer)
        found += faults(schema, kind, answer["result"])

    assert found == []


@needs_schemas
async def test_what_cannot_be_read_is_an_error_of_the_protocol(
    line: Line, schemas: dict[str, Any], revision: str
) -> None:
    kind = "JSONRPCErrorResponse" if "$defs" in schemas[revision] else "JSONRPCError"
    await line.begin()

    answers = [
        await line.ask("resources/read", {"uri": "trading://none"}),
        await line.ask("prompts/get", {"name": "none"}),
        await line.ask("none/such", {}),
    ]

    assert [fault for answer in answers for fault in faults(schemas[revision], kind, answer)] == []
    assert [answer["error"]["code"] for answer in answers] == [-32602, -32602, -32601]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_finds_its_way_over_http(server: Running, mode: str) -> None:
    async with Client(f"{server.mcp}/mcp", mode=mode) as client:
        await look_around(client, mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_finds_its_way_over_stdio(mode: str) -> None:
    program = StdioServerParameters(
        command=sys.executable, args=[str(PROGRAM)], env=dict(os.environ)
    )
    async with Client(stdio_client(program), mode=mode) as client:
        await look_around(client, mode)


async def look_around(client: Client, mode: str) -> None:
    assert (client.protocol_version == NEWEST) is (mode == "auto")
    assert "bot_status" in (client.instructions or "")
    assert "get_ticker" in [tool.name for tool in (await client.list_tools()).tools]
    answer = await client.call_tool("get_ticker", {"pair": "BTC-USDT"})
    assert answer.structured_content is not None
    assert answer.structured_content["last"] == 1.5
    refused = await client.call_tool("get_ticker", {})
    assert refused.is_error
    read = await client.read_resource("trading://status")
    assert json.loads(read.contents[0].text)["running"]
    prompt = await client.get_prompt("morning_brief")
    assert "bot_status" in prompt.messages[0].content.text
