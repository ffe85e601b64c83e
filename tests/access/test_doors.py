"""Host and Origin are checked whoever asks, on every path and for every protocol."""

import httpx
import pytest
import websockets
from access_members import Members
from api_fakes import Fakes
from api_running import Running

PATHS = ("/api/v1/scalping/status", "/mcp", "/", "/metrics", "/docs", "/health", "/api/mcp/tools")


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [("host", "evil.example", 421), ("origin", "http://evil.example", 403)],
)
async def test_a_key_does_not_open_the_door_to_a_foreign_page(
    server: Running, members: Members, fakes: Fakes, header: str, value: str, status: int
) -> None:
    fakes.calls.clear()
    strange = {header: value, "X-API-Key": members.key("admin")}
    preflight = strange | {"access-control-request-method": "POST"}
    async with httpx.AsyncClient(base_url=server.gateway) as client:
        for path in PATHS:
            for method in ("GET", "POST", "DELETE"):
                answer = await client.request(method, path, headers=strange)
                assert (answer.status_code, answer.json()["code"]) == (status, "INVALID_REQUEST")
                assert "access-control-allow-origin" not in answer.headers
            assert (await client.options(path, headers=preflight)).status_code == status
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(server.ws, additional_headers=strange, proxy=None):
            pass

    assert refused.value.response.status_code == status
    assert fakes.calls == []
