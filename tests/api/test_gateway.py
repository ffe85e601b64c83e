"""The gateway: who may come in, where paths lead, what every answer carries."""

import json

import httpx
import pytest
import websockets
from api_fakes import Fakes
from api_running import BASE, Running, Serve, in_process

from trading_mcp.api import docs
from trading_mcp.api.doors import Doors
from trading_mcp.api.settings import ServerSettings

SCALPING = "/api/v1/scalping"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
MCP_ACCEPTS = {"accept": "application/json, text/event-stream"}
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost.evil.example:{port}",
    "127.0.0.1:{port}.evil.example",
    "127.0.0.1:{port}@evil",
    "",
]
FOREIGN_ORIGINS = [
    "http://evil.example",
    "null",
    "http://localhost:3000",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1",
    "file://",
]
STRANGERS = [
    *(("host", host, 421) for host in FOREIGN_HOSTS),
    *(("origin", origin, 403) for origin in FOREIGN_ORIGINS),
]


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(("header", "value", "status"), STRANGERS)
async def test_strangers_stay_outside(
    server: Running, fakes: Fakes, header: str, value: str, status: int
) -> None:
    headers = {header: value.format(port=httpx.URL(server.rest).port)}
    before = len(fakes.calls)
    async with httpx.AsyncClient(base_url=server.rest) as client:
        rest = await client.get(f"{SCALPING}/status", headers=headers)
        posted = await client.post(f"{SCALPING}/start", headers=headers)
        mcp = await client.post("/mcp", json=INITIALIZE, headers=MCP_ACCEPTS | headers)
        root = await client.post("/", json=INITIALIZE, headers=MCP_ACCEPTS | headers)

    assert [told(answer) for answer in (rest, posted, mcp, root)] == [
        (status, "INVALID_REQUEST")
    ] * 4
    assert len(fakes.calls) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403)],
)
async def test_strangers_open_no_websocket(
    server: Running, headers: dict[str, str], status: int
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(server.ws, additional_headers=headers, proxy=None):
            pass

    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body or b"")["code"] == "INVALID_REQUEST"


async def test_neighbours_come_in(server: Running) -> None:
    port = httpx.URL(server.rest).port
    async with httpx.AsyncClient(base_url=server.rest) as client:
        for host in (
            f"127.0.0.1:{port}",
            f"localhost:{port}",
            f"[::1]:{port}",
            f"LocalHost:{port}",
        ):
            headers = {"host": host, "origin": f"http://{host}"}
            answer = await client.get(f"{SCALPING}/status", headers=headers)
            assert answer.status_code == 200, host


async def test_listed_hosts_and_origins_come_in_and_may_read(fakes: Fakes) -> None:
    page = "https://app.example"
    settings = {"allowed_hosts": ("trade.example",), "allowed_origins": (page,)}
    async with in_process(fakes, **settings) as client:
        headers = {"host": "trade.example:9090", "origin": page}
        answer = await client.get(f"{SCALPING}/status", headers=headers)
        asked_before = await client.options(
            f"/api/scalping{SCALPING}/start",
            headers={
                "origin": page,
                "access-control-request-method": "POST",
                "access-control-request-headers": "idempotency-key",
            },
        )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == page
    assert asked_before.status_code == 200
    assert asked_before.headers["access-control-allow-origin"] == page


async def test_listed_hosts_and_origins_speak_mcp(running: Serve) -> None:
    page = "https://app.example"
    settings = {"allowed_hosts": ("trade.example",), "allowed_origins": (page,)}
    headers = MCP_ACCEPTS | {"host": "trade.example", "origin": page}
    async with running(**settings) as server, httpx.AsyncClient() as client:
        answer = await client.post(f"{server.mcp}/mcp", json=INITIALIZE, headers=headers)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == page


@pytest.mark.parametrize(
    ("settings", "host", "is_ours"),
    [
        ({"allowed_hosts": ("a.example:8443",)}, "a.example:8443", True),
        ({"allowed_hosts": ("a.example:8443",)}, "a.example", False),
        ({"allowed_hosts": ("a.example",)}, "a.example", True),
        ({"allowed_hosts": ("a.example",)}, "a.example:9090", True),
        ({"allowed_hosts": ("a.example",)}, "a.example:9091", False),
        ({"host": "192.0.2.7"}, "192.0.2.7:9090", True),
        ({"host": "2001:db8::7"}, "[2001:db8::7]:9090", True),
        ({"host": "0.0.0.0"}, "0.0.0.0:9090", False),
    ],
)
def test_names_of_ours(settings: dict[str, object], host: str, is_ours: bool) -> None:
    doors = Doors(ServerSettings(**settings))  # type: ignore[arg-type]  # as a config file would
    scope = {"scheme": "http", "server": ("", 9090), "headers": [(b"host", host.encode())]}

    assert (doors.objection(scope) is None) is is_ours


async def test_the_gateways_prefix_leads_to_rest(client: httpx.AsyncClient) -> None:
    through = await client.get(f"/api/scalping{SCALPING}/health")
    direct = await client.get(f"{SCALPING}/health")

    assert through.json() == direct.json()


