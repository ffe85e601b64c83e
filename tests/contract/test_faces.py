"""Every operation is on both faces, or says why not."""

from contract_server import Serving

OUR_OWN = {"server_health", "server_info", "list_mcp_tools", "login", "logout"}
"""Routes about the server or the caller, not about trading."""


def test_every_operation_has_a_route_or_says_why_not(server: Serving) -> None:
    document = server.http.get("/docs/openapi.json").json()
    routed = {o["operationId"] for path in document["paths"].values() for o in path.values()}
    operations = server.engine.operations

    without = {name for name, operation in operations.items() if operation.mcp_only}
    assert operations.keys() - routed == without
    assert routed - operations.keys() == OUR_OWN


def test_every_operation_is_a_tool_or_says_why_not(server: Serving) -> None:
    operations = server.engine.operations

    without = {name for name, operation in operations.items() if operation.rest_only}
    assert operations.keys() - server.tools.keys() == without


def test_what_is_said_is_a_reason(server: Serving) -> None:
    for operation in server.engine.operations.values():
        assert not (operation.rest_only and operation.mcp_only), operation.name
        assert len(operation.rest_only or operation.mcp_only or "both faces") > 8, operation.name