async def test_a_head_is_a_get_without_its_body(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.gateway) as client:
        asked, told = [await ask("/health") for ask in (client.get, client.head)]
        unknown = await client.head("/no/such/path")

    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["content-length"] == asked.headers["content-length"]
    assert unknown.status_code == 404


@pytest.mark.parametrize("path", ["/", "/mcp", "/mcp/", "/api/mcp", "/api/mcp/"])
async def test_mcp_is_spoken_at_all_its_addresses(server: Running, path: str) -> None:
    async with httpx.AsyncClient() as client:
        for listener in server.urls.values():
            answer = await client.post(listener + path, json=INITIALIZE, headers=MCP_ACCEPTS)
            assert answer.status_code == 200
            assert '"serverInfo"' in answer.text


async def test_a_browser_at_the_front_door_is_led_to_the_documentation(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/", headers={"accept": "text/html,application/xhtml+xml"})

    assert (answer.status_code, answer.headers["location"]) == (302, "/docs")


async def test_others_at_the_front_door_are_told_what_there_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert answer.json()["data"]["name"] == "trading-mcp"


async def test_the_mcp_listener_lists_its_tools(server: Running) -> None:
    async with httpx.AsyncClient() as client:
        listed = await client.get(f"{server.mcp}/tools")
        through = await client.get(f"{server.gateway}/api/mcp/tools")
        elsewhere = await client.get(f"{server.rest}/tools")

    assert listed.json() == through.json()
    assert listed.json()["count"] == len(listed.json()["data"]) > 0
    keys = "name description inputSchema outputSchema annotations toolset scope"
    assert listed.json()["data"][0].keys() == set(keys.split())
    assert elsewhere.status_code == 404


async def test_the_server_says_how_it_is(client: httpx.AsyncClient, fakes: Fakes) -> None:
    well = await client.get("/health")
    fakes.answers["get_health"] = RuntimeError("no engine")
    ill = await client.get("/health")

    assert (well.status_code, ill.status_code) == (200, 503)
    assert well.json()["service"] == "trading-mcp"
    assert well.json()["version"] == "1.2.3"
    assert well.json()["uptime"] == "2h30m15s"
    assert ill.json()["status"] == "unhealthy"
    assert "no engine" not in ill.text


async def test_the_server_says_where_it_is(server: Running) -> None:
    async with httpx.AsyncClient() as client:
        info = (await client.get(f"{server.gateway}/api/gateway/info")).json()["data"]

    assert info["listeners"] == server.urls
    assert info["exchanges"] == {"sim": "simulated"}


async def test_a_listener_that_is_off_is_not_there(running: Serve) -> None:
    async with running(mcp_port="off") as server:
        assert server.urls.keys() == {"gateway", "rest"}


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("x" * 65, False), ("a b", False), ("", False)]
)
async def test_every_answer_has_a_number(client: httpx.AsyncClient, given: str, kept: bool) -> None:
    answer = await client.get("/nope", headers={"X-Request-ID": given})

    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.headers["x-request-id"]


async def test_the_documentation_needs_nothing_from_outside(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")

    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "https://" not in page.text
    assert f"curl -X POST {BASE}{SCALPING}/pairs/add" in page.text
    assert "integer ≥ 1 ≤ 1000; 100 if left out" in page.text
    assert "; 1m, 3m, 5m, 15m if left out" in page.text


async def test_the_documentation_is_made_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask for it as often as they like."""
    paths = ("/docs", "/docs/openapi.json")
    first = [(await client.get(path)).content for path in paths]
    monkeypatch.setattr(docs, "corrected", lambda *_: pytest.fail("made again"))

    assert [(await client.get(path)).content for path in paths] == first


async def test_the_openapi_document_says_what_is_checked(client: httpx.AsyncClient) -> None:
    document = (await client.get("/docs/openapi.json")).json()

    start = document["paths"][f"{SCALPING}/start"]["post"]
    assert start["requestBody"]["required"] is False
    assert "Idempotency-Key" in [parameter["name"] for parameter in start["parameters"]]
    refusal = start["responses"]["403"]["content"]["application/json"]["schema"]
    assert refusal == {"$ref": "#/components/schemas/Refusal"}
    history = document["paths"][f"{SCALPING}/positions/history"]["get"]["parameters"]
    assert [parameter["name"] for parameter in history] == ["limit", "from", "to"]
    assert history[0]["schema"]["maximum"] == 1000
    stops = document["components"]["schemas"]["Stops"]["properties"]["stop_loss"]
    assert stops["anyOf"][0]["minimum"] == 1e-12
    assert references(document) <= document["components"]["schemas"].keys()


def references(part: object) -> set[str]:
    """Return the names of all schemas that *part* refers to."""
    if isinstance(part, list):
        return set().union(*map(references, part))
    if not isinstance(part, dict):
        return set()
    found = {part["$ref"].rpartition("/")[2]} if "$ref" in part else set()
    return found.union(*map(references, part.values()))
